"""The descriptor: one length for every arm, nothing of the kinematics lost, limits where their names say."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from skillkit import share
from skillkit.descriptor import FIELDS, JOINT_FIELDS, MOST_JOINTS
from skillkit.embodiment import Embodiment
from skillkit.exceptions import InvalidValue
from skillkit.kinematics import ArmKinematics
from skillkit.pose import Pose, frozen

ROBOTS = sorted(share.files("urdf"))


def named(arm: Embodiment) -> dict[str, float]:
    return dict(zip(FIELDS, arm.descriptor().tolist(), strict=True))


def rebuilt(arm: Embodiment, q: np.ndarray) -> Pose:
    """The tool's pose from the descriptor alone: a product of exponentials."""
    values = named(arm)
    x, z = (np.array([values[f"tool_{axis}{row}"] for row in "xyz"]) for axis in "xz")
    tool = Pose(frozen([values[f"tool_{axis}"] for axis in "xyz"]), frozen(np.column_stack([x, np.cross(z, x), z])))
    pose = Pose.from_vector()
    for number, moved in enumerate(q - arm.home, start=1):
        axis, point = (np.array([values[f"joint{number}_{what}_{row}"] for row in "xyz"]) for what in ("axis", "point"))
        if values[f"joint{number}_prismatic"]:
            pose = pose @ Pose.from_vector(moved * axis)
        else:
            turn = Pose.from_vector(vector=moved * axis)
            pose = pose @ Pose(frozen(point - turn.rotation @ point), turn.rotation)
    return pose @ tool


@pytest.mark.parametrize("name", ROBOTS)
def test_the_pose_at_any_joint_positions_follows_from_the_descriptor(name: str) -> None:
    arm = Embodiment.load(name)
    kinematics = ArmKinematics(arm)
    for q in np.random.default_rng(0).uniform(arm.lower, arm.upper, (10, arm.n)):
        expected, pose = kinematics.forward(q), rebuilt(arm, q)
        np.testing.assert_allclose(pose.position, expected.position, atol=1e-9)
        np.testing.assert_allclose(pose.rotation, expected.rotation, atol=1e-9)


@pytest.mark.parametrize("name", ROBOTS)
def test_no_pose_is_farther_from_the_base_than_the_reach(name: str) -> None:
    arm = Embodiment.load(name)
    kinematics, reach = ArmKinematics(arm), named(arm)["reach"]
    far = max(np.linalg.norm(kinematics.forward(q).position) for q in np.random.default_rng(0).uniform(arm.lower, arm.upper, (200, arm.n)))
    assert 0.4 * reach < far <= reach


def test_every_arm_has_a_descriptor_of_one_length_and_its_own() -> None:
    vectors = [Embodiment.load(name).descriptor() for name in ROBOTS]
    assert {vector.shape for vector in vectors} == {(len(FIELDS),)}
    assert len(FIELDS) == len(set(FIELDS))
    assert len({tuple(vector.tolist()) for vector in vectors}) == len(ROBOTS)
    assert all(np.isfinite(vector).all() and not vector.flags.writeable for vector in vectors)


def test_limits_stand_where_their_names_say_and_absent_joints_are_zero() -> None:
    arm = Embodiment.load("scara4")
    values = named(arm)
    assert values["joints"] == 4
    assert values["gripper_width"] == 0.06
    assert values["joint3_prismatic"] == 1.0
    assert values["joint1_lower"] == pytest.approx(arm.lower[0] - arm.home[0])
    assert values["joint4_jerk"] == arm.jerk[3]
    assert all(values[f"joint{number}_{field}"] == 0.0 for number in range(5, MOST_JOINTS + 1) for field in JOINT_FIELDS)


def test_more_joints_than_fit_are_refused() -> None:
    arm = Embodiment.load("panda")
    many = frozen(np.ones(9))
    with pytest.raises(InvalidValue, match="at most 8"):
        replace(arm, joints=tuple("abcdefghi"), home=many).descriptor()
