"""A process that records any topics as they come, as bytes: nothing is decoded, and the disk is another thread's.

Topics are looked for ten times a second. Log time is the system's clock when a message arrived, as in rosbag2. Service ``~/trigger``
(std_srvs/Trigger) writes what a ring has kept.
"""

from __future__ import annotations

import sys

from rclpy.node import Node
from std_srvs.srv import Trigger

from skillkit.bags import BagWriter
from skillkit.bags.write import LATCHED_WORDS
from skillkit.exceptions import InvalidValue
from skillkit.ros import process
from skillkit.ros.parameters import declare, words
from skillkit.ros.raw_topics import RawTopic, RawTopics

PARAMETERS = {
    "bag": ("", "the file to write; it must not exist"),
    "topics": ("*", "patterns of topics, separated by commas"),
    "before": (0.0, "[s] keep so much in memory and write only when triggered; 0 writes everything"),
    "after": (5.0, "[s] that are written after a trigger"),
    "split_size": (0, "[bytes] after which another file is begun"),
    "split_time": (0.0, "[s] after which another file is begun"),
}
FLUSH_EVERY = 0.1  # [s]


class TopicRecorder(Node):
    """See the module."""

    def __init__(self) -> None:
        super().__init__("topic_recorder")
        given = declare(self, PARAMETERS)
        if not given["bag"]:
            raise InvalidValue("bag", "", "the path of the file to write, for example topics.mcap")
        self._after = given["after"]
        self.writer = BagWriter(
            given["bag"], threaded=True, ring=given["before"], split_size=given["split_size"], split_time=given["split_time"], flush_every=FLUSH_EVERY
        )
        self.topics = RawTopics(self, words(given["topics"]), self._take)
        self.create_timer(FLUSH_EVERY, self._flush)
        self.create_service(Trigger, "~/trigger", self._trigger)

    def close(self) -> None:
        """Write the index."""
        self.writer.close()
        print(f"{self.writer.messages} messages in {', '.join(str(path) for path in self.writer.paths)}", file=sys.stderr)

    def _take(self, topic: RawTopic, data: bytes) -> None:
        if topic.latched:
            self.writer.describe(topic.name, LATCHED_WORDS)
        self.writer.write_stamped(topic.name, topic.type, data, self.get_clock().now().nanoseconds, topic.text)

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
