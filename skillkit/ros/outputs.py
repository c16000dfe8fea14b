"""What the runtime node says of itself: records of every step, its whole state now and then, the live tree. Commands leave through ``drivers``.

Messages of the control loop are encoded here and published as bytes: no field is left unchecked, and no time is lost in conversions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from rclpy.duration import Duration
from rclpy.node import Node
from skillkit_interfaces.msg import Digest, Keyframe, Step, StepResult, TreeSnapshot

from skillkit import records
from skillkit.bags.cdr import Codec
from skillkit.bags.digests import Digests
from skillkit.bags.schemas import DIGEST, KEYFRAME, STEP, STEP_RESULT, TREE_SNAPSHOT, schema
from skillkit.protocols import Snapshot
from skillkit.ros import names
from skillkit.runtime import Runtime
from skillkit.runtime import StepResult as Decided
from skillkit.spaces import Input

TOPICS = {STEP: names.STEP, STEP_RESULT: names.RESULT, DIGEST: names.DIGEST, KEYFRAME: names.KEYFRAME, TREE_SNAPSHOT: names.TREE}
TREE_EVERY = 1.0  # [s] between two snapshots of a tree in which nothing changed
ARRIVED_WITHIN = Duration(seconds=0.2)  # by when a recorder that listens has everything
KEYFRAME_EVERY = 5.0  # [s] between two records of the whole state


class Records:
    """Publishes what each step consumed and decided, and the trees of the goals being served."""

    def __init__(self, node: Node, runtime: Runtime) -> None:
        self._runtime = runtime
        kinds = {STEP: Step, STEP_RESULT: StepResult, DIGEST: Digest, KEYFRAME: Keyframe, TREE_SNAPSHOT: TreeSnapshot}
        self._outputs = {name: node.create_publisher(kind, TOPICS[name], names.EVERY) for name, kind in kinds.items()}
        self._codecs = {name: Codec(name, schema(name)) for name in kinds}
        self._digests = Digests()
        self._aside = ThreadPoolExecutor(1, "keyframes")  # a state is long, and to write it out takes longer than a tick may
        self._trees: dict[str, tuple[str, Any]] = {}
        self._drawn, self._kept = 0.0, 0.0
        self.brief = False  # draw trees only when a goal ends: a loop that is late has other things to do

    @property
    def matched(self) -> bool:
        """Whether someone subscribes to all of them."""
        return all(publisher.get_subscription_count() > 0 for publisher in self._outputs.values())

    def close(self) -> None:
        """Publish what is left, and wait until it has arrived: what a publisher has not sent ends with it."""
        self._aside.shutdown()
        for publisher in self._outputs.values():
            publisher.wait_for_all_acked(ARRIVED_WITHIN)

    def _publish(self, name: str, record: Mapping[str, Any]) -> bytes:
        data = self._codecs[name].encode(record)
        self._outputs[name].publish(data)
        return data

    def publish(self, inputs: Sequence[Input], result: Decided) -> None:
        """One step."""
        step = self._publish(STEP, records.step_record(result.tick, result.time, inputs))
        decided = self._publish(STEP_RESULT, records.result_record(result))
        self._publish(DIGEST, self._digests.after(result.tick, step, decided))
        if result.time - self._kept >= KEYFRAME_EVERY:
            self._kept = result.time
            self._aside.submit(self._publish_state, result.tick, result.time, self._runtime.snapshot())
        for name, goal in self._runtime.goals.items():
            if name not in self._trees and hasattr(goal.execution.policy, "nodes"):
                self._trees[name] = (goal.execution.option.name, goal.execution.policy)
        if self._trees and (not self.brief or result.ended) and (result.events or result.ended or result.time - self._drawn >= TREE_EVERY):
            self._draw(result)

    def _publish_state(self, tick: int, time: float, state: Snapshot) -> None:
        self._publish(KEYFRAME, records.keyframe_record(tick, time, records.snapshot_text(state)))

    def _draw(self, result: Decided) -> None:
        self._drawn = result.time
        for name, (task, policy) in list(self._trees.items()):
            nodes = [_node(entry) for entry in policy.nodes()]
            snapshot = {"header": records.header(result.time), "goal": name, "task": task, "nodes": nodes}
            self._publish(TREE_SNAPSHOT, snapshot)
            if any(ended.goal == name for ended in result.ended):
                del self._trees[name]


def _node(entry: Any) -> Mapping[str, Any]:
    path, name, kind, status, parent, detail = entry
    return {"path": path, "name": name, "type": kind, "status": status, "parent": int(parent), "detail": detail}
