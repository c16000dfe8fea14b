"""An operator's answer reaches whoever listens on the topic, over real ROS 2."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

pytestmark = pytest.mark.ros
rclpy = pytest.importorskip("rclpy")
pytest.importorskip("skillkit_interfaces")

from std_msgs.msg import String  # noqa: E402

from skillkit.ros.names import ANSWERS, EVERY  # noqa: E402

SEND = [sys.executable, "-m", "skillkit", "answer", "blue", "--question", "colour", "--namespace", "cell"]


def test_the_command_publishes_question_and_answer_and_waits_until_they_arrived() -> None:
    heard: list[str] = []
    with rclpy.init():
        node = rclpy.create_node("listener", namespace="cell")
        node.create_subscription(String, ANSWERS, lambda message: heard.append(message.data), EVERY)
        sender = subprocess.Popen(SEND)
        end = time.monotonic() + 60.0
        while not heard and time.monotonic() < end:
            rclpy.spin_once(node, timeout_sec=0.1)
        assert sender.wait(timeout=30) == 0
    assert heard == ["colour=blue"]
