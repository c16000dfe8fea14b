"""Everything between the gate and one real or simulated arm: its motion driver, its gripper, its controllers, its state."""

from __future__ import annotations

from collections.abc import Callable

from rclpy.node import Node

from skillkit.cell import CellArm
from skillkit.exceptions import SkillkitError
from skillkit.hardware import FORWARDED
from skillkit.ros.drivers.control_hand import ControlHand
from skillkit.ros.drivers.controllers import Controllers
from skillkit.ros.drivers.follow import FollowDriver
from skillkit.ros.drivers.forward import ForwardDriver
from skillkit.ros.drivers.franka_hand import FrankaHand
from skillkit.ros.drivers.gripper import ActionGripper, TopicGripper
from skillkit.ros.drivers.protocol import GripperDriver, MotionDriver
from skillkit.ros.drivers.readiness import Readiness
from skillkit.ros.drivers.status import RobotStatus
from skillkit.ros.drivers.trajectory import TrajectoryDriver
from skillkit.ros.names import ArmTopics
from skillkit.spaces import Input, JointCommand

WRITERS_EVERY = 0.04  # [s] between two counts of who writes to the command topics


class ArmDriver:
    """The drivers that a cell's ``hardware:`` section names.

    Args:
        put: hands inputs to the control loop. now: the task clock.

    Raises:
        SkillkitError: a driver needs a package that is not installed.
    """

    def __init__(self, node: Node, arm: CellArm, topics: ArmTopics, put: Callable[[Input], None], now: Callable[[], float]) -> None:
        self._node = node
        self.readiness = Readiness(arm.name, put, now)
        below = topics.trajectory.removesuffix(f"{arm.hardware.controller}/joint_trajectory")
        self.motion = _motion(node, arm, topics, f"{below}{arm.hardware.controller}", self.readiness)
        self.gripper = _gripper(node, arm, topics, f"{below}{arm.hardware.gripper.controller}", self.readiness)
        self.status = RobotStatus(node, arm.hardware, below, self.readiness)
        self.controllers = self._controllers(arm, below)
        self._topics = (*self.motion.topics, *(self.gripper.topics if self.gripper else ()))
        self._counting = node.create_timer(WRITERS_EVERY, self._count_writers)

    def send(self, command: JointCommand) -> None:
        """One command; from the control thread."""
        self.motion.send(command)
        if self.gripper is not None:
            self.gripper.send(command.closure)

    def close(self) -> None:
        """Give the controllers back as they were found."""
        self._counting.cancel()
        self.motion.close()
        if self.gripper is not None:
            self.gripper.close()
        answer = self.controllers.restore() if self.controllers else None
        if answer is not None and self._node.executor is not None:
            self._node.executor.spin_until_future_complete(answer, timeout_sec=2.0)
            if not answer.done() or not answer.result().ok:
                self._node.get_logger().warning("the controllers that were active before are not active again; see: ros2 control list_controllers")

    def _controllers(self, arm: CellArm, below: str) -> Controllers | None:
        hardware = arm.hardware
        if not hardware.controller_manager:
            return None
        grips = [] if hardware.gripper.driver in ("none", "franka") or arm.embodiment.gripper is None else [hardware.gripper.controller]
        return Controllers(self._node, f"{below}{hardware.controller_manager}", [hardware.controller, *grips], self.readiness)

    def _count_writers(self) -> None:
        for topic in self._topics:
            others = self._node.count_publishers(topic) - 1
            reason = f"{others} other writer{'s' if others > 1 else ''} on {topic}; one arm takes commands from one writer: stop the other"
            self.readiness.tell(f"writers of {topic}", "fault" if others > 0 else "ready", reason)


def _motion(node: Node, arm: CellArm, topics: ArmTopics, controller: str, readiness: Readiness) -> MotionDriver:
    wire = arm.embodiment
    if arm.hardware.driver in FORWARDED:
        return ForwardDriver(node, wire, controller, readiness)
    if arm.hardware.driver == "follow_joint_trajectory":
        return FollowDriver(node, wire, f"{controller}/follow_joint_trajectory", readiness)
    return TrajectoryDriver(node, wire, topics.trajectory)


def _gripper(node: Node, arm: CellArm, topics: ArmTopics, controller: str, readiness: Readiness) -> GripperDriver | None:
    model, hardware = arm.embodiment.gripper, arm.hardware.gripper
    if hardware.driver == "none" or (model is None and hardware.driver == "forward"):
        return None
    if model is None:
        raise SkillkitError(f"{arm.embodiment.name} has no gripper in its model; allowed for its gripper driver: none")
    if hardware.driver == "forward":
        return TopicGripper(node, arm.embodiment, topics.gripper)
    if hardware.driver == "franka":
        return ActionGripper(node, arm.name, lambda own: FrankaHand(own, model, hardware, controller), readiness)
    return ActionGripper(node, arm.name, lambda own: ControlHand(own, model, hardware, f"{controller}/gripper_cmd"), readiness)
