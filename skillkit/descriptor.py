"""An arm model as a vector of fixed length, so that one policy can be told which arm it moves.

The kinematics stand in it as the joint axes at home, seen from the base: with them and the tool's pose at home the pose at any joint
positions is a product of exponentials (Brockett 1984), so nothing is lost. Units are SI; a joint that is not there is all zeros.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from skillkit.exceptions import InvalidValue
from skillkit.pose import Array, Pose, frozen
from skillkit.urdf import IDENTITY, UrdfTree

if TYPE_CHECKING:
    from skillkit.embodiment import Embodiment, Gripper

MOST_JOINTS = 8
JOINT_FIELDS = (
    "present", "prismatic", "axis_x", "axis_y", "axis_z", "point_x", "point_y", "point_z",
    "lower", "upper", "velocity", "acceleration", "jerk", "effort",
)  # fmt: skip
ARM_FIELDS = (
    "joints", "reach", "tool_x", "tool_y", "tool_z", "tool_xx", "tool_xy", "tool_xz", "tool_zx", "tool_zy", "tool_zz",
    "gripper", "gripper_width", "gripper_force", "gripper_speed", "control_rate", "settle", "stale_after",
)  # fmt: skip
FIELDS = (*ARM_FIELDS, *(f"joint{number + 1}_{name}" for number in range(MOST_JOINTS) for name in JOINT_FIELDS))
"""What each number is.

``reach`` [m]: the longest the arm could be if it could stretch. ``tool_x…`` [m] and ``tool_xx…tool_zz`` (the tool's x and z axis): its pose at
home. A joint's ``axis`` and a ``point`` on it [m] are seen from the base at home; its ``lower`` and ``upper`` count from home.
"""


def describe(arm: Embodiment) -> Array:
    """(len(FIELDS),) the descriptor of an arm.

    Raises:
        InvalidValue: an arm with more than ``MOST_JOINTS`` joints. InvalidFile: its URDF cannot be read.
    """
    if arm.n > MOST_JOINTS:
        raise InvalidValue("joints", arm.n, f"at most {MOST_JOINTS} in a descriptor")
    axes, tool, reach = _walk(arm)
    joints = np.zeros((MOST_JOINTS, len(JOINT_FIELDS)))
    for index, name in enumerate(arm.joints):
        limits = (arm.lower[index] - arm.home[index], arm.upper[index] - arm.home[index], arm.velocity[index])
        joints[index] = (1.0, *axes[name], *limits, arm.acceleration[index], arm.jerk[index], arm.effort[index])
    x, _, z = tool.rotation.T
    return frozen([arm.n, reach, *tool.position, *x, *z, *_hand(arm.gripper), arm.control_rate, arm.settle, arm.stale_after, *joints.ravel()])


def _hand(gripper: Gripper | None) -> tuple[float, float, float, float]:
    return (1.0, gripper.width, gripper.force, gripper.speed) if gripper is not None else (0.0, 0.0, 0.0, 0.0)


def _walk(arm: Embodiment) -> tuple[dict[str, tuple[float, ...]], Pose, float]:
    """From base to tool at home: per joint whether it slides, axis and point; the tool's pose; the reach [m]."""
    home = dict(zip(arm.joints, arm.home.tolist(), strict=True))
    here, reach = IDENTITY, 0.0
    axes: dict[str, tuple[float, ...]] = {}
    for joint in UrdfTree.read(arm.urdf).way(arm.base, arm.tool):
        position = home.get(joint.name, joint.multiplier * home.get(joint.mimics, 0.0) + joint.offset)
        before, here = here, here @ joint.motion(position)
        reach += float(np.linalg.norm(joint.origin.position))
        if joint.name in home:
            slides = joint.type == "prismatic"
            axes[joint.name] = (float(slides), *(here.rotation @ np.array(joint.axis)).tolist(), *before.apply(joint.origin.position).tolist())
            reach += max(abs(joint.lower), abs(joint.upper)) if slides else 0.0
    return axes, here, reach
