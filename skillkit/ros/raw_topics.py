"""Topics of others, taken as bytes: looked for by pattern while a node runs, subscribed to as they are published, never decoded."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase
from functools import partial
from typing import NamedTuple

from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy

from skillkit.bags.schemas import schema
from skillkit.exceptions import SkillkitError
from skillkit.ros.player import message_type

LOOK_EVERY = 0.1  # [s] what a new topic says before it is seen is lost
DEPTH = 1000  # messages that may wait to be taken


class RawTopic(NamedTuple):
    """A topic, its type (``package/msg/Type``) and full schema, and whether late subscribers get its last messages."""

    name: str
    type: str
    text: str
    latched: bool


class RawTopics:
    """Subscribes a node to every topic that fits one of ``patterns``.

    Args:
        take: is given every message.
    """

    def __init__(self, node: Node, patterns: Sequence[str], take: Callable[[RawTopic, bytes], None]) -> None:
        self._node, self._patterns, self._take = node, tuple(patterns), take
        self._known: set[str] = set()
        if patterns:
            node.create_timer(LOOK_EVERY, self._look)

    def _look(self) -> None:
        for topic, kinds in self._node.get_topic_names_and_types():
            if topic not in self._known and any(fnmatchcase(topic, pattern) for pattern in self._patterns):
                self._known.add(topic)
                self._subscribe(topic, kinds[0])

    def _subscribe(self, topic: str, kind: str) -> None:
        message = message_type(kind)
        try:
            text = schema(kind)
        except SkillkitError as error:
            message, text = None, str(error)
        if message is None:
            self._node.get_logger().warning(f"{topic} is passed over: {kind} is not installed")
            return
        offered = [publisher.qos_profile for publisher in self._node.get_publishers_info_by_topic(topic)]
        reliable = all(qos.reliability == ReliabilityPolicy.RELIABLE for qos in offered)
        latched = bool(offered) and all(qos.durability == DurabilityPolicy.TRANSIENT_LOCAL for qos in offered)
        profile = QoSProfile(
            depth=DEPTH,
            reliability=ReliabilityPolicy.RELIABLE if reliable else ReliabilityPolicy.BEST_EFFORT,
            durability=DurabilityPolicy.TRANSIENT_LOCAL if latched else DurabilityPolicy.VOLATILE,
        )
        self._node.create_subscription(message, topic, partial(self._take, RawTopic(topic, kind, text, latched)), profile, raw=True)
