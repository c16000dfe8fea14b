"""A process that publishes a bag again, for viewers. To debug decisions, re-execute it instead.

Services are named as those of rosbag2's player, see :mod:`skillkit.ros.player_services`. What takes a number is a parameter that may be set
while it plays: ``rate``; ``position`` [s] from the beginning of the bag; ``step``, such as ``-1``, ``10 ticks`` or ``-0.5 s``, while paused.

In lock-step the whole tape waits for the slowest consumer: until the middleware of every subscriber has each message (``received``), or
until every subscriber has said so (``done``), by one std_msgs/Empty on ``~/done`` for each message that it has worked off.
"""

from __future__ import annotations

import importlib
import sys
import threading
import time
from typing import Any

from builtin_interfaces.msg import Time
from rcl_interfaces.msg import SetParametersResult
from rclpy.duration import Duration
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.publisher import Publisher
from rosgraph_msgs.msg import Clock
from std_msgs.msg import Empty

from skillkit.bags import Bag, open_bag
from skillkit.bags.playback import Playback
from skillkit.exceptions import InvalidValue
from skillkit.records import time_fields
from skillkit.ros import process
from skillkit.ros.names import EVERY, STATIC_TRANSFORMS
from skillkit.ros.parameters import declare, pairs, words
from skillkit.ros.player_services import offer

PARAMETERS = {
    "bag": ("", "the file to play"),
    "rate": (1.0, "times the recorded speed"),
    "start": (0.0, "[s] from the beginning of the bag"),
    "loop": ("", "A,B: repeat from A to B [s]"),
    "topics": ("", "patterns of topics, separated by commas; all if empty"),
    "remap": ("", "/old=/new;/other=/name"),
    "clock": (False, "publish /clock with the time of the bag"),
    "paused": (False, "begin paused"),
    "position": (-1.0, "set it to go there [s]"),
    "step": ("", "set it to go on while paused: 1, 10 ticks, 0.5 s; below 0 to go back"),
    "lock_step": ("", "wait for the slowest consumer: received or done"),
}
DISCOVERY = 1.0  # [s] that subscribers are given before the first message
LOCK_STEPS = ("", "received", "done")
LOOK_AGAIN = 0.1  # [s] while nothing is due


class Player(Node):
    """Publishes every topic whose type is installed, under its recorded name below the node's namespace."""

    def __init__(self) -> None:
        super().__init__("player")
        given = declare(self, PARAMETERS)
        self._bag: Bag = open_bag(given["bag"])
        self._tape = Playback(self._bag, words(given["topics"]), given["start"], given["rate"], _loop(given["loop"]))
        self._tape.paused = given["paused"]
        self._outputs = self._publishers_of(self._bag, pairs(given["remap"]))
        self._clock_output = self.create_publisher(Clock, "/clock", EVERY) if given["clock"] else None
        self._changed = threading.Condition()
        self._stopped = False
        self._lock_step, self._done = given["lock_step"], 0
        if self._lock_step not in LOCK_STEPS:
            raise InvalidValue("lock_step", self._lock_step, ", ".join(filter(None, LOCK_STEPS)))
        if self._lock_step == "done":
            self.create_subscription(Empty, "~/done", self._note_done, EVERY)
        offer(self, self._tape, self._changed, self._stop)
        self.add_on_set_parameters_callback(self._set)
        self._thread = threading.Thread(target=self._play, name="play", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop playing."""
        with self._changed:
            self._stop()
            self._changed.notify_all()
        self._thread.join(2.0)
        self._bag.close()

    def _publishers_of(self, bag: Bag, renamed: dict[str, str]) -> dict[str, Publisher]:
        found = {}
        for name in self._tape.topics:
            kind = message_type(bag.topics[name].type)
            if kind is None:
                self.get_logger().warning(f"{name} is passed over: {bag.topics[name].type} is not installed")
            else:
                new = renamed.get(name, name.lstrip("/"))
                found[name] = self.create_publisher(kind, new, STATIC_TRANSFORMS if bag.topics[name].latched else EVERY)
        return found

    # -- what others ask for, on the executor's thread -----------------------------------------------------------------------------------------

    def _stop(self) -> None:
        self._stopped = True

    def _note_done(self, message: Empty) -> None:
        with self._changed:
            self._done += 1
            self._changed.notify_all()

    def _set(self, parameters: list[Parameter]) -> SetParametersResult:
        with self._changed:
            try:
                for parameter in parameters:
                    self._set_one(parameter.name, parameter.value)
            except (InvalidValue, TypeError, ValueError) as error:
                return SetParametersResult(successful=False, reason=str(error))
            self._changed.notify_all()
        return SetParametersResult(successful=True)

    def _set_one(self, name: str, value: Any) -> None:
        match name:
            case "rate":
                self._tape.set_rate(float(value))
            case "position":
                self._tape.seek(float(value))
            case "step":
                count, _, unit = value.partition(" ")
                self._tape.step(float(count), unit or "messages")

    # -- the thread ------------------------------------------------------------------------------------------------------------------------------

    def _play(self) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._stopped, DISCOVERY)
            while not self._stopped and not self._tape.ended:
                due = self._tape.due(time.monotonic())
                wait = LOOK_AGAIN if due is None else due - time.monotonic()
                if wait > 0.0:
                    self._changed.wait(wait)
                    continue
                record = self._tape.take(time.monotonic())
                if record is not None:
                    self._publish(record.topic, record.data)
        process.end()

    def _publish(self, topic: str, data: bytes) -> None:
        if self._clock_output is not None:
            self._clock_output.publish(Clock(clock=Time(**time_fields(self._tape.position))))
        output = self._outputs.get(topic)
        if output is not None:
            self._done = 0
            output.publish(data)
            while not self._stopped and not self._arrived(output):
                self._changed.wait(LOOK_AGAIN)

    def _arrived(self, output: Publisher) -> bool:
        """Whether every consumer of the last message is ready for another one."""
        if self._lock_step == "done":
            return self._done >= output.get_subscription_count()
        return not self._lock_step or bool(output.wait_for_all_acked(Duration(seconds=LOOK_AGAIN)))


def _loop(text: str) -> tuple[float, float] | None:
    try:
        parts = [float(word) for word in words(text)]
    except ValueError:
        parts = [0.0]
    if parts and len(parts) != 2:
        raise InvalidValue("loop", text, "A,B in seconds")
    return (parts[0], parts[1]) if parts else None


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
