"""Any URDF: ten manipulators of the example-robot-data wheel, where it is installed (or where EXAMPLE_ROBOT_DATA points to)."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pinocchio as pin
import pytest

from skillkit.embodiment import Embodiment
from skillkit.kinematics import ArmKinematics, solve_ik
from skillkit.pose import vector_from_rotation

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
import ik_streaming as streaming
from _ik_arms import WHEEL, WHEEL_LIST, from_wheel
from _ik_peers import Ours

pytestmark = pytest.mark.skipif(WHEEL is None, reason="needs the wheel example-robot-data")


@pytest.fixture(scope="module", params=WHEEL_LIST, ids=lambda entry: Path(entry["file"]).stem)
def entry(request: pytest.FixtureRequest) -> dict[str, Any]:
    return request.param


@pytest.fixture(scope="module")
def arm(entry: dict[str, Any]) -> Embodiment:
    return from_wheel(entry)


def drawn(arm: Embodiment, count: int) -> np.ndarray:
    return np.random.default_rng(0).uniform(np.maximum(arm.lower, -np.pi), np.minimum(arm.upper, np.pi), (count, arm.n))


def test_its_joints_are_those_between_base_and_tool(entry: dict[str, Any], arm: Embodiment) -> None:
    assert arm.n == entry["joints"]


def test_the_pose_is_that_of_the_whole_robot(arm: Embodiment) -> None:
    kinematics, model = ArmKinematics(arm), pin.buildModelFromUrdf(str(arm.urdf))
    data = model.createData()
    for q in drawn(arm, 10):
        full = pin.neutral(model)
        for name, value in zip(arm.joints, q, strict=True):
            joint = model.joints[model.getJointId(name)]
            full[joint.idx_q : joint.idx_q + joint.nq] = value if joint.nq == 1 else (np.cos(value), np.sin(value))
        pin.framesForwardKinematics(model, data, full)
        base, tool = (data.oMf[model.getFrameId(link, pin.FrameType.BODY)] for link in (arm.base, arm.tool))
        expected = base.inverse() * tool
        pose = kinematics.forward(q)
        np.testing.assert_allclose(pose.position, expected.translation, atol=1e-12)
        np.testing.assert_allclose(pose.rotation, expected.rotation, atol=1e-12)


def test_the_jacobian_is_the_derivative_of_the_pose(arm: Embodiment) -> None:
    kinematics, h = ArmKinematics(arm), 1e-6
    for q in drawn(arm, 3):
        jacobian = kinematics.jacobian(q).copy()
        for column, direction in zip(jacobian.T, np.eye(arm.n), strict=True):
            ahead, back = kinematics.forward(q + h * direction), kinematics.forward(q - h * direction)
            turn = vector_from_rotation(ahead.rotation @ back.rotation.T)
            np.testing.assert_allclose(column, np.concatenate((ahead.position - back.position, turn)) / (2.0 * h), atol=1e-8)


def test_reachable_poses_are_reached(arm: Embodiment) -> None:
    kinematics = ArmKinematics(arm)
    for q in drawn(arm, 50):
        pose = kinematics.forward(q)
        inverse = solve_ik(arm, pose)
        assert inverse.success
        reached = kinematics.forward(inverse.q)
        assert np.linalg.norm(reached.position - pose.position) < 1e-4
        assert np.linalg.norm(reached.rotation_to(pose)) < 1e-3


def test_a_circle_is_followed_and_targets_at_random_break_no_limit(arm: Embodiment) -> None:
    trial = streaming.Trial(Ours(arm), arm)
    found = {**streaming.circles(trial, 2), **streaming.wild(trial)}
    assert found["circle_rms_um"] < 10.0
    assert found["drift_um"] < 1.0
    assert trial.worst["position"] == 0.0
    assert max(trial.worst.values()) <= 1.0 + 1e-9
