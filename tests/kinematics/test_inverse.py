"""Full inverse kinematics: what it returns reaches the pose, inside the limits, and the same each time."""

from __future__ import annotations

import numpy as np
import pytest

from skillkit import share
from skillkit.embodiment import Embodiment
from skillkit.exceptions import InvalidValue, UnknownName
from skillkit.kinematics import ArmKinematics, solve_ik, solve_ik_batch
from skillkit.pose import Pose, frozen, rotation_from_vector

ROBOTS = sorted(share.files("urdf"))


def drawn(arm: Embodiment, count: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(np.maximum(arm.lower, -np.pi), np.minimum(arm.upper, np.pi), (count, arm.n))


def off(arm: Embodiment, q: np.ndarray, pose: Pose) -> tuple[float, float]:
    """Distance [m] and angle [rad] between where the arm is and where it should be."""
    reached = ArmKinematics(arm).forward(q)
    return float(np.linalg.norm(reached.position - pose.position)), float(np.linalg.norm(reached.rotation_to(pose)))


@pytest.mark.parametrize("name", ROBOTS)
def test_every_reachable_pose_is_reached_inside_the_limits(name: str) -> None:
    arm = Embodiment.load(name)
    kinematics = ArmKinematics(arm)
    for q, seed in zip(drawn(arm, 200), drawn(arm, 200, 1), strict=True):
        pose = kinematics.forward(q)
        inverse = solve_ik(arm, pose, seed=seed)
        position, rotation = off(arm, inverse.q, pose)
        assert inverse.success
        assert position < 1e-4
        assert rotation < 1e-3
        assert (inverse.q >= arm.lower).all()
        assert (inverse.q <= arm.upper).all()


def test_the_same_arguments_give_the_same_answer() -> None:
    arm = Embodiment.load("panda")
    poses = [ArmKinematics(arm).forward(q) for q in drawn(arm, 20)]
    first, second = ([solve_ik(arm, pose, random=3).q.tolist() for pose in poses] for _ in range(2))
    assert first == second


def test_a_seed_that_is_the_solution_is_returned_as_it_is() -> None:
    arm = Embodiment.load("ur5e")
    inverse = solve_ik(arm, ArmKinematics(arm).forward(arm.home), seed=arm.home)
    assert inverse.q.tolist() == arm.home.tolist()
    assert inverse.iterations == 1


def test_out_of_reach_is_no_success_and_the_error_says_how_far() -> None:
    arm = Embodiment.load("ur5e")
    inverse = solve_ik(arm, Pose.from_vector((3.0, 0.0, 0.5)), tries=10)
    position, _ = off(arm, inverse.q, Pose.from_vector((3.0, 0.0, 0.5)))
    assert not inverse.success
    assert position > 1.5
    assert np.linalg.norm(inverse.error) > 1.0
    assert (inverse.q >= arm.lower).all()
    assert (inverse.q <= arm.upper).all()


@pytest.mark.parametrize("name", ["panda", "ur5e", "gen3"])
def test_the_nearest_solution_is_no_farther_than_the_first_and_near_where_one_is_known(name: str) -> None:
    arm = Embodiment.load(name)
    kinematics, random = ArmKinematics(arm), np.random.default_rng(5)
    for q in drawn(arm, 8):
        seed = np.clip(q + random.uniform(-0.15, 0.15, arm.n), arm.lower, arm.upper)
        pose = kinematics.forward(q)
        near, first = solve_ik(arm, pose, seed=seed, nearest=True), solve_ik(arm, pose, seed=seed)
        assert near.success
        assert np.abs(near.q - seed).max() <= np.abs(first.q - seed).max() + 0.05
        assert np.abs(near.q - seed).max() < 0.5


def test_a_condition_on_joint_positions_is_met() -> None:
    arm = Embodiment.load("ur5e")
    for q in drawn(arm, 10):
        pose = ArmKinematics(arm).forward(q)
        for sign in (1.0, -1.0):
            inverse = solve_ik(arm, pose, accept=lambda q, sign=sign: sign * q[2] > 0.0)  # elbow up, elbow down
            assert inverse.success
            assert sign * inverse.q[2] > 0.0


def test_a_free_axis_may_end_anywhere_and_the_others_where_they_should() -> None:
    arm = Embodiment.load("so101")
    kinematics = ArmKinematics(arm)
    for q in drawn(arm, 20):
        pose = kinematics.forward(q)
        turned = Pose(pose.position, frozen(rotation_from_vector((0.3, 0.2, 0.4)) @ pose.rotation))
        inverse = solve_ik(arm, turned, free=("rx", "ry", "rz"))
        assert inverse.success
        assert off(arm, inverse.q, turned)[0] < 1e-4


def test_a_path_in_a_batch_stays_on_one_branch() -> None:
    arm = Embodiment.load("panda")
    start = ArmKinematics(arm).forward(arm.home)
    path = [Pose(frozen(start.position + [0.0, 0.002 * step, 0.0]), start.rotation) for step in range(50)]
    solutions = solve_ik_batch(arm, path)
    assert all(inverse.success for inverse in solutions)
    assert max(np.abs(a.q - b.q).max() for a, b in zip(solutions[1:], solutions[:-1], strict=True)) < 0.05


def test_what_does_not_fit_is_refused_with_what_would() -> None:
    arm = Embodiment.load("ur5e")
    pose = ArmKinematics(arm).forward(arm.home)
    with pytest.raises(InvalidValue, match="6 finite numbers"):
        solve_ik(arm, pose, seed=np.zeros(7))
    with pytest.raises(UnknownName, match="did you mean 'rz'"):
        solve_ik(arm, pose, free=("rzz",))
    with pytest.raises(InvalidValue, match="tolerance"):
        solve_ik(arm, pose, tolerance=(0.0, 1.0))
    with pytest.raises(InvalidValue, match="tries"):
        solve_ik(arm, pose, tries=0)
