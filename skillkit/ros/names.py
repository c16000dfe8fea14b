"""Names and qualities of service of every topic between the nodes, relative to their namespace."""

from __future__ import annotations

from dataclasses import dataclass

from rclpy.duration import Duration
from rclpy.qos import DurabilityPolicy, HistoryPolicy, LivelinessPolicy, QoSProfile, ReliabilityPolicy

STEP, RESULT, TREE = "step", "result", "tree"
DESCRIPTION = "run_description"
OBJECT_SIZES = "objects/markers"
OBJECTS, POSE, SIGNALS = "objects/", "/pose", "signals/"
ANSWERS = "answers"  # std_msgs/String, question=answer; see skillkit.spaces.AnswerInput
RECORDER_ALIVE = "alive/recorder"

NEWEST = QoSProfile(depth=1, reliability=ReliabilityPolicy.RELIABLE, history=HistoryPolicy.KEEP_LAST)
"""Streams of which only the newest value counts."""
EVERY = QoSProfile(depth=500, reliability=ReliabilityPolicy.RELIABLE, history=HistoryPolicy.KEEP_LAST)
"""Records of which none may be lost: 5 s of them at 100 Hz."""
LATCHED = QoSProfile(depth=1, reliability=ReliabilityPolicy.RELIABLE, durability=DurabilityPolicy.TRANSIENT_LOCAL)
"""What a late subscriber must still get."""


@dataclass(frozen=True)
class ArmTopics:
    """Topics of one arm, named as ros2_control names those of its controllers."""

    joint_states: str
    trajectory: str
    gripper: str

    @classmethod
    def of(cls, arm: str, alone: bool) -> ArmTopics:
        """The topics of an arm; below its own name where it is not the only arm of the cell."""
        prefix = "" if alone else f"{arm}/"
        return cls(f"{prefix}joint_states", f"{prefix}arm_controller/joint_trajectory", f"{prefix}gripper_controller/commands")


def client_alive(goal: str) -> str:
    """The topic on which the client of a goal shows that it lives; ``goal`` is the goal's id in hexadecimal."""
    return f"alive/goal_{goal}"


SIGN_OF_LIFE = 0.02  # [s] in which clients and recorders promise a sign of life; no one may demand it more often


def alive(lease: float) -> QoSProfile:
    """A sign of life: the middleware's own threads renew it, so that a busy Python process does not seem dead.

    Args:
        lease: of a publisher, the time in which it promises a sign [s]; of a subscription, the time without one after which it is told.
    """
    return QoSProfile(
        depth=1,
        reliability=ReliabilityPolicy.RELIABLE,
        durability=DurabilityPolicy.TRANSIENT_LOCAL,
        liveliness=LivelinessPolicy.AUTOMATIC,
        liveliness_lease_duration=Duration(seconds=lease),
    )
