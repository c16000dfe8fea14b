"""Frames that grips are made in: an object's front made level, and tool rotations that point along a direction.

World z is up. A parallel gripper turned half way round its approach direction grips the same, so of the two the nearer is taken.
"""

from __future__ import annotations

from math import cos, sin

import numpy as np

from skillkit.pose import Array, Pose, cross, frozen, norm, rotation_from_vector, sealed

UP: Array = frozen([0.0, 0.0, 1.0])
STEEP = 0.2  # sine of the angle to the vertical below which a direction has no level part to go by


def unit(vector: Array) -> Array:
    """The vector at length 1; a zero vector stays."""
    length = norm(vector)
    return vector / length if length > 0.0 else vector


def columns(x: Array, y: Array, z: Array) -> Array:
    """The rotation (3, 3) with these columns."""
    rotation = np.empty((3, 3))
    rotation[:, 0], rotation[:, 1], rotation[:, 2] = x, y, z
    return sealed(rotation)


def level(pose: Pose) -> Pose:
    """Same origin, z up, x along the level part of the pose's front; a front that points up or down lends its −z or z instead."""
    front = pose.rotation[:, 0]
    flat = front - UP * float(front @ UP)
    if norm(flat) < STEEP:
        down = pose.rotation[:, 2] * (-1.0 if float(front @ UP) > 0.0 else 1.0)
        flat = down - UP * float(down @ UP)
    x = unit(flat)
    return Pose(pose.position, columns(x, cross(UP, x), UP))


def into(front: Pose, pitch: float = 0.0) -> Array:
    """Unit vector (3,) that enters a :func:`level` frame against its front, ``pitch`` [rad] downwards."""
    return -cos(pitch) * front.rotation[:, 0] - sin(pitch) * UP


def pointing(approach: Array, like: Pose) -> Array:
    """Tool rotation (3, 3) whose z is ``approach`` and whose fingers open as level as can be; of two such, the nearer to ``like``.

    Where the approach is vertical, the fingers keep their heading.
    """
    z = unit(approach)
    sideways = cross(UP, z)
    if norm(sideways) < STEEP:
        sideways = like.rotation[:, 1] - z * float(like.rotation[:, 1] @ z)
    y = unit(sideways)
    if float(y @ like.rotation[:, 1]) < 0.0:
        y = -y
    return columns(cross(y, z), y, z)


def backed(pose: Pose, distance: float) -> Pose:
    """A tool pose moved back by ``distance`` [m] the way it came in: on the level, or along its approach where that is steep."""
    approach = pose.rotation[:, 2]
    flat = approach - UP * float(approach @ UP)
    way = unit(flat) if norm(flat) > 0.5 else approach
    return Pose(frozen(pose.position - distance * way), pose.rotation)


def turned(rotation: Array, angle: float) -> Array:
    """A rotation (3, 3) turned by ``angle`` [rad] about the vertical."""
    return frozen(rotation_from_vector(UP * angle) @ rotation)


def heading(a: Pose, b: Pose) -> float:
    """Angle [rad] about the vertical, in (−π, π], from the level front of ``a`` to that of ``b``."""
    x = level(a).rotation.T @ level(b).rotation[:, 0]
    return float(np.arctan2(x[1], x[0]))
