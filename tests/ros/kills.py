"""kill −9 of one process of a running system, over real ROS 2, and what followed: measured here, judged by the tests and the benchmark."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

from ros_observer import Observer

from skillkit.bags import open_bag
from skillkit.ros.children import Children
from skillkit.ros.processes import Setup, bringup

PROCESSES = ("runtime", "recorder", "client", "simulator")
DETECTION = 0.1  # [s] in which a death should be noticed
FAST = 0.3  # [rad/s] the arm has to move at least this fast when the process dies


@dataclass(frozen=True)
class Kill:
    """What followed a death.

    Attributes:
        rest_after: until every joint was slower than 0.01 rad/s for good [s]; nan where nobody was left to tell.
        braking: v/a of the slowest joint to brake at that moment [s].
        unsafe_after: until the gate stopped the arm on its own account [s]; nan where it did not.
        outcome, reason: of the goal; empty where the runtime was the one that died.
        bag_lost: task time between the last step seen and the last one that the bag gives [s].
    """

    who: str
    rest_after: float
    braking: float
    unsafe_after: float
    outcome: str
    reason: str
    bag_lost: float


def ask_for_coffee() -> None:
    """The client process."""
    import rclpy

    from skillkit.ros.client import TaskClient

    with rclpy.init():
        client = TaskClient()
        client.wait_until_ready(60.0)
        client.run("prepare_coffee", {})


def measure(who: str, folder: Path) -> Kill:
    """Start everything, kill ``who`` while the arm moves, and watch."""
    bag = folder / f"{who}.mcap"
    with Observer() as observer, Children(bringup(Setup(robot="panda", tasks=("prepare_coffee",), bag=str(bag))), folder) as children:
        client = multiprocessing.get_context("spawn").Process(target=ask_for_coffee, daemon=True)
        client.start()
        try:
            observer.until(lambda: observer.speed > FAST and bool(observer.results.messages), 90.0, "the arm moves")
            last = observer.results.messages[-1].header.stamp
            pid = client.pid if who == "client" else children.running[who].pid
            moment = time.monotonic()
            os.kill(pid or 0, signal.SIGKILL)
            return _watch(who, observer, bag, moment, last.sec + 1e-9 * last.nanosec)
        finally:
            client.kill()
            client.join(5.0)


def _watch(who: str, observer: Observer, bag: Path, moment: float, last: float) -> Kill:
    outcome = reason = ""
    if who != "runtime":
        observer.until(lambda: any(result.ended for result in observer.results.messages), 10.0, "the goal ends")
        ended = next(ended for result in observer.results.messages for ended in result.ended)
        outcome, reason = ended.outcome, ended.reason
    time.sleep(1.0)
    unsafe = [sent - moment for sent, result in observer.results.timed() if sent > moment and any(not command.safe for command in result.commands)]
    moving = who != "simulator"
    with open_bag(bag) as found:
        read = max(float(step["now"]) for step, _ in found.steps())
    return Kill(
        who=who,
        rest_after=observer.at_rest_after(moment) if moving else float("nan"),
        braking=observer.braking_time(moment, DETECTION) if moving else float("nan"),
        unsafe_after=min(unsafe, default=float("nan")),
        outcome=outcome,
        reason=reason,
        bag_lost=max(0.0, last - read),
    )
