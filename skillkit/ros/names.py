"""Names and qualities of service of every topic between the nodes, relative to their namespace."""

from __future__ import annotations

from dataclasses import dataclass

from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy

from skillkit.cell import Cell
from skillkit.hardware import Hardware, WrenchSource

STEP, RESULT, TREE = "step", "result", "tree"
DIGEST, KEYFRAME = "digest", "keyframe"
DESCRIPTION = "run_description"
OBJECT_SIZES = "objects/markers"
OBJECTS, POSE, SIGNALS = "objects/", "/pose", "signals/"
ANSWERS = "answers"  # std_msgs/String, question=answer; see skillkit.spaces.AnswerInput
DEADMAN_TOPIC = "deadman"  # std_msgs/Bool, true while a person holds it
ALIVE = "alive"  # std_msgs/String, see skillkit.ros.companion
RECORDER = "recorder"  # the name in which one lives

NEWEST = QoSProfile(depth=1, reliability=ReliabilityPolicy.RELIABLE, history=HistoryPolicy.KEEP_LAST)
"""Streams of which only the newest value counts."""
EVERY = QoSProfile(depth=500, reliability=ReliabilityPolicy.RELIABLE, history=HistoryPolicy.KEEP_LAST)
"""Records of which none may be lost: 5 s of them at 100 Hz."""
LATCHED = QoSProfile(depth=1, reliability=ReliabilityPolicy.RELIABLE, durability=DurabilityPolicy.TRANSIENT_LOCAL)
"""What a late subscriber must still get."""

STATIC_TRANSFORMS = QoSProfile(depth=100, reliability=ReliabilityPolicy.RELIABLE, durability=DurabilityPolicy.TRANSIENT_LOCAL)
"""As tf2 publishes /tf_static: one message from each of many publishers."""


@dataclass(frozen=True)
class ArmTopics:
    """Topics of one arm, named as ros2_control names those of its controllers."""

    joint_states: str
    trajectory: str
    gripper: str
    robot_description: str = "robot_description"
    teleop: str = "teleop/"
    finger_states: str = ""
    wrench: str = "wrench"

    @classmethod
    def of(cls, arm: str, alone: bool, hardware: Hardware | None = None, namespace: str | None = None) -> ArmTopics:
        """The topics of an arm, named after its controllers.

        Args:
            alone: the only arm of its cell; where no namespace is given, the topics of others are below the arm's own name.
        """
        own = hardware or Hardware()
        below = ("" if alone else arm) if namespace is None else namespace
        prefix = f"{below.rstrip('/')}/" if below else ""
        return cls(
            f"{prefix}{own.joint_states}",
            f"{prefix}{own.controller}/joint_trajectory",
            f"{prefix}{own.gripper.controller}/commands",
            f"{prefix}{own.robot_description}",
            f"{prefix}teleop/",
            f"{prefix}{own.gripper.joint_states}" if own.gripper.joint_states else "",
            f"{prefix}{(own.wrench or WrenchSource()).topic}",
        )

    @classmethod
    def in_cell(cls, cell: Cell) -> dict[str, ArmTopics]:
        """The topics of every arm of a cell, by its name."""
        alone = len(cell.arms) == 1
        return {arm.name: cls.of(arm.name, alone, arm.hardware, arm.namespace) for arm in cell.arms}


def client_of(goal: str) -> str:
    """The name in which the client of a goal lives; ``goal`` is the goal's id in hexadecimal."""
    return f"goal_{goal}"
