"""The running tree as py_trees_ros shows its own, so that ``py-trees-tree-watcher`` and py_trees_ros_viewer work: where py_trees_ros_interfaces is installed.

A node ``tree`` listens to the runtime's trees and serves ``~/snapshot_streams/open``, ``close`` and ``reconfigure``, by whose type those viewers
find it; a stream is a latched topic of ``BehaviourTree`` messages. What is not told: blackboards, since variables belong to a run of a task.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from math import inf
from time import monotonic
from typing import Any
from uuid import UUID, uuid5

from py_trees_ros_interfaces.msg import Behaviour, BehaviourTree, Statistics
from py_trees_ros_interfaces.srv import CloseSnapshotStream, OpenSnapshotStream, ReconfigureSnapshotStream
from rclpy.node import Node
from skillkit_interfaces.msg import TreeSnapshot
from unique_identifier_msgs.msg import UUID as Identifier

from skillkit.ros import process
from skillkit.ros.names import EVERY, LATCHED, TREE

HERE = UUID("4f3c2a5e-9f0b-5f0e-8a6c-6d1f5b0c7e21")  # names of nodes become identifiers below this one
STREAMS = "~/snapshot_streams/"
SHAPES = {
    "sequence": Behaviour.SEQUENCE,
    "reactive_sequence": Behaviour.SEQUENCE,
    "fallback": Behaviour.SELECTOR,
    "reactive_fallback": Behaviour.SELECTOR,
    "parallel": Behaviour.PARALLEL,
}
WITH_MEMORY = ("sequence", "fallback")
SLACK = 0.98  # of a period: the runtime's trees come once a second and not to the millisecond


def behaviour_tree(message: Any, changed: bool, tick: int) -> BehaviourTree:
    """A tree in the words of py_trees_ros; nodes keep their identifiers as long as their goal runs."""
    nodes = message.nodes
    ids = [Identifier(uuid=list(uuid5(HERE, f"{message.goal}/{number}/{node.path}").bytes)) for number, node in enumerate(nodes)]
    children: list[list[int]] = [[] for _ in nodes]
    for number, node in enumerate(nodes):
        if node.parent >= 0:
            children[node.parent].append(number)
    told = [_behaviour(nodes, number, ids, children) for number in range(len(nodes))]
    return BehaviourTree(behaviours=told, changed=changed, statistics=Statistics(count=tick, stamp=message.header.stamp))


def _behaviour(nodes: Sequence[Any], number: int, ids: Sequence[Identifier], children: Sequence[Sequence[int]]) -> Behaviour:
    node, below = nodes[number], children[number]
    shape = SHAPES.get(node.type, Behaviour.DECORATOR if len(below) == 1 else Behaviour.SELECTOR if below else Behaviour.BEHAVIOUR)
    told = Behaviour(
        name=node.name,
        class_name=f"skillkit.{node.type}",
        own_id=ids[number],
        child_ids=[ids[child] for child in below],
        type=shape,
        additional_detail="WithMemory" if node.type in WITH_MEMORY else "",
        blackbox_level=Behaviour.BLACKBOX_LEVEL_NOT_A_BLACKBOX,
        status=getattr(Behaviour, node.status, Behaviour.INVALID),
        message=node.detail,
        is_active=node.status != "INVALID",
    )
    if node.parent >= 0:
        told.parent_id = ids[node.parent]
    current = [child for child in below if nodes[child].status != "INVALID"]
    if current:
        told.current_child_id, told.tip_id = ids[current[-1]], ids[_tip(nodes, current[-1], children)]
    return told


def _tip(nodes: Sequence[Any], number: int, children: Sequence[Sequence[int]]) -> int:
    """The deepest node that counts below one."""
    while current := [child for child in children[number] if nodes[child].status != "INVALID"]:
        number = current[-1]
    return number


class Stream:
    """One topic; told of every change, and without one every ``period`` [s]."""

    def __init__(self, node: Node, topic: str, period: float) -> None:
        self.publisher, self.period, self.last = node.create_publisher(BehaviourTree, topic, LATCHED), period, -inf

    def tell(self, message: BehaviourTree) -> None:
        """Publish it, where it is due."""
        if message.changed or self.last == -inf or monotonic() - self.last >= SLACK * self.period:
            self.last = monotonic()
            self.publisher.publish(message)


class Snapshots(Node):
    """Turns the trees of the runtime in the same namespace into snapshots."""

    def __init__(self) -> None:
        super().__init__("tree")
        self.streams: dict[str, Stream] = {}
        self.opened, self.tick, self.newest = 0, 0, BehaviourTree()
        self.statuses: tuple[tuple[str, str], ...] = ()
        self._open("~/snapshots", inf)
        self.create_service(OpenSnapshotStream, f"{STREAMS}open", self._on_open)
        self.create_service(CloseSnapshotStream, f"{STREAMS}close", self._on_close)
        self.create_service(ReconfigureSnapshotStream, f"{STREAMS}reconfigure", self._on_reconfigure)
        self.create_subscription(TreeSnapshot, TREE, self._on_tree, EVERY)

    def _on_tree(self, message: Any) -> None:
        statuses = tuple((node.path, node.status) for node in message.nodes)
        changed, self.statuses, self.tick = statuses != self.statuses, statuses, self.tick + 1
        self.newest = behaviour_tree(message, changed, self.tick)
        for stream in self.streams.values():
            stream.tell(self.newest)

    def _open(self, topic: str, period: float) -> str:
        name = self.resolve_topic_name(topic)
        self._close(name)
        self.streams[name] = Stream(self, name, period)
        if self.newest.behaviours:
            self.streams[name].tell(self.newest)
        return name

    def _close(self, topic: str) -> bool:
        stream = self.streams.pop(topic, None)
        return stream is not None and bool(self.destroy_publisher(stream.publisher))

    def _on_open(self, request: Any, response: Any) -> Any:
        asked = request.topic_name
        self.opened += not asked
        topic = asked if asked.startswith(("/", "~")) else f"{STREAMS}{asked or f'_snapshots_{self.opened}'}"
        response.topic_name = self._open(topic, request.parameters.snapshot_period)
        return response

    def _on_close(self, request: Any, response: Any) -> Any:
        response.result = self._close(request.topic_name)
        return response

    def _on_reconfigure(self, request: Any, response: Any) -> Any:
        response.result = request.topic_name in self.streams
        if response.result:
            self.streams[request.topic_name].period = request.parameters.snapshot_period
        return response


def main() -> None:
    """Entry point of the process."""
    sys.exit(process.run(Snapshots))


if __name__ == "__main__":
    main()
