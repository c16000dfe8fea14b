"""A listener to everything that a runtime says about itself; it decides nothing and asks nothing."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic
from typing import Any

import rclpy
from diagnostic_msgs.msg import DiagnosticArray
from rclpy.experimental import EventsExecutor
from rclpy.qos import HistoryPolicy, QoSProfile, ReliabilityPolicy
from rclpy.serialization import deserialize_message
from skillkit_interfaces.msg import Step, StepResult, TreeSnapshot

from skillkit.ros.names import EVERY, NEWEST, RESULT, STEP, TREE

Hear = Callable[[Any], None]
LOOK_EVERY = 0.05  # [s]
PATIENT = QoSProfile(depth=5000, reliability=ReliabilityPolicy.RELIABLE, history=HistoryPolicy.KEEP_LAST)
"""Every result, also for a listener that the machine leaves waiting for a while."""


def listen(namespace: str, on_tree: Hear, on_step: Hear, on_result: Hear, on_health: Hear, go_on: Callable[[], bool]) -> None:
    """Hand messages over until ``go_on`` says no; it is asked every 0.05 s. Of the steps only the newest is read: they are many, and large."""
    newest: list[bytes] = []
    with rclpy.init():
        node = rclpy.create_node("watch", namespace=namespace)
        node.create_subscription(TreeSnapshot, TREE, on_tree, EVERY)
        node.create_subscription(StepResult, RESULT, on_result, PATIENT)
        node.create_subscription(Step, STEP, lambda data: newest.__setitem__(slice(None), [data]), NEWEST, raw=True)
        node.create_subscription(DiagnosticArray, "/diagnostics", on_health, 10)
        executor = EventsExecutor()
        executor.add_node(node)
        try:
            due = monotonic()
            while True:
                executor.spin_once(timeout_sec=LOOK_EVERY)
                if monotonic() < due:
                    continue
                due = monotonic() + LOOK_EVERY
                for data in newest:
                    on_step(deserialize_message(data, Step))
                newest.clear()
                if not go_on():
                    return
        finally:
            executor.shutdown(timeout_sec=1.0)
            node.destroy_node()
