"""A joint trajectory controller through its action FollowJointTrajectory, for controllers that offer no topic.

Each goal replaces the one before, so goals go out more seldom than commands: every :data:`EVERY` [s], with the set point that far ahead and a
braking tail. Where both exist, take the topic: it is quicker.
"""

from __future__ import annotations

from typing import Any

from builtin_interfaces.msg import Duration
from rclpy.action import ActionClient
from rclpy.node import Node
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

from skillkit.embodiment import Embodiment
from skillkit.exceptions import SkillkitError
from skillkit.ros.drivers.readiness import Readiness
from skillkit.ros.drivers.trajectory import with_tail
from skillkit.ros.node_thread import NodeThread
from skillkit.spaces import JointCommand

EVERY = 0.04  # [s]


class FollowDriver:
    """``name`` is that of the action.

    Raises:
        SkillkitError: control_msgs is not installed.
    """

    def __init__(self, node: Node, wire: Embodiment, name: str, readiness: Readiness) -> None:
        try:
            from control_msgs.action import FollowJointTrajectory
        except ImportError:
            raise SkillkitError(
                "the driver follow_joint_trajectory needs control_msgs: apt-get install ros-$ROS_DISTRO-control-msgs; it is in no wheel"
            ) from None
        self.topics: tuple[str, ...] = ()
        self._wire, self._name, self._readiness = wire, name, readiness
        self._goal: Any = FollowJointTrajectory.Goal
        self._thread = NodeThread(node, f"{name.replace('/', '_')}_client")
        self._client: Any = ActionClient(self._thread.node, FollowJointTrajectory, name)
        self._latest: JointCommand | None = None
        readiness.expect("action", f"the action {name}")
        self._asking = self._thread.node.create_timer(EVERY, self._ask)
        self._thread.start()

    def send(self, command: JointCommand) -> None:
        """Note it; the executor asks for the newest."""
        self._latest = command

    def rehearse(self, command: JointCommand) -> None:
        """Sending only notes it."""

    def close(self) -> None:
        """Ask no more."""
        self._thread.close()

    def _ask(self) -> None:
        if not self._client.server_is_ready():
            self._readiness.expect("action", f"the action {self._name}")
            return
        command, self._latest = self._latest, None
        if command is None:
            self._readiness.tell("action", "ready")
            return
        goal = self._goal(trajectory=_message(with_tail(self._wire, command, EVERY)))
        self._client.send_goal_async(goal).add_done_callback(lambda future: self._answered(future.result()))

    def _answered(self, handle: Any) -> None:
        self._readiness.tell("action", "ready" if handle.accepted else "fault", f"{self._name} rejected a trajectory")


def _message(record: dict[str, Any]) -> JointTrajectory:
    points = [
        JointTrajectoryPoint(positions=row["positions"], velocities=row["velocities"], time_from_start=Duration(**row["time_from_start"]))
        for row in record["points"]
    ]
    return JointTrajectory(joint_names=record["joint_names"], points=points)
