"""A listener to everything that a runtime says about itself; it decides nothing and asks nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import rclpy
from diagnostic_msgs.msg import DiagnosticArray
from rclpy.executors import SingleThreadedExecutor
from skillkit_interfaces.msg import Step, StepResult, TreeSnapshot

from skillkit.ros.names import EVERY, RESULT, STEP, TREE

Hear = Callable[[Any], None]


def listen(namespace: str, on_tree: Hear, on_step: Hear, on_result: Hear, on_health: Hear, go_on: Callable[[], bool]) -> None:
    """Hand every message over until ``go_on`` says no; it is asked again and again."""
    with rclpy.init():
        node = rclpy.create_node("watch", namespace=namespace)
        for kind, topic, hear in ((TreeSnapshot, TREE, on_tree), (Step, STEP, on_step), (StepResult, RESULT, on_result)):
            node.create_subscription(kind, topic, hear, EVERY)
        node.create_subscription(DiagnosticArray, "/diagnostics", on_health, 10)
        executor = SingleThreadedExecutor()
        executor.add_node(node)
        try:
            while go_on():
                executor.spin_once(timeout_sec=0.05)
        finally:
            executor.shutdown(timeout_sec=1.0)
            node.destroy_node()
