"""A process that records any topics as they come, as bytes: nothing is decoded, and the disk is another thread's.

Topics are looked for ten times a second. Log time is the system's clock when a message arrived, as in rosbag2. Service ``~/trigger``
(std_srvs/Trigger) writes what a ring has kept.
"""

from __future__ import annotations

import sys
from fnmatch import fnmatchcase
from functools import partial

from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from std_srvs.srv import Trigger

from skillkit.bags import BagWriter
from skillkit.bags.schemas import schema
from skillkit.exceptions import InvalidValue, SkillkitError
from skillkit.ros import process
from skillkit.ros.parameters import declare, words
from skillkit.ros.player import message_type

PARAMETERS = {
    "bag": ("", "the file to write; it must not exist"),
    "topics": ("*", "patterns of topics, separated by commas"),
    "before": (0.0, "[s] keep so much in memory and write only when triggered; 0 writes everything"),
    "after": (5.0, "[s] that are written after a trigger"),
    "split_size": (0, "[bytes] after which another file is begun"),
    "split_time": (0.0, "[s] after which another file is begun"),
}
LOOK_EVERY = 0.1  # [s] what a new topic says before it is seen is lost
FLUSH_EVERY = 0.1  # [s]
DEPTH = 1000  # messages that may wait for the recorder


class TopicRecorder(Node):
    """See the module."""

    def __init__(self) -> None:
        super().__init__("topic_recorder")
        given = declare(self, PARAMETERS)
        if not given["bag"]:
            raise InvalidValue("bag", "", "the path of the file to write, for example topics.mcap")
        self._patterns = words(given["topics"])
        self._after = given["after"]
        self.writer = BagWriter(
            given["bag"], threaded=True, ring=given["before"], split_size=given["split_size"], split_time=given["split_time"], flush_every=FLUSH_EVERY
        )
        self._known: set[str] = set()
        self.create_timer(LOOK_EVERY, self._look)
        self.create_timer(FLUSH_EVERY, self._flush)
        self.create_service(Trigger, "~/trigger", self._trigger)

    def close(self) -> None:
        """Write the index."""
        self.writer.close()
        print(f"{self.writer.messages} messages in {', '.join(str(path) for path in self.writer.paths)}", file=sys.stderr)

    def _look(self) -> None:
        for topic, kinds in self.get_topic_names_and_types():
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
            self.get_logger().warning(f"{topic} is passed over: {kind} is not installed")
            return
        offered = [publisher.qos_profile for publisher in self.get_publishers_info_by_topic(topic)]
        reliable = all(qos.reliability == ReliabilityPolicy.RELIABLE for qos in offered)
        latched = bool(offered) and all(qos.durability == DurabilityPolicy.TRANSIENT_LOCAL for qos in offered)
        if latched:
            self.writer.describe(topic, {"durability": "transient_local"})
        profile = QoSProfile(
            depth=DEPTH,
            reliability=ReliabilityPolicy.RELIABLE if reliable else ReliabilityPolicy.BEST_EFFORT,
            durability=DurabilityPolicy.TRANSIENT_LOCAL if latched else DurabilityPolicy.VOLATILE,
        )
        self.create_subscription(message, topic, partial(self._take, topic, kind, text), profile, raw=True)

    def _take(self, topic: str, kind: str, text: str, data: bytes) -> None:
        self.writer.write_stamped(topic, kind, data, self.get_clock().now().nanoseconds, text)

    def _flush(self) -> None:
        self.writer.flush()
        if self.writer.failure:
            self.get_logger().error(self.writer.failure, once=True)

    def _trigger(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        self.writer.trigger(self._after)
        response.success, response.message = not self.writer.failure, self.writer.failure or "written"
        return response


def main() -> None:
    """Entry point of the process."""
    sys.exit(process.run(TopicRecorder))


if __name__ == "__main__":
    main()
