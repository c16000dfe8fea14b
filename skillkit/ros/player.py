"""A process that publishes a bag again, for viewers. To debug decisions, re-execute it instead.

Services are named as those of rosbag2's player and take no arguments: ``~/pause``, ``~/resume``, ``~/toggle_paused``, ``~/is_paused``,
``~/play_next``, ``~/stop`` (std_srvs/Trigger). What takes a number is a parameter that may be set while it plays: ``rate``, and ``position``
[s] from the beginning of the bag, forwards or back.
"""

from __future__ import annotations

import importlib
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from builtin_interfaces.msg import Time
from rcl_interfaces.msg import SetParametersResult
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.publisher import Publisher
from rosgraph_msgs.msg import Clock
from std_srvs.srv import Trigger

from skillkit.bags import Bag, open_bag
from skillkit.bags.playback import Playback
from skillkit.exceptions import InvalidValue
from skillkit.records import time_fields
from skillkit.ros import process
from skillkit.ros.names import EVERY
from skillkit.ros.parameters import declare, pairs, words

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
}
DISCOVERY = 1.0  # [s] that subscribers are given before the first message
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
        for name in ("pause", "resume", "toggle_paused", "is_paused", "play_next", "stop"):
            self.create_service(Trigger, f"~/{name}", self._service(getattr(self, f"_{name}")))
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
                found[name] = self.create_publisher(kind, new, EVERY)
        return found

    # -- what others ask for, on the executor's thread -----------------------------------------------------------------------------------------

    def _service(self, do: Callable[[], str]) -> Callable[[Trigger.Request, Trigger.Response], Trigger.Response]:
        def answer(request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
            with self._changed:
                response.message, response.success = do(), True
                self._changed.notify_all()
            return response

        return answer

    def _pause(self) -> str:
        self._tape.paused = True
        return "paused"

    def _resume(self) -> str:
        self._tape.paused = False
        return "playing"

    def _toggle_paused(self) -> str:
        return self._resume() if self._tape.paused else self._pause()

    def _is_paused(self) -> str:
        return "paused" if self._tape.paused else "playing"

    def _play_next(self) -> str:
        self._tape.step()
        return "one message" if self._tape.paused else "it is playing"

    def _stop(self) -> str:
        self._stopped = True
        return "stopped"

    def _set(self, parameters: list[Parameter]) -> SetParametersResult:
        with self._changed:
            try:
                for parameter in parameters:
                    if parameter.name == "rate":
                        self._tape.set_rate(float(parameter.value))
                    elif parameter.name == "position":
                        self._tape.seek(float(parameter.value))
            except (InvalidValue, TypeError, ValueError) as error:
                return SetParametersResult(successful=False, reason=str(error))
            self._changed.notify_all()
        return SetParametersResult(successful=True)

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
        if topic in self._outputs:
            self._outputs[topic].publish(data)


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
