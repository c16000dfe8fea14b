"""What a test sees of a running system: its own node in its own thread."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import rclpy
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from sensor_msgs.msg import JointState
from skillkit_interfaces.msg import StepResult

from skillkit.embodiment import Embodiment

PANDA = Embodiment.load("panda")


class Observer:
    """Joint states and step results with the time at which they arrived; a context manager."""

    def __init__(self) -> None:
        self.context = Context()
        rclpy.init(context=self.context)
        self.node = rclpy.create_node("observer", context=self.context)
        self.states: list[tuple[float, Any]] = []  # (received [s, monotonic], (n,) joint speeds)
        self.results: list[tuple[float, StepResult]] = []
        self.node.create_subscription(JointState, "joint_states", self._state, 10)
        self.node.create_subscription(StepResult, "result", lambda message: self.results.append((time.monotonic(), message)), 500)
        self.executor = SingleThreadedExecutor(context=self.context)
        self.executor.add_node(self.node)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._spin, daemon=True)

    def __enter__(self) -> Observer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(5.0)
        self.executor.shutdown(timeout_sec=1.0)
        self.node.destroy_node()
        rclpy.try_shutdown(context=self.context)

    def _spin(self) -> None:
        while not self._stop.is_set():
            self.executor.spin_once(timeout_sec=0.05)

    def _state(self, message: JointState) -> None:
        self.states.append((time.monotonic(), np.array(message.velocity[: PANDA.n])))

    @property
    def speed(self) -> float:
        """Fastest joint now [rad/s]."""
        return float(np.abs(self.states[-1][1]).max()) if self.states else 0.0

    def until(self, condition: Callable[[], bool], within: float, what: str) -> float:
        """Wait for a condition; how long it took [s]."""
        begun = time.monotonic()
        while not condition():
            if time.monotonic() - begun > within:
                raise AssertionError(f"{what}: not within {within:g} s")
            time.sleep(0.002)
        return time.monotonic() - begun

    def braking_time(self, moment: float, window: float) -> float:
        """Largest |v|/a [s] of what was seen within ``window`` [s] after ``moment``: from there the arm brakes."""
        seen = [speeds for received, speeds in self.states if moment <= received <= moment + window]
        return max(float((np.abs(speeds) / PANDA.acceleration).max()) for speeds in seen)

    def at_rest_after(self, moment: float, limit: float = 0.01) -> float:
        """Seconds from ``moment`` until the fastest joint fell below ``limit`` [rad/s] and stayed there."""
        moving = [received for received, speeds in self.states if received > moment and float(np.abs(speeds).max()) >= limit]
        return max(moving, default=moment) - moment
