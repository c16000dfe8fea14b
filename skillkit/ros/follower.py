"""How a joint trajectory controller follows: cubic splines, a new message replaces the old, and it never stops by itself."""

from __future__ import annotations

from bisect import bisect_right

import numpy as np

from skillkit.pose import Array


class TrajectoryFollower:
    """The reference of one arm.

    As ros2_control's joint_trajectory_controller does: a new trajectory starts from the reference as it is (position and velocity), each
    segment is the cubic through its two positions and velocities, and after the last point its position is held for ever.
    """

    def __init__(self, position: Array) -> None:
        """Hold joint positions (n,) until told otherwise."""
        self._times = [0.0]
        self._positions = np.array([position], dtype=np.float64)  # (k, n)
        self._velocities = np.zeros_like(self._positions)

    def replace(self, now: float, times: list[float], positions: list[list[float]], velocities: list[list[float]]) -> None:
        """Follow a new trajectory from ``now`` [s] on; ``times`` [s] count from there, rising and above 0."""
        position, velocity = self.at(now)
        self._times = [now, *(now + time for time in times)]
        self._positions = np.vstack([position, positions])
        self._velocities = np.vstack([velocity, velocities])

    def at(self, time: float) -> tuple[Array, Array]:
        """Reference position and velocity (n,) at ``time`` [s]."""
        index = bisect_right(self._times, time)
        if index == 0:  # a moment before the newest trajectory was taken
            return self._positions[0] + (time - self._times[0]) * self._velocities[0], self._velocities[0]
        if index >= len(self._times):
            return self._positions[-1], np.zeros_like(self._positions[-1])
        start, end = self._times[index - 1], self._times[index]
        return _cubic((time - start), end - start, self._positions[index - 1], self._velocities[index - 1], self._positions[index], self._velocities[index])


def _cubic(t: float, span: float, p0: Array, v0: Array, p1: Array, v1: Array) -> tuple[Array, Array]:
    """Hermite cubic through (p0, v0) at 0 and (p1, v1) at ``span``: position and velocity at ``t``."""
    slope = (p1 - p0) / span
    c2 = (3.0 * slope - 2.0 * v0 - v1) / span
    c3 = (v0 + v1 - 2.0 * slope) / (span * span)
    return p0 + t * (v0 + t * (c2 + t * c3)), v0 + t * (2.0 * c2 + 3.0 * t * c3)
