"""What the runtime node says of itself: records of every step, the live tree. Commands leave through ``drivers``.

Messages of the control loop are encoded here and published as bytes: no field is left unchecked, and no time is lost in conversions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rclpy.node import Node
from skillkit_interfaces.msg import Step, StepResult, TreeSnapshot

from skillkit import records
from skillkit.bags.cdr import Codec
from skillkit.bags.schemas import STEP, STEP_RESULT, TREE_SNAPSHOT, schema
from skillkit.ros.names import EVERY, RESULT, TREE
from skillkit.ros.names import STEP as STEP_TOPIC
from skillkit.runtime import Runtime
from skillkit.runtime import StepResult as Decided
from skillkit.spaces import Input

TREE_EVERY = 1.0  # [s] between two snapshots of a tree in which nothing changed


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
