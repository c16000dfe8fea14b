"""A process that publishes a bag again, at the times at which it was recorded, for viewers. To debug decisions, re-execute it instead."""

from __future__ import annotations

import importlib
import sys
import threading
import time
from typing import Any

from rclpy.node import Node
from rclpy.publisher import Publisher

from skillkit.bags import Bag, open_bag
from skillkit.exceptions import InvalidValue
from skillkit.ros import process
from skillkit.ros.names import EVERY
from skillkit.ros.parameters import declare

PARAMETERS = {"bag": ("", "the file to play"), "rate": (1.0, "times the recorded speed")}
DISCOVERY = 1.0  # [s] that subscribers are given before the first message


class Player(Node):
    """Publishes every topic whose type is installed, under its recorded name below the node's namespace."""

    def __init__(self) -> None:
        super().__init__("player")
        given = declare(self, PARAMETERS)
        if not given["rate"] > 0.0:
            raise InvalidValue("rate", given["rate"], "a number above 0")
        self._rate = given["rate"]
        self._bag: Bag = open_bag(given["bag"])
        self._outputs = self._publishers_of(self._bag)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._play, name="play", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop playing."""
        self._stop.set()
        self._thread.join(2.0)
        self._bag.close()

    def _publishers_of(self, bag: Bag) -> dict[str, Publisher]:
        found = {}
        for name, topic in bag.topics.items():
            kind = message_type(topic.type)
            if kind is None:
                self.get_logger().warning(f"{name} is passed over: {topic.type} is not installed")
            else:
                found[name] = self.create_publisher(kind, name.lstrip("/"), EVERY)
        return found

    def _play(self) -> None:
        self._stop.wait(DISCOVERY)
        begun = time.monotonic()
        for record in self._bag.raw_messages(list(self._outputs)):
            due = begun + (record.stamp / 1e9 - self._bag.start) / self._rate
            if self._stop.wait(max(0.0, due - time.monotonic())):
                return
            self._outputs[record.topic].publish(record.data)
        process.end()


def message_type(name: str) -> Any:
    """The class of ``package/msg/Type``; ``None`` where it is not installed."""
    package, _, kind = name.partition("/msg/")
    try:
        return getattr(importlib.import_module(f"{package}.msg"), kind)
    except (ImportError, AttributeError):
        return None


def main() -> None:
    """Entry point of the process."""
    sys.exit(process.run(Player))


if __name__ == "__main__":
    main()
