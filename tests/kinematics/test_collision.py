"""Distances of an arm to itself and its surroundings: known answers, gradients against finite differences, and the damper's promise."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from skillkit import share
from skillkit.embodiment import Embodiment
from skillkit.exceptions import InvalidValue, UnknownName
from skillkit.kinematics import ArmKinematics, Box, Collisions, disabled_in_srdf, solve_ik, velocity_damper
from skillkit.pose import Pose, frozen

ROBOTS = sorted(share.files("urdf"))


def drawn(arm: Embodiment, count: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(np.maximum(arm.lower, -np.pi), np.minimum(arm.upper, np.pi), (count, arm.n))


@pytest.mark.parametrize("name", ROBOTS)
def test_home_is_free_and_culling_loses_nothing(name: str) -> None:
    arm = Embodiment.load(name)
    collisions = Collisions(arm)
    assert collisions.pairs or arm.n < 5  # the SCARA cannot touch itself
    assert collisions.free(arm.home)
    for q in drawn(arm, 20):
        every, near = collisions.distances(q), collisions.clearance(q, within=0.05)
        np.testing.assert_allclose(near.distances, np.sort(every[every < 0.05]), atol=1e-6)
        assert collisions.free(q) == bool((every > 0.0).all())


@pytest.mark.parametrize("name", ["panda", "ur5e", "gen3", "so101"])
def test_gradients_are_the_derivatives_of_the_distances(name: str) -> None:
    arm = Embodiment.load(name)
    walls = [Box("wall", Pose.from_vector((0.4, 0.0, 0.3), (0.1, 0.2, 0.3)), (0.1, 0.8, 0.6))]
    collisions, h, compared = Collisions(arm, walls, workspace=((-0.3, -0.3, 0.0), (0.3, 0.3, 1.0))), 1e-3, 0
    index = {pair: i for i, pair in enumerate(collisions.pairs) if collisions.pairs.count(pair) == 1}
    misses = 0
    for q in drawn(arm, 15):
        moved = [(collisions.distances(q + h * d), collisions.distances(q - h * d)) for d in np.eye(arm.n)]
        for distance, gradient, names in zip(*collisions.clearance(q, within=0.4), strict=True):
            if names not in index or distance < 0.01:
                continue
            numeric = np.array([ahead[index[names]] - back[index[names]] for ahead, back in moved]) / (2.0 * h)
            compared += 1
            misses += bool(np.abs(numeric - gradient).max() > 0.01)  # the search for nearest points stops at 1e-6 m
    assert compared > 30
    assert misses <= 0.02 * compared  # parallel faces have many nearest points, and there no gradient


def test_the_distance_of_a_planar_arm_to_a_box_matches_the_closed_form() -> None:
    arm = Embodiment.load("planar3")
    height = ArmKinematics(arm).forward(arm.home).position[2]
    collisions = Collisions(arm, [Box("post", Pose.from_vector((1.5, 0.0, height)), (0.2, 0.2, 0.4))])
    found = collisions.clearance(np.zeros(3), within=0.3)  # stretched out along x, its end at 1.2 m
    assert found.names[0] == ("link3", "post")
    assert found.distances[0] == pytest.approx(1.4 - 1.2, abs=1e-6)


def test_the_bounds_of_the_workspace_are_distances_of_the_tool_point() -> None:
    arm = Embodiment.load("panda")
    point = ArmKinematics(arm).forward(arm.home).position
    collisions = Collisions(arm, workspace=(point - 1.0, point + np.array([1.0, 0.02, 1.0])))
    found = collisions.clearance(arm.home, within=0.03)
    row = found.names.index(("panda_tool", "workspace y+"))
    assert found.distances[row] == pytest.approx(0.02)
    np.testing.assert_allclose(found.gradients[row], -ArmKinematics(arm).jacobian(arm.home)[1], atol=1e-12)
    assert not Collisions(arm, workspace=(point - 1.0, point - 0.1)).free(arm.home)


def test_a_damped_motion_never_comes_nearer_than_the_distance_kept() -> None:
    arm = Embodiment.load("panda")
    point = ArmKinematics(arm).forward(arm.home).position
    collisions = Collisions(arm, [Box("wall", Pose.from_vector(point + np.array([0.25, 0.0, 0.0])), (0.1, 1.5, 1.5))])
    q, kinematics = arm.home.copy(), ArmKinematics(arm)
    for _ in range(400):
        step = 0.002 * np.linalg.pinv(kinematics.jacobian(q)[:3]) @ np.array([1.0, 0.0, 0.0])
        rows, lower = velocity_damper(collisions.clearance(q, within=0.1), 0.01, keep=0.01)
        for _ in range(20):  # alternating projections onto the half-spaces
            for row, least in zip(rows, lower, strict=True):
                step = step + row * max(0.0, least - row @ step) / max(row @ row, 1e-9)
        q = q + step
        named = [d for d, names in zip(collisions.distances(q), collisions.pairs, strict=True) if "wall" in names]
        assert min(named) > 0.008
    assert min(named) < 0.03


def test_moving_apart_is_always_allowed() -> None:
    arm = Embodiment.load("ur5e")
    collisions = Collisions(arm)
    for q in drawn(arm, 20):
        found = collisions.clearance(q, within=0.05)
        rows, lower = velocity_damper(found, 0.01)
        assert (lower <= 0.0).all()
        assert rows.shape == (len(found.distances), arm.n)


def test_full_inverse_kinematics_finds_a_solution_that_touches_nothing() -> None:
    arm = Embodiment.load("ur5e")
    collisions, kinematics = Collisions(arm), ArmKinematics(arm)
    free = [q for q in drawn(arm, 40) if collisions.free(q, 0.01)][:10]
    for q in free:
        inverse = solve_ik(arm, kinematics.forward(q), accept=collisions.free)
        assert inverse.success
        assert (collisions.distances(inverse.q) > 0.0).all()


def test_pairs_that_may_touch_are_left_out(tmp_path: Path) -> None:
    arm = Embodiment.load("ur5e")
    (tmp_path / "a.srdf").write_text('<robot name="ur5e"><disable_collisions link1="base_link" link2="gripper" reason="Never"/></robot>')
    pairs = disabled_in_srdf(tmp_path / "a.srdf")
    assert pairs == [("base_link", "gripper")]
    assert ("base_link", "gripper") in Collisions(arm).pairs
    assert ("base_link", "gripper") not in Collisions(arm, ignore=pairs).pairs


def test_wrong_names_and_files_are_refused(tmp_path: Path) -> None:
    arm = Embodiment.load("planar3")
    with pytest.raises(UnknownName, match="did you mean 'link1'"):
        Collisions(arm, ignore=[("link1_", "link3")])
    with pytest.raises(InvalidValue, match="box name"):
        Collisions(arm, [Box("link1", Pose.from_vector(), (1.0, 1.0, 1.0))])
    with pytest.raises(InvalidValue, match="SRDF"):
        disabled_in_srdf(tmp_path / "none.srdf")


def test_distances_do_not_depend_on_what_was_asked_before() -> None:
    arm = Embodiment.load("panda")
    collisions, rng = Collisions(arm, [Box("wall", Pose.from_vector([0.6, 0.0, 0.5]), (0.05, 2.0, 2.0))]), np.random.default_rng(4)
    asked = [arm.home + rng.normal(size=arm.n) * 0.3 for _ in range(50)]
    there, back = [collisions.clearance(q, 0.12) for q in asked], [collisions.clearance(q, 0.12) for q in reversed(asked)]
    for one, other in zip(there, reversed(back), strict=True):
        np.testing.assert_array_equal(one.distances, other.distances)
        np.testing.assert_array_equal(one.gradients, other.gradients)


def test_what_is_handed_out_is_read_only() -> None:
    arm = Embodiment.load("panda")
    found = Collisions(arm).clearance(frozen(arm.home), within=0.1)
    assert not found.distances.flags.writeable
    assert not found.gradients.flags.writeable
