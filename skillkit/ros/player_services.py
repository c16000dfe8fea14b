"""What others may ask of a player, under the names that rosbag2's player gives to its services.

Where ``rosbag2_interfaces`` is installed, the services have its types. Elsewhere those that take no argument are ``std_srvs/Trigger``, whose
message says what is, and what takes a number is a parameter of the node.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from rclpy.node import Node
from std_srvs.srv import Trigger

from skillkit.bags.playback import Playback

try:
    from rosbag2_interfaces import srv as rosbag2
except ImportError:  # not among the wheels
    rosbag2 = None

Act = Callable[[Any], str]


def offer(node: Node, tape: Playback, changed: threading.Condition, stop: Callable[[], None]) -> None:
    """Create the services; each acts under ``changed`` and notifies whoever waits on it."""

    def service(kind: Any, act: Act) -> Callable[[Any, Any], Any]:
        def answer(request: Any, response: Any) -> Any:
            with changed:
                words = act(request)
                changed.notify_all()
            told = {"success": True, "message": words, "paused": tape.paused, "rate": tape.rate, "actually_burst": getattr(request, "num_messages", 0)}
            for name in told.keys() & response.get_fields_and_field_types().keys():
                setattr(response, name, told[name])
            return response

        return answer

    for name, act in _without_arguments(tape, stop).items():
        kind = getattr(rosbag2, _class_name(name), Trigger) if rosbag2 is not None else Trigger
        node.create_service(kind, f"~/{name}", service(kind, act))
    for name, act in _with_arguments(tape).items() if rosbag2 is not None else ():
        kind = getattr(rosbag2, _class_name(name))
        node.create_service(kind, f"~/{name}", service(kind, act))


def _without_arguments(tape: Playback, stop: Callable[[], None]) -> dict[str, Act]:
    def pause(paused: bool) -> str:
        tape.paused = paused
        return "paused" if paused else "playing"

    def step(count: int) -> str:
        tape.step(count)
        return "one message" if tape.paused else "it is playing"

    def end() -> str:
        stop()
        return "stopped"

    return {
        "pause": lambda _: pause(True),
        "resume": lambda _: pause(False),
        "toggle_paused": lambda _: pause(not tape.paused),
        "is_paused": lambda _: pause(tape.paused),
        "play_next": lambda _: step(1),
        "play_previous": lambda _: step(-1),
        "stop": lambda _: end(),
    }


def _with_arguments(tape: Playback) -> dict[str, Act]:
    def set_rate(request: Any) -> str:
        tape.set_rate(request.rate)
        return ""

    def seek(request: Any) -> str:
        tape.seek(request.time.sec + 1e-9 * request.time.nanosec - tape.bag.start)
        return ""

    def burst(request: Any) -> str:
        tape.step(request.num_messages)
        return ""

    return {"get_rate": lambda _: "", "set_rate": set_rate, "seek": seek, "burst": burst}


def _class_name(name: str) -> str:
    return "".join(word.capitalize() for word in name.split("_"))
