"""Watches that come and go while those whom they watch do, over real DDS: the process that watches must live on, and see every death."""

from __future__ import annotations

import multiprocessing
import random
import time

import pytest

pytest.importorskip("rclpy")
pytestmark = pytest.mark.ros

import rclpy  # noqa: E402
from rclpy.experimental import EventsExecutor  # noqa: E402

from skillkit.ros.companion import Lookout, SignOfLife, Watch  # noqa: E402

SECONDS = 6.0  # where each watch had a subscription of its own, the process crashed within 1 to 60
NAMES = [f"one_{number}" for number in range(5)]


def come_and_go() -> None:
    draws = random.Random(1)
    with rclpy.init():
        while True:
            node = rclpy.create_node("companion")
            sign = SignOfLife(node)
            for name in draws.choices(NAMES, k=20):
                sign.show(name)
                time.sleep(draws.uniform(0.001, 0.03))
            sign.close()
            node.destroy_node()


def watch() -> None:
    draws = random.Random(2)
    rclpy.init()
    node = rclpy.create_node("watcher")
    lookout, executor = Lookout(node, 0.06), EventsExecutor()
    watches: list[Watch] = []
    seen: set[str] = set()

    def turn() -> None:
        if len(watches) == len(NAMES):
            watches.pop(draws.randrange(len(NAMES))).close()
        watches.append(Watch(lookout, draws.choice(NAMES), lambda: None))
        seen.update(lookout.companions)

    node.create_timer(0.002, turn)
    executor.add_node(node)
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        executor.spin_once(timeout_sec=0.1)
    lookout.close()
    assert seen == set(NAMES)


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
