"""The servo arrives, stops in time, keeps to its limits, and does not care where the world's axes point."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skillkit.policies.servo import Pace, Servo, reached
from skillkit.pose import Pose, Triple, frozen, rotation_from_vector
from skillkit.spaces import CartesianDelta

PERIOD = 0.05
coordinate = st.floats(-0.6, 0.6)
vector = st.tuples(coordinate, coordinate, coordinate)
PACE = Pace(0.4, 1.6, 1.2, 5.0)


def moved(pose: Pose, delta: CartesianDelta) -> Pose:
    return Pose(frozen(pose.position + np.array(delta.translation)), frozen(rotation_from_vector(delta.rotation) @ pose.rotation))


def way(servo: Servo, tool: Pose, goal: Pose, steps: int = 70) -> tuple[Pose, np.ndarray]:
    """Where it ends, and the twists (k, 6) [m/s, rad/s] on the way."""
    twists = []
    for _ in range(steps):
        delta = servo.step(tool, goal, PACE)
        twists.append(np.array([*delta.translation, *delta.rotation]) / PERIOD)
        tool = moved(tool, delta)
    return tool, np.array(twists)


@settings(max_examples=20, deadline=None)
@given(vector, vector)
def test_from_rest_it_arrives_without_overshoot_inside_its_speeds_and_accelerations(position: Triple, turn: Triple) -> None:
    goal = Pose.from_vector(position, turn)
    tool, twists = way(Servo(PERIOD), Pose.from_vector(), goal)
    assert reached(tool, goal, 1e-6, 1e-6)
    speed, turning = np.linalg.norm(twists[:, :3], axis=1), np.linalg.norm(twists[:, 3:], axis=1)
    assert speed.max() <= PACE.speed + 1e-9
    assert turning.max() <= PACE.turn + 1e-9
    changes = np.diff(np.vstack([np.zeros(6), twists]), axis=0) / PERIOD
    assert np.linalg.norm(changes[:, :3], axis=1).max() <= PACE.acceleration * 1.01 + 1e-9
    along = np.cumsum(speed) * PERIOD
    assert along[-1] == pytest.approx(np.linalg.norm(position), abs=1e-6)  # as long as the straight line: neither past it nor beside it


def test_translation_and_rotation_arrive_together() -> None:
    tool, servo, goal = Pose.from_vector(), Servo(PERIOD), Pose.from_vector((0.4, 0.0, 0.0), (0.0, 0.0, 0.8))
    for _ in range(15):
        tool = moved(tool, servo.step(tool, goal, PACE))
        assert np.linalg.norm(tool.rotation_to(goal)) / 0.8 == pytest.approx((0.4 - tool.position[0]) / 0.4, abs=1e-6)


@settings(max_examples=20, deadline=None)
@given(vector, vector, vector, st.floats(-3.0, 3.0))
def test_moving_and_turning_both_poses_turns_the_delta_along(position: Triple, turn: Triple, shift: Triple, yaw: float) -> None:
    frame = Pose.from_rpy(shift, (0.0, 0.0, yaw))
    here, there = Servo(PERIOD), Servo(PERIOD)
    tool, goal = Pose.from_vector(), Pose.from_vector(position, turn)
    for _ in range(10):
        a, b = here.step(tool, goal, PACE), there.step(frame @ tool, frame @ goal, PACE)
        assert frame.rotation @ np.array(a.translation) == pytest.approx(np.array(b.translation), abs=1e-9)
        assert frame.rotation @ np.array(a.rotation) == pytest.approx(np.array(b.rotation), abs=1e-7)
        tool = moved(tool, a)


def test_a_change_of_goal_on_the_way_changes_the_velocity_no_faster_than_allowed() -> None:
    servo, tool = Servo(PERIOD), Pose.from_vector()
    for _ in range(10):
        tool = moved(tool, servo.step(tool, Pose.from_vector((1.0, 0.0, 0.0)), PACE))
    before = servo.twist.copy()
    servo.step(tool, Pose.from_vector((-1.0, 0.5, 0.0)), PACE)
    assert np.linalg.norm(servo.twist - before) <= PACE.acceleration * PERIOD + 1e-9


def test_a_goal_that_is_here_already_gives_no_motion() -> None:
    delta = Servo(PERIOD).step(Pose.from_vector((0.1, 0.2, 0.3)), Pose.from_vector((0.1, 0.2, 0.3)), PACE, 0.5)
    assert delta == CartesianDelta((0.0, 0.0, 0.0), (0.0, 0.0, 0.0), "world", 0.5)


def test_a_snapshot_continues_bit_for_bit() -> None:
    first, goal = Servo(PERIOD), Pose.from_vector((0.3, 0.1, 0.0), (0.0, 0.4, 0.0))
    tool, _ = way(first, Pose.from_vector(), goal, 7)
    second = Servo(PERIOD)
    second.restore(first.snapshot())
    assert second.step(tool, goal, PACE) == first.step(tool, goal, PACE)
