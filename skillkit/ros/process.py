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
from contextlib import nullcontext

os.environ.setdefault("ROS_PYTHON_CHECK_FIELDS", "1")  # read once, when the first message is imported

import rclpy
from rclpy.executors import ExternalShutdownException
from rclpy.experimental import EventsExecutor
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions

from skillkit.exceptions import SkillkitError
from skillkit.ros.priority import raise_process, raised_threads

WAKE_EVERY = 0.1  # [s] longest time until a signal is noticed


_stop = threading.Event()
_status = 0


def end(status: int = 0) -> None:
    """Ask this process to end with an exit status, from any thread."""
    global _status
    _status = status
    _stop.set()


def run(make: Callable[[], Node], real_time: bool = False) -> int:
    """Make a node and spin it until the process is asked to end; the process's exit status.

    Args:
        real_time: the process has a control loop and asks for a priority above ordinary processes.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: _stop.set())
    if real_time:
        raise_process()
    node = None
    try:
        with nullcontext() if real_time else raised_threads():
            rclpy.init(signal_handler_options=SignalHandlerOptions.NO)
            node = make()
        _spin(node)
    except SkillkitError as error:
        print(error, file=sys.stderr)
        return 1
    finally:
        if node is not None:
            getattr(node, "close", lambda: None)()
            node.destroy_node()
        rclpy.try_shutdown()
    return _status


def _spin(node: Node) -> None:
    executor = EventsExecutor()
    for each in (node, *getattr(node, "companions", ())):
        executor.add_node(each)
    try:
        while not _stop.is_set():
            try:
                executor.spin_once(timeout_sec=WAKE_EVERY)
            except ExternalShutdownException:
                return
            except Exception as error:  # a bug in one callback must not take the others down
                node.get_logger().error(f"{type(error).__name__}: {error}")
    finally:
        executor.shutdown(timeout_sec=1.0)
