"""Declared, described node parameters, and the cells they name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from rcl_interfaces.msg import ParameterDescriptor
from rclpy.node import Node

from skillkit.cell import Cell
from skillkit.exceptions import InvalidValue
from skillkit.pose import Pose


def declare(node: Node, described: Mapping[str, tuple[Any, str]]) -> dict[str, Any]:
    """Declare parameters by name → (default, what it is); their values as given at start."""
    return {name: node.declare_parameter(name, default, ParameterDescriptor(description=text)).value for name, (default, text) in described.items()}


def load_cell(robot: str, cell: str, shift: str = "") -> Cell:
    """The cell that parameters name.

    Args:
        shift: x, y [m] and yaw [rad] by which the whole cell stands elsewhere in the world; empty for none.

    Raises:
        InvalidValue: neither or both are given. UnknownName, InvalidFile: what they name is not there or wrong.
    """
    if bool(robot) == bool(cell):
        raise InvalidValue("robot and cell", (robot, cell), "one of the two, for example robot:=panda")
    found = Cell.load(cell) if cell else Cell.of_robot(robot)
    if not shift:
        return found
    try:
        x, y, yaw = (float(part) for part in shift.split(","))
    except ValueError:
        raise InvalidValue("shift", shift, "x,y,yaw [m, m, rad], for example 0.3,-0.2,0.5") from None
    moved = Pose.from_vector((x, y, 0.0), (0.0, 0.0, yaw))
    return replace(found, arms=tuple(replace(arm, base=moved @ arm.base) for arm in found.arms))


def words(text: str) -> list[str]:
    """A list whose entries are separated by commas."""
    return [word.strip() for word in text.split(",") if word.strip()]


def pairs(text: str) -> dict[str, str]:
    """``a=x;b=y`` → mapping.

    Raises:
        InvalidValue: an entry without ``=``.
    """
    found = {}
    for entry in (part.strip() for part in text.split(";")):
        name, separator, value = entry.partition("=")
        if entry and not separator:
            raise InvalidValue("name=value", entry, "a=x;b=y")
        if entry:
            found[name.strip()] = value.strip()
    return found
