"""The way from one side of an arm to another: round its base, close to the body, not straight across what stands about it.

Both ends are looked at in polar coordinates about the base's vertical axis, angles in (−π, π) from the base's forward direction, so the
way never leads behind the arm. While the two are apart by more than a little, the goal to steer to is a point ahead on a circle.
"""

from __future__ import annotations

from math import copysign, cos, hypot, pi, sin

import numpy as np

from skillkit.policies.grips import level
from skillkit.pose import Pose, frozen, rotation_from_vector

AHEAD = 0.6  # [rad] the point steered to is this far ahead on the circle


def around(base: Pose, here: Pose, goal: Pose, aside: float, radius: float) -> Pose:
    """Where to steer now to get from ``here`` to ``goal``, all to world, keeping within ``radius`` [m] of the base's axis on the way.

    Once the two are no further apart than ``aside`` [rad] about the axis, straight.
    """
    if aside >= 2.0 * pi:
        return goal
    frame = level(base)
    inside = frame.inverse()
    start, end = inside.apply(here.position), inside.apply(goal.position)
    begun = float(np.arctan2(start[1], start[0]))
    turn = float(np.arctan2(end[1], end[0])) - begun
    if abs(turn) <= aside:
        return goal
    ahead = begun + copysign(min(abs(turn), AHEAD), turn)
    part = min(1.0, AHEAD / abs(turn))
    close = min(radius, hypot(float(end[0]), float(end[1])))
    height = float(start[2]) + part * float(end[2] - start[2])
    rotation = rotation_from_vector(part * here.rotation_to(goal)) @ here.rotation
    return Pose(frozen(frame.apply([close * cos(ahead), close * sin(ahead), height])), frozen(rotation))
