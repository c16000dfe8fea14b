"""The Franka hand through its driver's actions: Grasp to close, Move to open, Homing when an operator asks for it.

Widths are metres of the whole gap. A Grasp succeeds when the fingers come to stand between ``width − inner`` and ``width + outer`` apart, also with
nothing between them; so what is held is judged by the measured width as well. Results carry no width: it is told by the driver's joint states, 15 to
30 times a second, or by the feedback of the goal. The driver starts a second goal beside a running one, so that one is cancelled first, which stops
the fingers.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from rclpy.action import ActionClient
from rclpy.node import Node
from sensor_msgs.msg import JointState

from skillkit.embodiment import Gripper
from skillkit.exceptions import SkillkitError
from skillkit.hardware import GripperHardware
from skillkit.ros.drivers.hand import MARGIN, Grip, held, opening_of

INNER = 0.005  # [m], the driver's own default
TOLD_WITHIN = 0.3  # [s] after its end, in which a goal's width is expected


@dataclass(frozen=True)
class FrankaGoal:
    """What is asked of the hand: the gap [m], its speed [m/s]; a grasp also has a force [N] and the tolerances of its success [m]."""

    action: str
    width: float
    speed: float
    force: float = 0.0
    inner: float = 0.0
    outer: float = 0.0


def franka_goal(gripper: Gripper, hardware: GripperHardware, closure: float, before: float) -> FrankaGoal:
    """A grasp where the fingers stand further apart than they should, a move where they do not.

    Args:
        closure: 0 open … 1 closed. before: gap between the fingers now [m].
    """
    width, speed = opening_of(gripper, closure), hardware.speed or gripper.speed
    if width >= before:
        return FrankaGoal("move", width, speed)
    inner, outer = hardware.epsilon or (INNER, gripper.width)
    return FrankaGoal("grasp", width, speed, hardware.force or gripper.force, inner, outer)


def franka_grip(gripper: Gripper, goal: FrankaGoal, success: bool, error: str, width: float) -> Grip:
    """What a finished goal means."""
    holds = goal.action == "grasp" and success and held(gripper, width, goal.width)
    return Grip(width, abs(width - goal.width) > MARGIN, holds, error)


class FrankaHand:
    """``name`` is that of the driver's node.

    Raises:
        SkillkitError: franka_msgs is not installed.
    """

    preempts = False

    def __init__(self, node: Node, gripper: Gripper, hardware: GripperHardware, name: str) -> None:
        self._actions = _actions()
        self._clients: dict[str, Any] = {word: ActionClient(node, action, f"{name}/{word}") for word, action in self._actions.items()}
        self._gripper, self._hardware = gripper, hardware
        self._goal = FrankaGoal("move", gripper.width, gripper.speed)
        self._width, self._told, self._ended = float("nan"), float("-inf"), float("inf")
        node.create_subscription(JointState, f"{name}/joint_states", self._fingers, 1)

    def goal(self, closure: float) -> tuple[Any, Any]:
        """Of Grasp or Move."""
        before = self._width if self._width == self._width else self._goal.width
        self._goal, self._ended = franka_goal(self._gripper, self._hardware, closure, before), float("inf")
        asked = self._actions[self._goal.action].Goal(width=self._goal.width, speed=self._goal.speed)
        if self._goal.action == "grasp":
            asked.force, asked.epsilon.inner, asked.epsilon.outer = self._goal.force, self._goal.inner, self._goal.outer
        return self._clients[self._goal.action], asked

    def feedback(self, message: Any) -> None:
        """How far the fingers have come."""
        self._width, self._told = float(message.current_width), time.monotonic()

    def read(self, result: Any) -> Grip | None:
        """By the first width that is told after the end; by the last one where none comes."""
        now = time.monotonic()
        self._ended = min(self._ended, now)
        if self._told <= self._ended and now - self._ended < TOLD_WITHIN:
            return None
        homed = isinstance(result, self._actions["homing"].Result)
        error = "" if result.success else str(result.error) or ("homing did not succeed" if homed else "")
        return franka_grip(self._gripper, self._goal, bool(result.success), error, self._width)

    def homing(self) -> tuple[Any, Any] | None:
        """All the way open and closed; only where the cell declares ``homing: true``."""
        self._ended = float("inf")
        return (self._clients["homing"], self._actions["homing"].Goal()) if self._hardware.homing else None

    def _fingers(self, message: JointState) -> None:
        """Each finger's way is half of the gap."""
        if len(message.position) == 2:
            self._width, self._told = float(sum(message.position)), time.monotonic()


def _actions() -> dict[str, Any]:
    try:
        from franka_msgs.action import Grasp, Homing, Move
    except ImportError:
        raise SkillkitError("the gripper driver 'franka' needs franka_msgs, which comes with franka_ros2; it is in no wheel") from None
    return {"grasp": Grasp, "move": Move, "homing": Homing}
