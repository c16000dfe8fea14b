"""The cell as its robots describe themselves: waits for every ``robot_description``, compares it with the model, and uses it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

from rclpy.node import Node
from std_msgs.msg import String

from skillkit.cell import Cell, CellArm
from skillkit.embodiment import Embodiment
from skillkit.exceptions import SkillkitError
from skillkit.kinematics.calibration import ToolDifference, tool_difference
from skillkit.robot_description import robot_as_described, slowed, write_model
from skillkit.ros.arm_record import allowed_speed, state_folder
from skillkit.ros.names import LATCHED, ArmTopics

REFUSED = 0.05  # [m] at the tool: no calibration differs by this much, the model or the tool's pose in the cell is wrong

Found = Callable[[Cell, Mapping[str, ToolDifference]], None]


class WrongRobot(SkillkitError):
    """A robot that describes itself as another one than the cell says.

    Attributes:
        arm: its name in the cell; difference: between model and description.
    """

    def __init__(self, arm: CellArm, difference: ToolDifference) -> None:
        self.arm, self.difference = arm.name, difference
        super().__init__(
            f"the arm '{arm.name}' is not the '{arm.embodiment.name}' of the cell, or its 'tool' there is wrong: "
            f"the model differs from the robot's own description by {difference}"
        )


class SelfDescriptions:
    """Listens until every arm of a cell has described itself, then hands over the cell and how far its models were off.

    Args:
        speed: share of the velocity limits that is asked for; an arm's first run here is slower.
        failed: told when what an arm says of itself cannot be used.
    """

    def __init__(self, node: Node, cell: Cell, speed: float, found: Found, failed: Callable[[str], None]) -> None:
        self._cell, self._speed, self._found, self._failed = cell, speed, found, failed
        self._arms: dict[str, CellArm] = {}
        self._differences: dict[str, ToolDifference] = {}
        topics = ArmTopics.in_cell(cell)
        self._subscriptions = [node.create_subscription(String, topics[arm.name].robot_description, partial(self._take, arm), LATCHED) for arm in cell.arms]

    @property
    def missing(self) -> list[str]:
        """Arms that have not described themselves yet."""
        return [arm.name for arm in self._cell.arms if arm.name not in self._arms]

    def _take(self, arm: CellArm, message: String) -> None:
        if arm.name in self._arms:
            return
        try:
            model, self._differences[arm.name] = described_model(arm, message.data)
        except SkillkitError as error:
            self._failed(f"{arm.name}: {error}")
            return
        model = write_model(slowed(model, allowed_speed(arm.hardware, self._speed)), model.urdf.parent)
        self._arms[arm.name] = replace(arm, embodiment=model)
        if not self.missing:
            self._found(replace(self._cell, arms=tuple(self._arms[arm.name] for arm in self._cell.arms)), self._differences)


def described_model(arm: CellArm, description: str) -> tuple[Embodiment, ToolDifference]:
    """The model of an arm by its own description, and how far that is from the cell's.

    Raises:
        WrongRobot: by more than 5 cm. InvalidFile, UnknownName, InvalidValue: the description cannot be used.
    """
    name = f"{arm.embodiment.name}_{''.join(c if c.isalnum() else '_' for c in arm.hardware.serial) or arm.name}"
    model = robot_as_described(arm.embodiment, description, arm.hardware, name, state_folder() / "robots")
    difference = tool_difference(arm.embodiment, model)
    if difference.distance > REFUSED:
        raise WrongRobot(arm, difference)
    return model, difference
