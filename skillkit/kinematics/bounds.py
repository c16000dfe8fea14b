"""What one joint may do in the next tick of the controller.

With displacement per tick ``s``, per-tick limits ``V = v_max·dt`` and ``A = a_max·dt²`` and the distance ``d`` to a position limit, the
next displacement ``s′`` obeys ``|s′| ≤ V``, ``|s′ − s| ≤ A`` and stops in time: ``s′ + s′²/(2A) ≤ d``. The safety gate checks the
same physics on its own account; the controller stays a hair inside so that rounding never makes the gate touch its commands.
"""

from __future__ import annotations

import numpy as np

from skillkit.embodiment import Embodiment
from skillkit.pose import Array, frozen

MARGIN = 1e-6  # share of the velocity and acceleration limits that the controller leaves unused
AT_BOUND = 1e-9  # share of a limit within which a value counts as being at it, and of the range left free at either position limit


class JointBounds:
    """Per-tick limits of every joint of an arm, at one control period."""

    def __init__(self, arm: Embodiment, period: float) -> None:
        """``period`` of the controller [s]."""
        self.joints = arm.joints
        edge = AT_BOUND * (arm.upper - arm.lower)
        self.lower, self.upper = frozen(arm.lower + edge), frozen(arm.upper - edge)
        self.step = frozen(arm.velocity * period * (1.0 - MARGIN))  # (n,) V
        self.change = frozen(arm.acceleration * period * period * (1.0 - MARGIN))  # (n,) A

    def interval(self, position: Array, step: Array) -> tuple[Array, Array]:
        """Lowest and highest next displacement (n,), from ``position`` (n,) and the last displacement ``step`` (n,).

        A joint outside its limits gets an interval that brings it back.
        """
        below, above = step - self.change, step + self.change
        up = np.maximum(stopping_step(self.upper - position, self.change), -self.step)
        down = np.minimum(-stopping_step(position - self.lower, self.change), self.step)
        high = np.minimum(np.minimum(above, self.step), np.maximum(up, below))
        low = np.maximum(np.maximum(below, -self.step), np.minimum(down, above))
        return low, high

    def brake(self, position: Array, step: Array) -> Array:
        """Next displacement (n,) on the way to rest: the joints stop together, or earlier where a position limit is near."""
        ratio = float(np.max(np.abs(step) / self.change))  # ticks until the slowest to stop is at rest
        if ratio <= 1.0:
            return np.zeros_like(step)
        low, high = self.interval(position, step)
        return np.minimum(np.maximum(step * (1.0 - 1.0 / ratio), low), high)

    def names(self, chosen: Array, step: Array, position: Array) -> tuple[str, ...]:
        """Which limits hold the displacement ``chosen`` (n,), for example ``"velocity:joint2"``."""
        low, high = self.interval(position, step)
        slack = AT_BOUND * self.change
        names = []
        for i in np.flatnonzero((chosen >= high - slack) | (chosen <= low + slack)):
            if abs(chosen[i]) >= self.step[i] - slack[i]:
                kind = "velocity"
            elif abs(chosen[i] - step[i]) >= self.change[i] - slack[i]:
                kind = "acceleration"
            else:
                kind = "position"
            names.append(f"{kind}:{self.joints[i]}")
        return tuple(names)


def stopping_step(distance: Array, change: Array) -> Array:
    """Largest displacement per tick that still stops within ``distance``, braking ``change`` per tick; odd in ``distance``."""
    away = np.abs(distance)
    return 2.0 * distance / (1.0 + np.sqrt(1.0 + 2.0 * away / change))
