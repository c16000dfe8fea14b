"""A node that is spun in a thread: what a driver and the emulation of its robot live on in one test."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import rclpy
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node


@contextmanager
def spun(name: str) -> Iterator[Node]:
    """The node, in a context of its own."""
    context, stop = Context(), threading.Event()
    rclpy.init(context=context)
    node = rclpy.create_node(name, context=context)
    executor = SingleThreadedExecutor(context=context)
    executor.add_node(node)

    def spin() -> None:
        while not stop.is_set():
            executor.spin_once(timeout_sec=0.05)

    thread = threading.Thread(target=spin, daemon=True)
    thread.start()
    try:
        yield node
    finally:
        stop.set()
        thread.join(2.0)
        executor.shutdown(timeout_sec=1.0)
        node.destroy_node()
        rclpy.try_shutdown(context=context)


def until(condition: Callable[[], bool], what: str, within: float = 30.0, meanwhile: Callable[[], None] = lambda: None) -> None:
    """Wait for it.

    Raises:
        AssertionError: it does not come.
    """
    end = time.monotonic() + within
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"not within {within:g} s: {what}")
        meanwhile()
        time.sleep(0.01)
