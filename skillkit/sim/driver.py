"""The driver of one simulated arm, as ros2_control behaves: it follows set points, never stops by itself and holds the last one."""

from __future__ import annotations

from math import copysign

import numpy as np
from numpy.typing import ArrayLike

from skillkit.embodiment import Embodiment
from skillkit.exceptions import InvalidValue
from skillkit.pose import Array
from skillkit.protocols import Snapshot

FINGER_GAIN = 8000.0  # [N/m] of a finger's position loop, until its force limit


class Driver:
    """Set points → reference of every physics step.

    Between set points (q₀, v₀) and (q₁, v₁), one control period T apart, the reference is the cubic Hermite curve

        q(s) = h₀₀ q₀ + h₁₀ T v₀ + h₀₁ q₁ + h₁₁ T v₁,   s = t / T

    and stays at q₁ with velocity 0 from then on. The gripper's gap follows its command at a limited speed.
    """

    def __init__(self, embodiment: Embodiment) -> None:
        self.embodiment = embodiment
        self.period = 1.0 / embodiment.control_rate
        self.start = self.goal = embodiment.home.copy()
        self.start_velocity = self.goal_velocity = np.zeros(embodiment.n)
        self.elapsed = self.period
        self.fresh = False  # a direct set point that no physics step has seen yet
        self.position = embodiment.home.copy()
        self.velocity = np.zeros(embodiment.n)
        self.closure = 0.0
        self.finger = embodiment.gripper.open if embodiment.gripper else 0.0

    def command(self, position: ArrayLike, velocity: ArrayLike, closure: float) -> None:
        """Be at ``position`` (n,) with ``velocity`` (n,) one control period from now."""
        goal, goal_velocity = self._checked("position", position), self._checked("velocity", velocity)
        self.grip(closure)
        self.start, self.start_velocity, self.goal, self.goal_velocity = self.position, self.velocity, goal, goal_velocity
        self.elapsed = 0.0

    def set_point(self, position: ArrayLike, velocity: ArrayLike) -> None:
        """Be at ``position`` (n,) with ``velocity`` (n,) from the next physics step on."""
        self.position, self.velocity = self._checked("position", position), self._checked("velocity", velocity)
        self.goal, self.elapsed, self.fresh = self.position, self.period, True

    def grip(self, closure: float) -> None:
        """Close the gripper to ``closure``, 0 open … 1 closed."""
        if not 0.0 <= closure <= 1.0:
            raise InvalidValue("closure", closure, "0 (open) to 1 (closed)")
        self.closure = float(closure)

    def step(self, duration: float) -> None:
        """Move the reference ``duration`` [s] onward."""
        if self.fresh:
            self.fresh = False
        elif self.elapsed >= self.period:
            self.position, self.velocity = self.goal, np.zeros(self.embodiment.n)
        else:
            self.elapsed += duration
            s = self.elapsed / self.period
            if s < 1.0 - 1e-9:
                self.position, self.velocity = _hermite(self.start, self.start_velocity, self.goal, self.goal_velocity, self.period, s)
            else:
                self.elapsed, self.position, self.velocity = self.period, self.goal, self.goal_velocity

    def step_finger(self, measured: float, duration: float) -> float:
        """Reference of the first finger joint; it leads the measured position no further than the force limit needs."""
        gripper = self.embodiment.gripper
        if gripper is None:
            return 0.0
        per_gap = (gripper.open - gripper.closed) / gripper.width
        largest = abs(gripper.speed * per_gap) * duration
        lead = 1.2 * gripper.force / FINGER_GAIN
        wanted = gripper.joint_position(self.closure)
        self.finger = min(measured + lead, max(measured - lead, self.finger))
        change = wanted - self.finger
        self.finger = wanted if abs(change) <= largest else self.finger + copysign(largest, change)
        return self.finger

    def _checked(self, name: str, values: ArrayLike) -> Array:
        array = np.array(values, dtype=np.float64)
        n = self.embodiment.n
        if array.shape != (n,) or not np.isfinite(array).all():
            raise InvalidValue(f"{name} for {self.embodiment.name}", values, f"{n} finite numbers, one per joint")
        return array

    def snapshot(self) -> Snapshot:
        """The whole state as plain JSON values."""
        vectors = {name: getattr(self, name).tolist() for name in self._VECTORS}
        return {**vectors, "elapsed": self.elapsed, "fresh": self.fresh, "closure": self.closure, "finger": self.finger}

    def restore(self, snapshot: Snapshot) -> None:
        """Continue from a snapshot bit for bit."""
        for name in self._VECTORS:
            setattr(self, name, np.array(snapshot[name], dtype=np.float64))
        self.elapsed, self.fresh, self.closure, self.finger = (snapshot[name] for name in ("elapsed", "fresh", "closure", "finger"))

    _VECTORS = ("start", "start_velocity", "goal", "goal_velocity", "position", "velocity")


def _hermite(q0: Array, v0: Array, q1: Array, v1: Array, period: float, s: float) -> tuple[Array, Array]:
    """Position and velocity of the cubic at s in [0, 1]."""
    s2, s3 = s * s, s * s * s
    position = (2 * s3 - 3 * s2 + 1) * q0 + (s3 - 2 * s2 + s) * period * v0 + (3 * s2 - 2 * s3) * q1 + (s3 - s2) * period * v1
    velocity = (6 * s2 - 6 * s) / period * (q0 - q1) + (3 * s2 - 4 * s + 1) * v0 + (3 * s2 - 2 * s) * v1
    return position, velocity
