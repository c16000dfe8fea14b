"""Grippers behind ros2_control: ``control_msgs`` ParallelGripperCommand or GripperCommand.

Positions are metres of the gap divided by the *finger factor*: 1 where the gripper takes the gap, 2 where it takes the way of one finger. A new goal
takes the place of a running one; a goal whose fingers stall ends with ``stalled`` set.
"""

from __future__ import annotations

from typing import Any

from rclpy.action import ActionClient
from rclpy.node import Node

from skillkit.embodiment import Gripper
from skillkit.exceptions import SkillkitError
from skillkit.hardware import GripperHardware
from skillkit.ros.drivers.hand import Grip, held, opening_of


class ControlHand:
    """``name`` is that of the action.

    Raises:
        SkillkitError: control_msgs is not installed.
    """

    preempts = True

    def __init__(self, node: Node, gripper: Gripper, hardware: GripperHardware, name: str) -> None:
        action, self._goal = _action(hardware.driver)
        self._gripper, self._factor = gripper, hardware.finger_factor
        self._force = gripper.force if hardware.force is None else hardware.force
        self._client: Any = ActionClient(node, action, name)
        self._asked = 0.0  # gap [m]

    def goal(self, closure: float) -> tuple[Any, Any]:
        """The fingers' position, and the force that they may use."""
        self._asked = opening_of(self._gripper, closure)
        return self._client, self._goal(self._gripper.joints[0], self._asked / self._factor, self._force)

    def feedback(self, message: Any) -> None:
        """The result says all."""

    def read(self, result: Any) -> Grip:
        """The width is the result's."""
        position = result.position if hasattr(result, "position") else next(iter(result.state.position), float("nan"))
        width = float(position) * self._factor
        return Grip(width, bool(result.stalled), bool(result.stalled) and held(self._gripper, width, self._asked))

    def homing(self) -> None:
        """There is no such action."""


def _action(kind: str) -> tuple[Any, Any]:
    """The action's type, and what makes a goal of a joint's name, its position [m] and a force [N]."""
    try:
        from control_msgs.action import GripperCommand, ParallelGripperCommand
        from sensor_msgs.msg import JointState
    except ImportError:
        raise SkillkitError(f"the gripper driver '{kind}' needs control_msgs: apt-get install ros-$ROS_DISTRO-control-msgs; it is in no wheel") from None

    def parallel(joint: str, position: float, force: float) -> Any:
        return ParallelGripperCommand.Goal(command=JointState(name=[joint], position=[float(position)], effort=[float(force)]))

    def single(joint: str, position: float, force: float) -> Any:
        goal = GripperCommand.Goal()
        goal.command.position, goal.command.max_effort = float(position), float(force)
        return goal

    return (ParallelGripperCommand, parallel) if kind == "parallel_gripper" else (GripperCommand, single)
