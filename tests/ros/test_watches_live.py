"""Watches that come and go while those whom they watch do: a process that spins the events executor must live on (rclpy issue 1644)."""

from __future__ import annotations

import multiprocessing
import random
import time

import pytest

pytest.importorskip("rclpy")
pytestmark = pytest.mark.ros

import rclpy  # noqa: E402
from rclpy.experimental import EventsExecutor  # noqa: E402

from skillkit.ros.companion import Lookout, Watch, show_life  # noqa: E402

SECONDS = 6.0  # where they were destroyed under the events executor itself, the process crashed within 1 to 5
TOPICS = [f"alive/one_{number}" for number in range(5)]


def come_and_go() -> None:
    draws = random.Random(1)
    with rclpy.init():
        node = rclpy.create_node("companions")
        while True:
            signs = [show_life(node, topic) for topic in TOPICS]
            time.sleep(draws.uniform(0.001, 0.03))
            for sign in signs:
                node.destroy_publisher(sign)


def watch() -> None:
    draws = random.Random(2)
    rclpy.init()
    node = rclpy.create_node("watcher")
    lookout, executor = Lookout(node), EventsExecutor()
    watches: list[Watch] = []

    def turn() -> None:
        if len(watches) == len(TOPICS):
            watches.pop(draws.randrange(len(TOPICS))).close()
        watches.append(Watch(lookout, draws.choice(TOPICS), 0.06, lambda: None))

    node.create_timer(0.002, turn)
    executor.add_node(node)
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        executor.spin_once(timeout_sec=0.1)
    lookout.close()


def test_a_watch_may_end_while_its_companion_leaves() -> None:
    spawn = multiprocessing.get_context("spawn")
    others = [spawn.Process(target=come_and_go, daemon=True) for _ in range(2)]
    watcher = spawn.Process(target=watch, daemon=True)
    for process in (*others, watcher):
        process.start()
    try:
        watcher.join(60.0)
        assert watcher.exitcode == 0
    finally:
        for process in (*others, watcher):
            process.kill()
            process.join()
