"""Primitive shapes added to a MuJoCo body, sizes as full extents."""

from __future__ import annotations

from collections.abc import Sequence
from math import cos, pi, sin
from typing import Any

import mujoco

from skillkit.pose import Pose

WOOD = (0.72, 0.56, 0.40, 1.0)
DARK = (0.22, 0.23, 0.26, 1.0)
STEEL = (0.70, 0.72, 0.75, 1.0)
WHITE = (0.95, 0.94, 0.90, 1.0)
RED = (0.80, 0.15, 0.12, 1.0)
GREY = (0.55, 0.57, 0.60, 1.0)


def mujoco_quaternion(pose: Pose) -> list[float]:
    """(w, x, y, z) as MuJoCo orders it."""
    x, y, z, w = pose.quaternion.tolist()
    return [w, x, y, z]


def add_body(parent: Any, name: str, pose: Pose) -> Any:
    """A body at ``transform_body_to_parent``."""
    return parent.add_body(name=name, pos=pose.position.tolist(), quat=mujoco_quaternion(pose))


def add_box(body: Any, low: Sequence[float], high: Sequence[float], colour: Sequence[float], **words: Any) -> Any:
    """An axis-aligned box between two corners [m]."""
    centre = [0.5 * (a + b) for a, b in zip(low, high, strict=True)]
    half = [0.5 * (b - a) for a, b in zip(low, high, strict=True)]
    return body.add_geom(type=mujoco.mjtGeom.mjGEOM_BOX, pos=centre, size=half, rgba=list(colour), **words)


def add_cylinder(body: Any, start: Sequence[float], end: Sequence[float], radius: float, colour: Sequence[float], **words: Any) -> Any:
    """A cylinder between two points [m]."""
    return body.add_geom(type=mujoco.mjtGeom.mjGEOM_CYLINDER, fromto=[*start, *end], size=[radius, 0.0, 0.0], rgba=list(colour), **words)


def add_open_cup(body: Any, radius: float, height: float, wall: float, mass: float, colour: Sequence[float], sides: int = 12) -> None:
    """An open-top cup about the body's origin, its wall a ring of boxes; ``radius`` is to the middle of the facets' outside [m].

    The wall ends a little above the bottom, so that the cup stands on one cylinder only.
    """
    floor = add_cylinder(body, (0.0, 0.0, -0.5 * height), (0.0, 0.0, -0.5 * height + wall), radius - 0.5 * wall, colour)
    floor.mass = 0.3 * mass
    half_width = radius * sin(pi / sides) / cos(pi / sides)
    for side in range(sides):
        angle = 2.0 * pi * side / sides
        reach = radius - 0.5 * wall
        geom = body.add_geom(
            type=mujoco.mjtGeom.mjGEOM_BOX,
            size=[0.5 * wall, half_width, 0.5 * height - 0.001],
            pos=[reach * cos(angle), reach * sin(angle), 0.001],
            quat=[cos(0.5 * angle), 0.0, 0.0, sin(0.5 * angle)],
            rgba=list(colour),
        )
        geom.mass = 0.7 * mass / sides
