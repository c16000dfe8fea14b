"""Grippers: a forward topic, or an action that is asked only when the command changes.

Commands are sent as metres of opening divided by the *finger factor*: 1 where the gripper takes the gap, 2 where it takes the way of one finger.
"""

from __future__ import annotations

import time
from typing import Any

from rclpy.action import ActionClient
from rclpy.node import Node
from std_msgs.msg import Float64MultiArray

from skillkit.embodiment import Embodiment, Gripper
from skillkit.exceptions import SkillkitError
from skillkit.ros.conversions import gripper_command
from skillkit.ros.drivers.actions import ActionThread
from skillkit.ros.drivers.readiness import Readiness
from skillkit.ros.names import NEWEST

AGAIN = 10  # commands after which the same one is published again on a topic, for a controller that came later
REJECTED = 0.5  # [s] that a rejected goal is a fault, which ends the arm's goals; the next of them may ask again
CHANGE = 1e-3  # of the closure, below which an action is not asked again


class TopicGripper:
    """``std_msgs/Float64MultiArray`` to a forward controller: one position per finger joint."""

    def __init__(self, node: Node, wire: Embodiment, topic: str) -> None:
        self.topics: tuple[str, ...] = (node.resolve_topic_name(topic),)
        self._wire = wire
        self._publisher = node.create_publisher(Float64MultiArray, topic, NEWEST)
        self._closure, self._left = -1.0, 0

    def send(self, closure: float) -> None:
        """Publish, when it is new or was not said for a while."""
        self._left -= 1
        if closure != self._closure or self._left <= 0:
            self._closure, self._left = closure, AGAIN
            self._publisher.publish(Float64MultiArray(data=gripper_command(self._wire, closure)))

    def close(self) -> None:
        """Nothing to end."""


class ActionGripper:
    """``control_msgs`` ParallelGripperCommand or GripperCommand.

    A goal that is rejected is a fault, and is not asked again before the next goal of the arm. One that stalls while closing holds something:
    its measured width becomes the arm's signals ``<arm>_gripper_width`` [m] and ``<arm>_gripper_stalled``.

    Raises:
        SkillkitError: control_msgs is not installed.
    """

    def __init__(self, node: Node, wire: Embodiment, name: str, kind: str, factor: float, force: float | None, readiness: Readiness) -> None:
        if wire.gripper is None:
            raise SkillkitError(f"{wire.name} has no gripper in its model; allowed for its gripper driver: none")
        self.topics: tuple[str, ...] = ()
        self._thread = ActionThread(node, f"{name.replace('/', '_')}_client")
        self._gripper, self._joint, self._factor = wire.gripper, wire.gripper.joints[0], factor
        self._force, self._readiness = wire.gripper.force if force is None else force, readiness
        self._action, self._goal = _action(kind)
        self._client: Any = ActionClient(self._thread.node, self._action, name)
        self._asked, self._wanted, self._number, self._waiting = -1.0, -1.0, 0, False
        self._rejected: float | None = None  # when, monotonic clock [s]
        self._looking = self._thread.node.create_timer(0.02, self._ask)

    def send(self, closure: float) -> None:
        """Note what is wanted; the executor asks for it."""
        self._wanted = closure

    def close(self) -> None:
        """Ask no more."""
        self._thread.close()

    def _ask(self) -> None:
        if self._rejected is not None:
            if time.monotonic() - self._rejected > REJECTED:
                self._rejected, self._asked, self._wanted = None, -1.0, -1.0
                self._readiness.tell("gripper", "ready")
            return
        if self._waiting or self._wanted < 0.0 or abs(self._wanted - self._asked) < CHANGE or not self._client.server_is_ready():
            return
        self._asked, self._waiting, self._number = self._wanted, True, self._number + 1
        opening = opening_of(self._gripper, self._asked) / self._factor
        number = self._number
        self._client.send_goal_async(self._goal(self._joint, opening, self._force)).add_done_callback(lambda future: self._answered(future.result(), number))

    def _answered(self, handle: Any, number: int) -> None:
        self._waiting = False
        self._readiness.tell("gripper", "ready" if handle.accepted else "fault", "the gripper's controller rejected its goal")
        self._rejected = None if handle.accepted else time.monotonic()
        if handle.accepted:
            handle.get_result_async().add_done_callback(lambda future: self._finished(future.result().result, number))

    def _finished(self, result: Any, number: int) -> None:
        if number != self._number:  # another goal has taken its place
            return
        position = result.position if hasattr(result, "position") else next(iter(result.state.position), float("nan"))
        self._readiness.signal("gripper_stalled", float(result.stalled))
        self._readiness.signal("gripper_width", float(position) * self._factor)


def opening_of(gripper: Gripper, closure: float) -> float:
    """Closure 0 … 1 → gap between the fingers [m]."""
    return gripper.width * (1.0 - min(1.0, max(0.0, closure)))


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
