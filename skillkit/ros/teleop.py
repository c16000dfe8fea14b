"""A person's commands as topics: ``teleop/twist`` as MoveIt Servo takes them, ``teleop/pose``, ``teleop/gripper`` and ``teleop/why``."""

from __future__ import annotations

from geometry_msgs.msg import PoseStamped, TwistStamped
from rclpy.node import Node
from std_msgs.msg import Float64, String

from skillkit.ros.control_loop import ControlLoop
from skillkit.ros.conversions import seconds
from skillkit.ros.names import LATCHED, NEWEST
from skillkit.spaces import TeleopInput

FRAMES = {"": "base", "tool": "tool", "base": "base", "world": "world"}


class TeleopTopics:
    """One arm's; a command in a frame that is not ``tool``, ``base`` or ``world`` is passed over and said so once.

    The gripper keeps the last closure that was asked for. Who speaks is the name of the node that publishes.
    """

    def __init__(self, node: Node, loop: ControlLoop, arm: str, prefix: str) -> None:
        self._node, self._loop, self._arm, self._prefix = node, loop, arm, prefix
        self._closure: float | None = None
        self._why = ""
        self._who: dict[str, str] = {}
        node.create_subscription(TwistStamped, f"{prefix}twist", self._twist, NEWEST)
        node.create_subscription(PoseStamped, f"{prefix}pose", self._pose, NEWEST)
        node.create_subscription(Float64, f"{prefix}gripper", self._grip, NEWEST)
        node.create_subscription(String, f"{prefix}why", self._because, LATCHED)

    def _twist(self, message: TwistStamped) -> None:
        frame = FRAMES.get(message.header.frame_id)
        if frame is None:
            self._node.get_logger().warning(f"{self._prefix}twist: unknown frame '{message.header.frame_id}'; allowed: tool, base, world", once=True)
            return
        linear, angular = message.twist.linear, message.twist.angular
        twist = tuple(float(value) for value in (linear.x, linear.y, linear.z, angular.x, angular.y, angular.z))
        self._put(TeleopInput(self._arm, seconds(message.header.stamp), 0.0, twist=twist, frame=frame), "twist")

    def _pose(self, message: PoseStamped) -> None:
        if message.header.frame_id not in ("", "world"):
            self._node.get_logger().warning(f"{self._prefix}pose: unknown frame '{message.header.frame_id}'; allowed: world", once=True)
            return
        p, q = message.pose.position, message.pose.orientation
        pose = tuple(float(value) for value in (p.x, p.y, p.z, q.x, q.y, q.z, q.w))
        self._put(TeleopInput(self._arm, seconds(message.header.stamp), 0.0, pose=pose), "pose")

    def _grip(self, message: Float64) -> None:
        self._closure = min(1.0, max(0.0, float(message.data))) if message.data == message.data else self._closure
        self._put(TeleopInput(self._arm, 0.0, 0.0, twist=(0.0,) * 6), "gripper")

    def _because(self, message: String) -> None:
        self._why = str(message.data)

    def _put(self, given: TeleopInput, topic: str) -> None:
        self._loop.put(given._replace(received=self._loop.now(), closure=self._closure, who=self._speaker(topic), why=self._why))

    def _speaker(self, topic: str) -> str:
        if not self._who.get(topic):
            publishers = self._node.get_publishers_info_by_topic(f"{self._prefix}{topic}")
            self._who[topic] = ", ".join(sorted({found.node_name for found in publishers}))
        return self._who[topic]
