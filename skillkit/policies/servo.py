"""A Cartesian servo: from where the tool is to where it should be, one delta per policy step.

Translation and rotation share one path parameter, so both arrive together. Along it the speed obeys the stopping distance in
discrete time. With deceleration a, step T and x = d/(a·T²), the arm stops within d in n = ⌈√(1/4 + 2x) − 1/2⌉ steps, each slower than the
one before by a·T; they add up to d exactly for the first speed v = a·T·(x/n + (n − 1)/2), which tends to √(2·a·d) for small T. Everything is
relative to the two poses, so moving and turning both turns the delta along.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, sqrt

import numpy as np

from skillkit.pose import Array, Pose, norm
from skillkit.protocols import Snapshot
from skillkit.spaces import CartesianDelta

NOWHERE = (0.0, 0.0, 0.0)


@dataclass(frozen=True)
class Pace:
    """How fast a tool may go.

    Attributes:
        speed: [m/s]; turn: [rad/s].
        acceleration: [m/s²]; turn_acceleration: [rad/s²]; also the decelerations.
    """

    speed: float = 0.4
    turn: float = 1.6
    acceleration: float = 1.2
    turn_acceleration: float = 5.0


class Servo:
    """Deltas in frame ``world`` that bring the commanded tool pose to a goal; its only state is the last twist.

    Args:
        period: length of a policy step [s].
    """

    def __init__(self, period: float) -> None:
        self.period = period
        self.twist: Array = np.zeros(6)  # (6,) last velocity sent [m/s, rad/s], world axes

    def step(
        self, target: Pose, goal: Pose, pace: Pace, closure: float | None = None, force_limit: float | None = None, free: tuple[str, ...] = ()
    ) -> CartesianDelta:
        """One policy step from the commanded pose ``target`` (``ArmState.target``) towards ``goal``, both tool to world; the rest as in the delta."""
        error = np.empty(6)
        error[:3], error[3:] = goal.position - target.position, target.rotation_to(goal)
        desired = error * (self._rate(error, pace) / self.period)
        self.twist = self._accelerate(desired, pace)
        x, y, z, rx, ry, rz = (self.twist * self.period).tolist()
        return CartesianDelta((x, y, z), (rx, ry, rz), "world", closure, force_limit=force_limit, free=free)

    def _rate(self, error: Array, pace: Pace) -> float:
        """The part of the remaining way that this step covers, 0 … 1."""
        seconds = max(norm(error[:3]) / pace.speed, norm(error[3:]) / pace.turn)  # what is left, at full speed
        if seconds <= 1e-9:
            return 1.0
        braking = min(pace.acceleration / pace.speed, pace.turn_acceleration / pace.turn) * self.period
        way = seconds / (braking * self.period)
        steps = max(1, ceil(sqrt(0.25 + 2.0 * way) - 0.5))
        fastest = braking * (way / steps + 0.5 * (steps - 1))
        return min(1.0, min(1.0, fastest) * self.period / seconds)

    def _accelerate(self, desired: Array, pace: Pace) -> Array:
        change = desired - self.twist
        largest = max(norm(change[:3]) / pace.acceleration, norm(change[3:]) / pace.turn_acceleration) / self.period
        return desired if largest <= 1.0 else self.twist + change / largest

    def snapshot(self) -> Snapshot:
        """The last twist."""
        return {"twist": self.twist.tolist()}

    def restore(self, snapshot: Snapshot) -> None:
        """The inverse of :meth:`snapshot`."""
        self.twist = np.array(snapshot["twist"], dtype=np.float64)


def reached(tool: Pose, goal: Pose, near: float, near_turn: float) -> bool:
    """Within ``near`` [m] and ``near_turn`` [rad] of the goal."""
    return norm(goal.position - tool.position) <= near and norm(tool.rotation_to(goal)) <= near_turn
