"""An arm that keeps clear: of itself, of boxes, of the bounds of its workspace, from any state outside them."""

from __future__ import annotations

import numpy as np
import pytest

from skillkit.embodiment import Embodiment
from skillkit.kinematics import ArmKinematics, Box, CartesianController, Collisions
from skillkit.kinematics.avoidance import EXACT, KEPT
from skillkit.pose import Pose, rotation_from_vector

RATE = 100.0  # [Hz]
ROBOTS = ("panda", "ur5e", "so101")


def cell_of(name: str, share: float = 0.35) -> tuple[Embodiment, Collisions]:
    """An arm between two boxes, at a ``share`` of how far its tool is out, in a workspace with a ceiling."""
    arm = Embodiment.load(name)
    point = ArmKinematics(arm).forward(arm.home).position
    away = share * float(np.linalg.norm(point))
    boxes = [
        Box("wall", Pose.from_vector(point + np.array([away, 0.0, 0.0])), (0.05, 2.0, 2.0)),
        Box("post", Pose.from_vector(point + np.array([0.0, away, -0.1])), (0.1, 0.1, 1.0)),
    ]
    return arm, Collisions(arm, boxes, workspace=((-2.0, -2.0, -2.0), (2.0, 2.0, float(point[2]) + 0.5 * away)))


def least(collisions: Collisions, position: np.ndarray) -> float:
    found = collisions.clearance(position, within=0.1).distances
    return float(found[0]) if len(found) else 0.1


@pytest.mark.parametrize("name", ROBOTS)
def test_random_targets_bring_nothing_nearer_than_the_distance_kept(name: str) -> None:
    arm, collisions = cell_of(name)
    control, rng = CartesianController(arm, RATE, collisions), np.random.default_rng(1)
    nearest, held, sent = 1.0, set(), [arm.home] * 3
    for _ in range(12):
        place, turn = rng.normal(size=3) * 0.6, rotation_from_vector(rng.normal(size=3))
        for _ in range(60):
            step = control.track(sent[-1], Pose(place, turn))
            sent.append(step.position)
            held.update(word for word in step.active_limits if word.startswith("collision:"))
            nearest = min(nearest, least(collisions, step.position))
    assert nearest >= KEPT - 2.0 * EXACT
    assert held
    for order, limit in enumerate((arm.velocity, arm.acceleration, arm.jerk), 1):
        assert (np.abs(np.diff(sent, order, axis=0)) * RATE**order <= limit * (1.0 + 1e-9)).all()


def test_an_arm_that_is_too_near_comes_no_nearer_and_can_always_leave() -> None:
    arm, kinematics = Embodiment.load("panda"), ArmKinematics(Embodiment.load("panda"))
    start = kinematics.forward(arm.home)
    wall = Box("wall", Pose.from_vector(start.position + np.array([0.25, 0.0, 0.0])), (0.05, 1.5, 1.5))
    clear = CartesianController(arm, RATE, Collisions(arm, [wall]))
    q = arm.home
    for _ in range(300):
        q = clear.step(q, np.array([0.001, 0.0, 0.0, 0.0, 0.0, 0.0])).position
    close = Collisions(arm, [wall])
    kept = 0.05
    control = CartesianController(arm, RATE, close, kept)
    control.reset(q)
    before = least(close, q)
    assert before < kept
    for _ in range(50):
        q = control.step(q, np.array([0.002, 0.0, 0.0, 0.0, 0.0, 0.0])).position
        assert least(close, q) >= before - 1e-5
    for _ in range(200):
        q = control.track(q, start).position
    assert least(close, q) > kept


@pytest.mark.parametrize(
    ("name", "share", "ahead", "beside"),
    [("panda", 0.35, 0.6, 0.0), ("panda", 0.5, 0.4, 0.2), ("xarm7", 0.2, 0.4, 0.0), ("xarm7", 0.35, 0.8, 0.2), ("gen3", 0.5, 0.6, -0.2)],
)
def test_out_of_reach_behind_a_wall_the_arm_comes_to_rest(name: str, share: float, ahead: float, beside: float) -> None:
    arm, collisions = cell_of(name, share)
    control = CartesianController(arm, RATE, collisions)
    start = control.target
    behind = Pose(start.position + np.array([ahead, beside, 0.0]), start.rotation)
    sent = [control.track(arm.home, behind).position for _ in range(3000)]
    for ticks, speed in ((2100, 0.05), (100, 1e-3)):
        assert np.abs(np.diff(sent[-ticks:], axis=0)).mean() * RATE < speed
    assert any(word.startswith("collision:") and "wall" in word for word in control.track(sent[-1], behind).active_limits)
    assert np.linalg.norm(control.residual[:3]) > 0.01


def test_a_motion_in_joint_space_keeps_clear_too() -> None:
    arm, collisions = cell_of("ur5e")
    control, rng = CartesianController(arm, RATE, collisions), np.random.default_rng(2)
    for _ in range(5):
        goal = rng.uniform(np.maximum(arm.lower, -np.pi), np.minimum(arm.upper, np.pi))
        for _ in range(80):
            assert least(collisions, control.move(arm.home, goal).position) >= KEPT - 2.0 * EXACT


def test_far_from_everything_nothing_changes() -> None:
    arm = Embodiment.load("panda")
    plain, keeping = CartesianController(arm, RATE), CartesianController(arm, RATE, Collisions(arm))
    for _ in range(50):
        delta = np.array([0.0005, 0.0, 0.0, 0.0, 0.0, 0.001])
        np.testing.assert_array_equal(plain.step(arm.home, delta).position, keeping.step(arm.home, delta).position)


def test_a_restored_controller_keeps_clear_bit_for_bit() -> None:
    arm, collisions = cell_of("ur5e")
    control, twin = CartesianController(arm, RATE, collisions), CartesianController(arm, RATE, cell_of("ur5e")[1])
    delta = np.array([0.003, 0.002, 0.002, 0.0, 0.0, 0.0])
    for _ in range(140):
        control.step(arm.home, delta)
    twin.restore(control.snapshot())
    for _ in range(60):
        np.testing.assert_array_equal(control.step(arm.home, delta).position, twin.step(arm.home, delta).position)


def test_looking_ahead_changes_no_command() -> None:
    """What a rehearsed tick saw near the arm is kept; the commands are the same, bit for bit."""
    arm, collisions = cell_of("panda")
    plain, rehearsed = CartesianController(arm, RATE, collisions), CartesianController(arm, RATE, collisions)
    rng, q, held = np.random.default_rng(3), arm.home, 0
    for tick in range(1500):
        if tick % 150 == 0:
            goal = Pose(rng.normal(size=3) * 0.6, rotation_from_vector(rng.normal(size=3)))
        before = dict(vars(rehearsed))
        rehearsed.track(q, Pose(goal.position + rng.normal(size=3) * 0.05, goal.rotation))
        vars(rehearsed).update(before)
        step, other = plain.track(q, goal), rehearsed.track(q, goal)
        assert (step.position == other.position).all(), tick
        assert step.active_limits == other.active_limits
        held += any(word.startswith("collision:") for word in step.active_limits)
        q = step.position
    assert held >= 10
