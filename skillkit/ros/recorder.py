"""The recorder: a process of its own that writes what the runtime consumed and decided into one bag.

Step and result arrive as bytes. The standard messages of the bag (joint states, commands, poses) follow from them, so that a bag recorded
over ROS 2 and one written in process have the same form. The file begins with everything that built the run, and is flushed every 0.2 s.
"""

from __future__ import annotations

import base64
import json
import sys
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from rclpy.node import Node
from skillkit_interfaces.msg import Step, StepResult, TreeSnapshot
from std_msgs.msg import String

from skillkit.assembly import Description
from skillkit.bags import BagError, BagWriter, fingerprint
from skillkit.bags.cdr import Codec
from skillkit.bags.schemas import STEP, STEP_RESULT, TREE_SNAPSHOT, schema
from skillkit.bags.standard import Joints, standard_messages
from skillkit.bags.write import RESULT_TOPIC, STEP_TOPIC, TREE_TOPIC
from skillkit.exceptions import InvalidValue
from skillkit.records import time_of
from skillkit.ros import names, process
from skillkit.ros.companion import show_life
from skillkit.ros.parameters import declare

PARAMETERS = {
    "bag": ("", "the file to write; it must not exist"),
}
FLUSH_EVERY = 0.2  # [s]
PENDING = 1_000  # steps kept whose result has not come yet
TOPICS = {STEP: STEP_TOPIC, STEP_RESULT: RESULT_TOPIC, TREE_SNAPSHOT: TREE_TOPIC}


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
        self.writer: BagWriter | None = None  # made when the description of the run has come
        self.arms: dict[str, Joints] = {}
        self.waiting: list[tuple[str, bytes]] = []
        self.codecs = {name: Codec(name, schema(name)) for name in (STEP, STEP_RESULT, TREE_SNAPSHOT)}
        self.steps: dict[int, dict[str, Any]] = {}
        self.create_subscription(String, names.DESCRIPTION, self._describe, names.LATCHED)
        for kind, topic, name in ((Step, names.STEP, STEP), (StepResult, names.RESULT, STEP_RESULT), (TreeSnapshot, names.TREE, TREE_SNAPSHOT)):
            self.create_subscription(kind, topic, partial(self._take, name), names.EVERY, raw=True)
        self.create_timer(FLUSH_EVERY, self._flush)

    def close(self) -> None:
        """Write the index."""
        if self.writer is not None:
            self.writer.close()

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
        self.writer = BagWriter(self.path, arms=self.arms)
        for name, data in files.items():
            self.writer.attach(name, data, "application/json" if name.endswith(".json") else "text/plain")
        run = description.run
        self.writer.metadata("run", {"task": run.get("task", ""), "robot": run["cell"]["name"], "seed": run.get("seed", "")})
        self.writer.metadata("platform", fingerprint())
        for name, data in self.waiting:
            self._write(self.writer, name, data)
        self.waiting = []
        self.sign_of_life = show_life(self, names.RECORDER_ALIVE)

    def _take(self, name: str, data: bytes) -> None:
        if self.writer is not None:
            self._write(self.writer, name, data)
        else:
            self.waiting.append((name, data))

    def _write(self, writer: BagWriter, name: str, data: bytes) -> None:
        message = self.codecs[name].decode(data)
        time = time_of(message)
        writer.write_raw(TOPICS[name], name, data, time)
        if name == STEP:
            self.steps[message["tick"]] = message
            while len(self.steps) > PENDING:
                self.steps.pop(next(iter(self.steps)))
        elif name == STEP_RESULT and message["tick"] in self.steps:
            step = self.steps.pop(message["tick"])
            for topic, schema_name, entry in standard_messages(step, message, self.arms):
                writer.write(topic, schema_name, entry, time)


def main() -> None:
    """Entry point of the process."""
    sys.exit(process.run(Recorder))


if __name__ == "__main__":
    main()
