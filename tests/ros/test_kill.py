"""kill −9 of each process in turn, over real ROS 2: the arm comes to rest, the ending has a name, the bag is readable."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

pytest.importorskip("rclpy")
pytestmark = [pytest.mark.ros, pytest.mark.timeout(180)]

from ros_observer import Observer  # noqa: E402

from skillkit.bags import open_bag  # noqa: E402
from skillkit.ros.children import Children  # noqa: E402
from skillkit.ros.processes import Setup, bringup  # noqa: E402

DETECTION = 0.1  # [s] allowed beside the braking time v/a
FAST = 0.3  # [rad/s] the arm has to move at least this fast when the process dies


class Running(NamedTuple):
    """A system whose arm is moving."""

    observer: Observer
    children: Children
    client: multiprocessing.process.BaseProcess
    bag: Path


def ask_for_coffee() -> None:
    """The client process."""
    import rclpy

    from skillkit.ros.client import TaskClient

    with rclpy.init():
        client = TaskClient()
        client.wait_until_ready(60.0)
        client.run("prepare_coffee", {})


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    bag = tmp_path / "run.mcap"
    with Observer() as observer, Children(bringup(Setup(robot="panda", tasks=("prepare_coffee",), bag=str(bag))), tmp_path) as children:
        client = multiprocessing.get_context("spawn").Process(target=ask_for_coffee, daemon=True)
        client.start()
        try:
            observer.until(lambda: observer.speed > FAST and bool(observer.results.messages), 90.0, "the arm moves")
            yield Running(observer, children, client, bag)
        finally:
            client.kill()
            client.join(5.0)


def kill(pid: int | None) -> float:
    """SIGKILL; when it was sent, monotonic clock [s]."""
    moment = time.monotonic()
    os.kill(pid or 0, signal.SIGKILL)
    return moment


def unsafe_after(observer: Observer, moment: float) -> list[float]:
    """When the gate stopped an arm on its own account, monotonic clock [s]."""
    return [sent for sent, result in observer.results.timed() if sent > moment and any(not command.safe for command in result.commands)]


def readable_until(bag: Path) -> float:
    """Task clock of the last step that can be read [s]."""
    with open_bag(bag) as found:
        return max(float(step["now"]) for step, _ in found.steps())


def test_a_killed_runtime_leaves_the_arm_braking_and_the_bag_readable(running: Running) -> None:
    observer = running.observer
    moment = kill(running.children.running["runtime"].pid)
    time.sleep(1.0)
    assert observer.at_rest_after(moment) <= observer.braking_time(moment, DETECTION) + DETECTION
    last = observer.results.messages[-1].header.stamp
    time.sleep(0.3)
    assert readable_until(running.bag) >= last.sec + 1e-9 * last.nanosec - 0.3


@pytest.mark.parametrize("who", ["client", "recorder"])
def test_a_goal_whose_client_or_recorder_was_killed_is_preempted_with_the_arm_at_rest(running: Running, who: str) -> None:
    observer = running.observer
    last = observer.results.messages[-1].header.stamp
    moment = kill(running.client.pid if who == "client" else running.children.running["recorder"].pid)
    observer.until(lambda: any(result.ended for result in observer.results.messages), 5.0, "the goal ends")
    ended = next(ended for result in observer.results.messages for ended in result.ended)
    assert ended.outcome == "PREEMPTED"
    assert who in ended.reason
    time.sleep(0.5)
    assert observer.at_rest_after(moment) <= observer.braking_time(moment, DETECTION) + DETECTION
    assert readable_until(running.bag) >= last.sec + 1e-9 * last.nanosec - 0.3


def test_a_silent_driver_makes_the_goal_unsafe_within_100_ms(running: Running) -> None:
    observer = running.observer
    moment = kill(running.children.running["simulator"].pid)
    observer.until(lambda: bool(unsafe_after(observer, moment)), 5.0, "the gate stops the arm")
    stopped = unsafe_after(observer, moment)[0]
    assert stopped - moment <= DETECTION
    observer.until(lambda: any(result.ended for result in observer.results.messages), 5.0, "the goal ends")
    ended = next(ended for result in observer.results.messages for ended in result.ended)
    assert (ended.outcome, "stale" in ended.reason) == ("UNSAFE", True)
