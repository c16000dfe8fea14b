"""An operator's answer on its way to the runtime."""

from __future__ import annotations

import time

import rclpy
from rclpy.duration import Duration
from std_msgs.msg import String

from skillkit.exceptions import SkillkitError
from skillkit.ros.names import ANSWERS, EVERY

LOOK_EVERY = 0.05  # [s]


def send_answer(answer: str, question: str = "", namespace: str = "", within: float = 5.0) -> None:
    """Publish an answer once a runtime listens.

    Args:
        question: label or path of the ``ask`` node; empty for whichever is open.
        within: how long to look for a runtime [s].

    Raises:
        SkillkitError: no runtime listens, or it did not confirm.
    """
    with rclpy.init():
        node = rclpy.create_node("skillkit_answer", namespace=namespace or None)
        publisher = node.create_publisher(String, ANSWERS, EVERY)
        end = time.monotonic() + within
        while publisher.get_subscription_count() == 0:
            if time.monotonic() > end:
                raise SkillkitError(f"no runtime listens on '{publisher.topic_name}'; is it up, in this ROS_DOMAIN_ID?")
            time.sleep(LOOK_EVERY)
        publisher.publish(String(data=f"{question}={answer}"))
        if not publisher.wait_for_all_acked(Duration(seconds=within)):
            raise SkillkitError("the runtime did not confirm the answer")
