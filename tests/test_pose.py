"""Poses are SE(3): group axioms, exact round trips, and agreement with closed forms."""

import json
import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from skillkit.pose import Pose, rotation_from_vector, skew, vector_from_rotation

numbers = st.floats(-2.0, 2.0)
triples = st.tuples(numbers, numbers, numbers)
poses = st.builds(Pose.from_vector, triples, triples)


def close(a: Pose, b: Pose, tolerance: float = 1e-9) -> bool:
    return bool(np.allclose(a.position, b.position, atol=tolerance) and np.allclose(a.rotation, b.rotation, atol=tolerance))


@given(poses, poses, poses)
def test_composition_is_associative(a: Pose, b: Pose, c: Pose) -> None:
    assert close((a @ b) @ c, a @ (b @ c))


@given(poses)
def test_a_pose_times_its_inverse_is_the_identity(pose: Pose) -> None:
    assert close(pose @ pose.inverse(), Pose.from_vector())


@given(triples)
def test_exp_then_log_returns_a_rotation_vector_below_pi(vector: tuple[float, float, float]) -> None:
    if np.linalg.norm(vector) < math.pi - 1e-6:
        assert np.allclose(vector_from_rotation(rotation_from_vector(vector)), vector, atol=1e-8)


@given(st.floats(0.0, math.pi), triples)
def test_log_then_exp_returns_the_rotation_up_to_half_a_turn(angle: float, axis: tuple[float, float, float]) -> None:
    length = float(np.linalg.norm(axis))
    if length > 1e-3:
        rotation = rotation_from_vector(np.array(axis) / length * angle)
        assert np.allclose(rotation_from_vector(vector_from_rotation(rotation)), rotation, atol=1e-7)


@given(poses)
def test_a_quaternion_round_trip_keeps_the_rotation(pose: Pose) -> None:
    assert close(Pose.from_quaternion(pose.position, pose.quaternion), pose)


@given(poses)
def test_values_survive_json_bit_for_bit(pose: Pose) -> None:
    assert Pose.from_values(json.loads(json.dumps(pose.values()))) == pose


@given(poses, poses)
def test_rotation_to_turns_one_orientation_into_the_other(a: Pose, b: Pose) -> None:
    assert np.allclose(rotation_from_vector(a.rotation_to(b)) @ a.rotation, b.rotation, atol=1e-6)


@given(triples, triples)
def test_skew_is_the_cross_product(a: tuple[float, float, float], b: tuple[float, float, float]) -> None:
    assert np.allclose(skew(a) @ np.array(b), np.cross(a, b))


def test_rpy_follows_the_fixed_axis_convention_of_urdf() -> None:
    pose = Pose.from_rpy((0, 0, 0), (math.pi / 2, 0, math.pi / 2))
    assert np.allclose(pose.apply((0, 1, 0)), (0, 0, 1))
    assert np.allclose(pose.apply((1, 0, 0)), (0, 1, 0))
