"""The frame of every node's process: initialise, spin one executor, leave cleanly on SIGINT and SIGTERM.

The executor is single-threaded and driven by events: at 750 messages a second it takes a third of the time of the one that builds a wait
set for each, and what it does not take is left to the control thread. It is spun with a finite timeout; without one it cannot be ended.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

os.environ.setdefault("ROS_PYTHON_CHECK_FIELDS", "1")  # read once, when the first message is imported

import rclpy
from rclpy.executors import ExternalShutdownException
from rclpy.experimental import EventsExecutor
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions

from skillkit.exceptions import SkillkitError

WAKE_EVERY = 0.1  # [s] longest time until a signal is noticed
PRIORITY = 20  # of SCHED_FIFO, 1 to 99; those of the kernel's interrupt threads are 50


class Closable(Protocol):
    """A node that must be told when its process ends."""

    def close(self) -> None:
        """Leave the world as it should be found; the node is destroyed afterwards."""


def run(make: Callable[[], Node], real_time: bool = False) -> int:
    """Make a node and spin it until the process is asked to end; the process's exit status.

    Args:
        real_time: ask for a scheduling priority above ordinary processes; where that is not allowed, all goes on without.
    """
    if real_time:
        _ask_for_priority()
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    rclpy.init(signal_handler_options=SignalHandlerOptions.NO)
    node = None
    try:
        node = make()
        _spin(node, stop)
    except SkillkitError as error:
        print(error, file=sys.stderr)
        return 1
    finally:
        if node is not None:
            getattr(node, "close", lambda: None)()
            node.destroy_node()
        rclpy.try_shutdown()
    return 0


def _ask_for_priority() -> None:
    """SCHED_FIFO for the whole process: a control thread of high priority would still wait for an interpreter lock held by one of low."""
    with suppress(OSError, AttributeError):
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(PRIORITY))


def _spin(node: Node, stop: threading.Event) -> None:
    executor = EventsExecutor()
    executor.add_node(node)
    try:
        while not stop.is_set():
            try:
                executor.spin_once(timeout_sec=WAKE_EVERY)
            except ExternalShutdownException:
                return
            except Exception as error:  # a bug in one callback must not take the others down
                node.get_logger().error(f"{type(error).__name__}: {error}")
    finally:
        executor.shutdown(timeout_sec=1.0)
