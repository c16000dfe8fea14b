"""A joint trajectory controller on its topic: the next set point, and after it a braking tail."""

from __future__ import annotations

from rclpy.node import Node
from trajectory_msgs.msg import JointTrajectory

from skillkit.bags.cdr import Codec
from skillkit.bags.schemas import JOINT_TRAJECTORY, schema
from skillkit.braking_tail import braking_tail
from skillkit.embodiment import Embodiment
from skillkit.records import Record
from skillkit.ros.conversions import trajectory_record
from skillkit.ros.names import NEWEST
from skillkit.spaces import JointCommand


class TrajectoryDriver:
    """``trajectory_msgs/JointTrajectory`` on ``topic``, joints by the names that the driver uses.

    Every message ends at zero velocity: a runtime that dies leaves a controller that brakes. A controller that rejects trajectories with a
    velocity at their end takes them as well.
    """

    def __init__(self, node: Node, wire: Embodiment, topic: str) -> None:
        self.topics: tuple[str, ...] = (node.resolve_topic_name(topic),)
        self._wire, self._period = wire, 1.0 / wire.control_rate
        self._codec = Codec(JOINT_TRAJECTORY, schema(JOINT_TRAJECTORY))
        self._publisher = node.create_publisher(JointTrajectory, topic, NEWEST)

    def send(self, command: JointCommand) -> None:
        """Publish one command."""
        self._publisher.publish(self.rehearse(command))

    def rehearse(self, command: JointCommand) -> bytes:
        """The message that :meth:`send` would publish."""
        return self._codec.encode(with_tail(self._wire, command, self._period))

    def close(self) -> None:
        """Nothing to end: the last message ends by itself."""


def with_tail(wire: Embodiment, command: JointCommand, period: float) -> Record:
    """``trajectory_msgs/JointTrajectory``: the command ``period`` [s] from now, then braking at the acceleration limits.

    Between two points (m₀, v₀) and (m₁, v₁), T apart, a controller lays a cubic. It has the constant acceleration (v₁ − v₀)/T only where
    m₁ − m₀ = T (v₀ + v₁)/2. A command's velocity is its last displacement over T, so its position does not fulfil this (the cubic would swing between
    4 and −2 times the acceleration); the middle of the displacement, m = q − T v/2, does. It lags by half a control period.
    """
    middle = command.position - 0.5 / wire.control_rate * command.velocity
    tail = braking_tail(wire, middle, command.velocity)
    points = [(period, middle.tolist(), command.velocity.tolist())]
    points += [(period + time, position, velocity) for time, position, velocity in zip(*tail, strict=True)]
    return trajectory_record(wire.joints, points)
