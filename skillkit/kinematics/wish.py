"""What the task wishes of the joints in one tick, with no limit but those of velocity: the formulas of :mod:`skillkit.kinematics.control`.

Rows of the task are weighted by ``D``, which is left to the damping: ``A = D J`` and ``Aᵀ (A W⁻¹ Aᵀ + λ² 1)⁻¹ D = Jᵀ (J W⁻¹ Jᵀ + λ² D⁻²)⁻¹``. Motion, error,
posture and curvature are solved for together and put together joint by joint: on so few numbers a call of numpy costs more than plain floats do.
"""

from __future__ import annotations

from math import sqrt
from operator import mul
from typing import NamedTuple

import eigenpy
import numpy as np

from skillkit.braking import JointLimits
from skillkit.pose import Array, frozen

BRAKING_SHARE = 0.5  # of the acceleration limits that the stopping profile of the feedback counts on
DAMPING = 1e-8  # λ₀²
DAMPING_PER_ERROR = 10.0  # c [1/m²]
POSTURE_RATE = 3.0  # pull towards home [1/s]
POSTURE_WEAK = 0.3  # … and this share of that while the arm stands behind its target


class Priority(NamedTuple):
    """How the rows of the task weigh."""

    damping: Array  # (6,) D⁻²
    position: float  # what the square of an error of position counts in |r|² …
    rotation: float  # … and that of a rotation [m²/rad²]

    @classmethod
    def of(cls, weight: Array, first: str) -> Priority:
        """From the diagonal ``weight`` (6,) of D, and what alone counts as being behind, if anything does: ``"position"`` or ``"rotation"``."""
        at, turned = float(weight[0]) ** 2, float(weight[3]) ** 2
        return cls(frozen(1.0 / (weight * weight)), 0.0 if first == "rotation" else at, 0.0 if first == "position" else turned)


class Wish:
    """Damped least squares with feed-forward, feedback that can brake, and posture."""

    def __init__(self, limits: JointLimits, home: Array, ready: Array | None, rate: float, ticks: float, lead: float) -> None:
        """Steps come at ``rate`` [Hz]; the last of an error is closed by 1/``ticks`` per tick, and an arm is all behind at ``lead`` [m].

        ``ready`` (n,) weighs the joints.
        """
        self._home, self._ready, self._ticks, self._lead = home, ready, ticks, lead
        self._per_step, self._per_change = (1.0 / limits.step).tolist(), (1.0 / limits.change).tolist()
        self._gain = POSTURE_RATE / rate
        rows, products = np.empty((7, len(home))), np.empty((9, 6))  # room to work in: nothing stays here between two calls
        self._rows, self._carrying, self._pull = rows, rows[:6], rows[6]
        self._products, self._gram, self._diagonal, self._sides = products[:7], products[:6], products[:6].reshape(-1)[::7], products[6:].T
        self._motion, self._rest, self._solved = products[7], products[8], np.empty((3, len(home)))

    def displacement(self, jacobian: Array, bend: Array, position: Array, step: Array, error: Array, motion: Array, task: Priority, ease: float = 1.0) -> Array:
        """(n,) towards a target that is off by ``error`` (6,), of it by ``motion`` (6,) since the last tick.

        ``jacobian`` (6, n) holds at ``position`` (n,), which the last ``step`` (n,) reached; ``bend`` (6,) is what curvature adds to its product with the next.
        ``ease`` is the share of feedback and posture that is wanted.
        """
        if self._ready is None:
            self._carrying[:] = jacobian
        else:
            np.multiply(jacobian, self._ready, self._carrying)
        np.subtract(self._home, position, self._pull)
        np.subtract(motion, bend, self._motion)
        np.subtract(error, motion, self._rest)
        np.dot(self._rows, jacobian.T, self._products)
        x, y, z, a, b, c = self._rest.tolist()
        square = task.position * (x * x + y * y + z * z) + task.rotation * (a * a + b * b + c * c)
        self._diagonal += (DAMPING + DAMPING_PER_ERROR * square) * task.damping
        np.dot(eigenpy.LLT(self._gram).solve(self._sides).T, self._carrying, self._solved)
        pulled, moving, behind = self._solved.tolist()
        pull = self._pull.tolist()
        share, posture = ease * self.closing(behind), ease * self._posture(pull, step.tolist(), POSTURE_WEAK * min(1.0, sqrt(square) / self._lead))
        wanted = [moved + share * left + posture * (drawn - done) for moved, left, drawn, done in zip(moving, behind, pull, pulled, strict=True)]
        fastest = largest(wanted, self._per_step)
        return np.array([one / fastest for one in wanted] if fastest > 1.0 else wanted)

    def closing(self, gap: list[float], ticks: float | None = None, braking: float = BRAKING_SHARE) -> float:
        """Largest share of the joint gap (n,) that joints may close in one tick and still stop within it.

        They brake at the share ``braking`` of their limit and close 1/``ticks`` of what is left at the end, see :func:`skillkit.braking.stopping_step`.
        """
        ticks = self._ticks if ticks is None else ticks
        share = 2.0 / (ticks + sqrt(ticks * ticks + 2.0 / braking * largest(gap, self._per_change)))
        return share / max(1.0, share * largest(gap, self._per_step))

    def _posture(self, pull: list[float], step: list[float], behind: float) -> float:
        """Share of the way home to go in this tick, only while the arm moves or is ``behind`` (0 … 1): at rest it is at rest.

        It takes the joints to spare, and near a singularity the directions that the damping gives up: there it keeps elbows from folding the wrong way,
        but is too weak to stand in balance with the feedback, short of a target within reach.
        """
        activity = max(behind, largest(step, self._per_step))
        return self._gain / max(1.0, self._gain * largest(pull, self._per_step) / activity) if activity > 0.0 else 0.0


def largest(values: list[float], rates: list[float]) -> float:
    """The largest magnitude of a few numbers, each times its rate."""
    return max(map(abs, map(mul, values, rates)))
