"""The recorder: a process of its own that writes what the runtime consumed and decided into one bag.

Step and result arrive as bytes. The standard messages of the bag (joint states, commands, poses) follow from them, so that a bag recorded
over ROS 2 and one written in process have the same form. The file begins with everything that built the run, and is flushed every 0.1 s.
Topics of others, such as images, are recorded as they come, each message at the time of the newest step, with its hash.
"""

from __future__ import annotations

import base64
import json
import struct
import sys
from functools import partial
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from rclpy.node import Node
from skillkit_interfaces.msg import Digest, Keyframe, Step, StepResult, TreeSnapshot
from std_msgs.msg import String

from skillkit.assembly import Description
from skillkit.bags import BagError, BagWriter, fingerprint
from skillkit.bags.cdr import Codec
from skillkit.bags.schemas import DIGEST, KEYFRAME, SEEN, STEP, STEP_RESULT, TREE_SNAPSHOT, schema
from skillkit.bags.standard import Joints, standard_messages
from skillkit.bags.write import DIGEST_TOPIC, KEYFRAME_TOPIC, LATCHED_WORDS, RESULT_TOPIC, SEEN_TOPIC, STEP_TOPIC, TREE_TOPIC
from skillkit.exceptions import InvalidValue
from skillkit.records import header, time_of
from skillkit.ros import names, process
from skillkit.ros.companion import SignOfLife
from skillkit.ros.parameters import declare, words
from skillkit.ros.raw_topics import RawTopic, RawTopics

PARAMETERS = {
    "bag": ("", "the file to write; it must not exist"),
    "also": ("", "patterns of topics to record as they come, such as images, separated by commas"),
}
FLUSH_EVERY = 0.1  # [s]
STANDARD = ("/skillkit/", "/objects/", "/signals/")  # topics that follow from the runtime's records
PENDING = 1_000  # steps kept whose result or digest has not come yet
KINDS: dict[str, tuple[type, str, str]] = {  # record → its class, the topic it comes on, and its topic in the bag
    STEP: (Step, names.STEP, STEP_TOPIC),
    STEP_RESULT: (StepResult, names.RESULT, RESULT_TOPIC),
    DIGEST: (Digest, names.DIGEST, DIGEST_TOPIC),
    KEYFRAME: (Keyframe, names.KEYFRAME, KEYFRAME_TOPIC),
    TREE_SNAPSHOT: (TreeSnapshot, names.TREE, TREE_TOPIC),
}


class Recorder(Node):
    """See the module."""

    def __init__(self) -> None:
        super().__init__("recorder")
        given = declare(self, PARAMETERS)
        if not given["bag"]:
            raise InvalidValue("bag", "", "the path of the file to write, for example run.mcap")
        self.path = Path(given["bag"])
        if self.path.exists():
            raise BagError(self.path, "the file exists already and a bag is never overwritten", "choose another name or remove it")
        self.sign = SignOfLife(self)
        self.writer: BagWriter | None = None  # made when the description of the run has come
        self.arms: dict[str, Joints] = {}
        self.waiting: list[tuple[str, bytes]] = []
        self.headed: dict[str, bool] = {}  # other topics: whether their messages begin with a header
        self.codecs = {name: Codec(name, schema(name)) for name in KINDS}
        self.steps: dict[int, dict[str, Any]] = {}
        self.times: dict[int, float] = {}  # of the last steps by tick
        self.digests: dict[int, bytes] = {}  # that came before their steps
        self.create_subscription(String, names.DESCRIPTION, self._describe, names.LATCHED)
        for name, (kind, topic, _) in KINDS.items():
            self.create_subscription(kind, topic, partial(self._take, name), names.EVERY, raw=True)
        self.create_timer(FLUSH_EVERY, self._flush)
        self.also = RawTopics(self, words(given["also"]), self._see)

    def close(self) -> None:
        """Write the index."""
        if self.writer is not None:
            self.writer.close()
        self.sign.close()

    def _flush(self) -> None:
        if self.writer is not None:
            self.writer.flush()
            if self.writer.failure:
                self.get_logger().error(self.writer.failure, once=True)

    def _describe(self, message: String) -> None:
        if self.writer is not None:
            return
        files = {name: base64.b64decode(data) for name, data in json.loads(message.data).items()}
        description = Description.from_attachments(files)
        with TemporaryDirectory() as folder:
            description.write_to(Path(folder))
            self.arms = {arm.name: Joints.of(arm.embodiment) for arm in description.cell_in(Path(folder)).arms}
        self.writer = BagWriter(self.path, arms=self.arms, threaded=True)
        for name, data in files.items():
            self.writer.attach(name, data, "application/json" if name.endswith(".json") else "text/plain")
        run = description.run
        self.writer.metadata("run", {"task": run.get("task", ""), "robot": run["cell"]["name"], "seed": run.get("seed", "")})
        self.writer.metadata("platform", fingerprint())
        for name, data in self.waiting:
            self._write(self.writer, name, data)
        self.waiting = []
        self.sign.show(names.RECORDER)

    def _take(self, name: str, data: bytes) -> None:
        if self.writer is not None:
            self._write(self.writer, name, data)
        else:
            self.waiting.append((name, data))

    def _see(self, topic: RawTopic, data: bytes) -> None:
        """A message that is none of the runtime's, beside the newest step; what comes before the first one is not of this run."""
        own = (f"/{arm}/{kind}" for arm in self.arms for kind in ("joint_states", "command"))  # the bag has what the runtime made of them
        if self.writer is None or not self.times or topic.name.startswith(STANDARD) or topic.name in own:
            return
        if topic.name not in self.headed:
            codec = Codec(topic.type, topic.text)
            self.headed[topic.name] = [field.type for field in codec.fields[codec.root][:1]] == ["std_msgs/Header"]
            self.writer.describe(topic.name, LATCHED_WORDS if topic.latched else {})
        tick, time = next(reversed(self.times.items()))
        self.writer.write_raw(topic.name, topic.type, data, time, topic.text)
        second, part = struct.unpack_from("<iI", data, 4) if self.headed[topic.name] else (0, 0)
        told = {"header": header(time), "tick": tick, "topic": topic.name, "stamp": {"sec": second, "nanosec": part}, "size": len(data)}
        self.writer.write(SEEN_TOPIC, SEEN, {**told, "sha256": sha256(data).hexdigest()}, time)

    def _write(self, writer: BagWriter, name: str, data: bytes) -> None:
        message = self.codecs[name].decode(data)
        if name == DIGEST:
            self._write_digest(writer, message["tick"], data)
            return
        time = time_of(message)
        writer.write_raw(KINDS[name][2], name, self.codecs[name].encode(message), time)  # digests count bytes without a middleware's padding
        if name == STEP:
            self._remember(message, time)
            if message["tick"] in self.digests:
                self._write_digest(writer, message["tick"], self.digests.pop(message["tick"]))
        elif name == STEP_RESULT and message["tick"] in self.steps:
            step = self.steps.pop(message["tick"])
            for topic, schema_name, entry in standard_messages(step, message, self.arms):
                writer.write(topic, schema_name, entry, time)

    def _remember(self, step: dict[str, Any], time: float) -> None:
        self.steps[step["tick"]], self.times[step["tick"]] = step, time
        for kept in (self.steps, self.times, self.digests):
            while len(kept) > PENDING:
                kept.pop(next(iter(kept)))

    def _write_digest(self, writer: BagWriter, tick: int, data: bytes) -> None:
        """At the time of its step, which it has no room for."""
        if tick in self.times:
            writer.write_raw(DIGEST_TOPIC, DIGEST, data, self.times[tick])
        else:
            self.digests[tick] = data


def main() -> None:
    """Entry point of the process."""
    sys.exit(process.run(Recorder))


if __name__ == "__main__":
    main()
