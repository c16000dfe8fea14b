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


class Stream:
    """Messages in the order of arrival, with the time at which each was sent, on this process's monotonic clock.

    That time is the sender's stamp plus the smallest delay seen: this process may be slower than what it looks at.
    """

    def __init__(self) -> None:
        self.messages: list[Any] = []
        self._stamps: list[float] = []
        self._offset = float("inf")

    def take(self, message: Any) -> None:
        stamp = message.header.stamp.sec + 1e-9 * message.header.stamp.nanosec
        self._offset = min(self._offset, time.monotonic() - stamp)
        self._stamps.append(stamp)
        self.messages.append(message)

    def forget(self) -> None:
        """What has come so far."""
        self.messages, self._stamps = [], []

    def timed(self) -> list[tuple[float, Any]]:
        """(sent [s, monotonic], message)."""
        return [(stamp + self._offset, message) for stamp, message in zip(list(self._stamps), list(self.messages), strict=False)]


class Observer:
    """Joint states and step results of one system; a context manager."""

    def __init__(self, joint_states: str = "joint_states") -> None:
        self.context = Context()
        rclpy.init(context=self.context)
        self.node = rclpy.create_node("observer", context=self.context)
        self.states, self.results = Stream(), Stream()
        self.node.create_subscription(JointState, joint_states, self.states.take, 100)
        self.node.create_subscription(StepResult, "result", self.results.take, 500)
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

    @property
    def speed(self) -> float:
        """Fastest joint in the newest joint state [rad/s]."""
        return float(np.abs(_speeds(self.states.messages[-1])).max()) if self.states.messages else 0.0

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
        seen = [_speeds(state) for sent, state in self.states.timed() if moment <= sent <= moment + window]
        return max(float((np.abs(speeds) / PANDA.acceleration).max()) for speeds in seen)

    def at_rest_after(self, moment: float, limit: float = 0.01) -> float:
        """Seconds from ``moment`` until the fastest joint fell below ``limit`` [rad/s] and stayed there."""
        moving = [sent for sent, state in self.states.timed() if sent > moment and float(np.abs(_speeds(state)).max()) >= limit]
        return max(moving, default=moment) - moment


def _speeds(state: JointState) -> np.ndarray:
    return np.array(state.velocity[: PANDA.n])
