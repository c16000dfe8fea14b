"""Forward kinematics and Jacobian against closed forms, Pinocchio's full model and finite differences."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pinocchio as pin
import pytest

from skillkit.embodiment import Embodiment
from skillkit.exceptions import UnknownName
from skillkit.kinematics import ArmKinematics
from skillkit.pose import vector_from_rotation
from skillkit.urdf import UrdfTree

PLANAR_LENGTHS = np.array([0.5, 0.4, 0.3])  # [m]


def random_positions(arm: Embodiment, count: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(arm.lower, arm.upper, (count, arm.n))


def test_a_planar_arm_matches_the_closed_form(planar_arm: Embodiment) -> None:
    kinematics = ArmKinematics(planar_arm)
    for q in random_positions(planar_arm, 20):
        angles = np.cumsum(q)
        expected = [PLANAR_LENGTHS @ np.cos(angles), PLANAR_LENGTHS @ np.sin(angles), 0.0]
        pose = kinematics.forward(q)
        np.testing.assert_allclose(pose.position, expected, atol=1e-14)
        np.testing.assert_allclose(pose.rotation[:2, :2], [[np.cos(angles[2]), -np.sin(angles[2])], [np.sin(angles[2]), np.cos(angles[2])]], atol=1e-14)


def test_manipulability_of_a_planar_arm_matches_the_closed_form(planar_arm: Embodiment) -> None:
    two_joints = replace(
        planar_arm,
        tool="link3",
        joints=planar_arm.joints[:2],
        **{name: getattr(planar_arm, name)[:2] for name in ("lower", "upper", "velocity", "acceleration", "jerk", "effort", "home")},
    )
    kinematics = ArmKinematics(two_joints)
    a, b, _ = PLANAR_LENGTHS
    for q in random_positions(two_joints, 10):
        translation_part = kinematics.jacobian(q)[:2]
        assert np.sqrt(np.linalg.det(translation_part @ translation_part.T)) == pytest.approx(a * b * abs(np.sin(q[1])), abs=1e-12)


def test_manipulability_vanishes_at_a_singularity_and_only_there() -> None:
    panda = Embodiment.load("panda")
    kinematics = ArmKinematics(panda)
    assert kinematics.manipulability(np.zeros(panda.n)) == pytest.approx(0.0, abs=1e-6)  # joints 1, 3 and 5 turn about one axis
    assert kinematics.manipulability(panda.home) > 0.01


def test_the_pose_matches_the_full_model_of_the_urdf(arm: Embodiment) -> None:
    kinematics = ArmKinematics(arm)
    model = pin.buildModelFromUrdf(str(arm.urdf))
    data, tree = model.createData(), UrdfTree.read(arm.urdf)
    for q in random_positions(arm, 10):
        full = pin.neutral(model)
        followed = {
            joint.name: joint.multiplier * q[arm.joints.index(joint.mimics)] + joint.offset for joint in tree.joints.values() if joint.mimics in arm.joints
        }
        for name, value in {**dict(zip(arm.joints, q, strict=True)), **followed}.items():
            joint = model.joints[model.getJointId(name)]
            full[joint.idx_q : joint.idx_q + joint.nq] = value if joint.nq == 1 else (np.cos(value), np.sin(value))
        pin.framesForwardKinematics(model, data, full)
        expected = data.oMf[model.getFrameId(arm.base)].inverse() * data.oMf[model.getFrameId(arm.tool)]
        pose = kinematics.forward(q)
        np.testing.assert_allclose(pose.position, expected.translation, atol=1e-13)
        np.testing.assert_allclose(pose.rotation, expected.rotation, atol=1e-13)


def test_the_jacobian_is_the_derivative_of_the_pose(arm: Embodiment) -> None:
    kinematics, h = ArmKinematics(arm), 1e-6
    for q in random_positions(arm, 5):
        jacobian = kinematics.jacobian(q).copy()
        for i, direction in enumerate(np.eye(arm.n)):
            ahead, back = kinematics.forward(q + h * direction), kinematics.forward(q - h * direction)
            turn = vector_from_rotation(ahead.rotation @ back.rotation.T)
            np.testing.assert_allclose(jacobian[:, i], np.concatenate((ahead.position - back.position, turn)) / (2.0 * h), atol=1e-8)


def test_a_pose_handed_out_does_not_change_with_the_next_one(arm: Embodiment) -> None:
    kinematics = ArmKinematics(arm)
    first, second = random_positions(arm, 2)
    pose = kinematics.forward(first)
    values = pose.values()
    kinematics.forward(second)
    assert pose.values() == values
    assert not pose.position.flags.writeable


def test_an_unknown_link_is_named_with_the_nearest_one(planar_arm: Embodiment) -> None:
    with pytest.raises(UnknownName, match="did you mean 'tip'"):
        ArmKinematics(replace(planar_arm, tool="tipp"))
