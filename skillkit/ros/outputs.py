"""What the runtime node says: commands to the drivers, records of every step, the live tree.

Messages of the control loop are encoded here and published as bytes: no field is left unchecked, and no time is lost in conversions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rclpy.node import Node
from rclpy.publisher import Publisher
from skillkit_interfaces.msg import Step, StepResult, TreeSnapshot
from std_msgs.msg import Float64MultiArray
from trajectory_msgs.msg import JointTrajectory

from skillkit import records
from skillkit.bags.cdr import Codec
from skillkit.bags.schemas import JOINT_TRAJECTORY, STEP, STEP_RESULT, TREE_SNAPSHOT, schema
from skillkit.cell import CellArm
from skillkit.ros.conversions import gripper_command, trajectory_record
from skillkit.ros.names import EVERY, NEWEST, RESULT, TREE, ArmTopics
from skillkit.ros.names import STEP as STEP_TOPIC
from skillkit.runtime import Runtime
from skillkit.runtime import StepResult as Decided
from skillkit.safety import braking_tail
from skillkit.spaces import Input, JointCommand

GRIPPER_EVERY = 10  # ticks between two gripper commands that say the same
TREE_EVERY = 1.0  # [s] between two snapshots of a tree in which nothing changed


class ArmOutput:
    """The command stream of one arm.

    Every trajectory has the commanded point one control period ahead and, after it, a braking tail to zero velocity: a runtime that dies
    leaves a driver that brakes.
    """

    def __init__(self, node: Node, arm: CellArm, topics: ArmTopics) -> None:
        self._model = arm.embodiment
        self._period = 1.0 / arm.embodiment.control_rate
        self._codec = Codec(JOINT_TRAJECTORY, schema(JOINT_TRAJECTORY))
        self._trajectories: Publisher = node.create_publisher(JointTrajectory, topics.trajectory, NEWEST)
        self._gripper: Publisher = node.create_publisher(Float64MultiArray, topics.gripper, NEWEST)
        self._closure = -1.0
        self._repeat = 0

    def send(self, command: JointCommand) -> None:
        """Publish one command."""
        tail = braking_tail(self._model, command.position, command.velocity)
        points = [(self._period, command.position.tolist(), command.velocity.tolist())]
        points += [
            (self._period + time, position, velocity)
            for time, position, velocity in zip(tail.times.tolist(), tail.positions.tolist(), tail.velocities.tolist(), strict=True)
        ]
        self._trajectories.publish(self._codec.encode(trajectory_record(self._model.joints, points)))
        self._close(command.closure)

    def _close(self, closure: float) -> None:
        self._repeat -= 1
        if self._model.gripper is not None and (closure != self._closure or self._repeat <= 0):
            self._closure, self._repeat = closure, GRIPPER_EVERY
            self._gripper.publish(Float64MultiArray(data=gripper_command(self._model, closure)))


class Records:
    """Publishes what each step consumed and decided, and the trees of the goals being served."""

    def __init__(self, node: Node, runtime: Runtime) -> None:
        self._runtime = runtime
        self._step = node.create_publisher(Step, STEP_TOPIC, EVERY)
        self._result = node.create_publisher(StepResult, RESULT, EVERY)
        self._tree = node.create_publisher(TreeSnapshot, TREE, EVERY)
        self._codecs = {name: Codec(name, schema(name)) for name in (STEP, STEP_RESULT, TREE_SNAPSHOT)}
        self._trees: dict[str, tuple[str, Any]] = {}
        self._drawn = 0.0
        self.brief = False  # draw trees only when a goal ends: a loop that is late has other things to do

    @property
    def matched(self) -> bool:
        """Whether someone subscribes to steps, results and trees."""
        return all(publisher.get_subscription_count() > 0 for publisher in (self._step, self._result, self._tree))

    def publish(self, inputs: Sequence[Input], result: Decided) -> None:
        """One step."""
        self._step.publish(self._codecs[STEP].encode(records.step_record(result.tick, result.time, inputs)))
        self._result.publish(self._codecs[STEP_RESULT].encode(records.result_record(result)))
        for name, goal in self._runtime.goals.items():
            if name not in self._trees and hasattr(goal.execution.policy, "nodes"):
                self._trees[name] = (goal.execution.option.name, goal.execution.policy)
        if self._trees and (not self.brief or result.ended) and (result.events or result.ended or result.time - self._drawn >= TREE_EVERY):
            self._draw(result)

    def _draw(self, result: Decided) -> None:
        self._drawn = result.time
        for name, (task, policy) in list(self._trees.items()):
            nodes = [_node(entry) for entry in policy.nodes()]
            snapshot = {"header": records.header(result.time), "goal": name, "task": task, "nodes": nodes}
            self._tree.publish(self._codecs[TREE_SNAPSHOT].encode(snapshot))
            if any(ended.goal == name for ended in result.ended):
                del self._trees[name]


def _node(entry: Any) -> Mapping[str, Any]:
    path, name, kind, status, parent, detail = entry
    return {"path": path, "name": name, "type": kind, "status": status, "parent": int(parent), "detail": detail}
