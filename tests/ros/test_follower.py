"""The simulated joint trajectory controller."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skillkit.braking_tail import braking_tail
from skillkit.embodiment import Embodiment
from skillkit.ros.follower import TrajectoryFollower

number = st.floats(-2.0, 2.0)


def test_it_holds_its_first_position_until_told_otherwise() -> None:
    position, velocity = TrajectoryFollower(np.array([0.3, -0.2])).at(1e6)
    np.testing.assert_array_equal(position, [0.3, -0.2])
    np.testing.assert_array_equal(velocity, [0.0, 0.0])


@given(p=number, v=number, q=number, w=number, span=st.floats(0.005, 2.0))
def test_a_segment_meets_both_ends_in_position_and_velocity(p: float, v: float, q: float, w: float, span: float) -> None:
    follower = TrajectoryFollower(np.array([p]))
    follower.replace(0.0, [1.0, 1.0 + span], [[p], [q]], [[v], [w]])
    for time, position, velocity in ((1.0, p, v), (1.0 + span - 1e-12, q, w)):
        found, speed = follower.at(time)
        assert found[0] == pytest.approx(position, abs=1e-6)
        assert speed[0] == pytest.approx(velocity, abs=1e-6)


@given(p=number, v=number, q=number, t=st.floats(0.0, 0.99))
def test_velocity_is_the_derivative_of_position(p: float, v: float, q: float, t: float) -> None:
    follower = TrajectoryFollower(np.array([p]))
    follower.replace(0.0, [1.0], [[q]], [[v]])
    h = 1e-6
    slope = (follower.at(t + h)[0] - follower.at(t)[0]) / h
    assert slope[0] == pytest.approx(follower.at(t + 0.5 * h)[1][0], abs=1e-6)


@given(at=st.floats(0.01, 3.0), q=number, r=number)
def test_a_new_trajectory_starts_from_the_reference_as_it_is(at: float, q: float, r: float) -> None:
    follower = TrajectoryFollower(np.array([0.0]))
    follower.replace(0.0, [1.0, 2.0], [[q], [0.0]], [[0.5], [0.0]])
    before = follower.at(at)
    follower.replace(at, [0.5], [[r]], [[0.0]])
    after = follower.at(at)
    np.testing.assert_allclose(after[0], before[0], atol=1e-12)
    np.testing.assert_allclose(after[1], before[1], atol=1e-12)


def test_it_never_stops_by_itself_and_holds_its_last_point() -> None:
    follower = TrajectoryFollower(np.array([0.0]))
    follower.replace(0.0, [1.0], [[1.0]], [[2.0]])
    assert follower.at(0.999)[1][0] == pytest.approx(2.0, abs=0.02)  # still fast right before its end
    np.testing.assert_array_equal(follower.at(50.0)[0], [1.0])


@given(speed=st.lists(st.floats(-1.0, 1.0), min_size=7, max_size=7))
def test_a_command_with_its_braking_tail_comes_to_rest_within_the_acceleration_limits(speed: list[float]) -> None:
    model = Embodiment.load("panda")
    velocity = np.array(speed) * model.velocity
    tail = braking_tail(model, model.home, velocity)
    follower = TrajectoryFollower(model.home)
    times = [0.01, *(0.01 + time for time in tail.times)]
    follower.replace(0.0, times, [model.home.tolist(), *tail.positions], [velocity.tolist(), *tail.velocities])
    grid = np.arange(0.012, times[-1], 0.002)
    speeds = np.array([follower.at(time)[1] for time in grid])
    if len(speeds) > 1:
        assert (np.abs(np.diff(speeds, axis=0)) / 0.002 <= model.acceleration * 1.01 + 1e-6).all()
    np.testing.assert_array_equal(follower.at(times[-1] + 0.001)[1], np.zeros(7))


def test_a_moment_before_the_newest_trajectory_lies_on_its_tangent() -> None:
    """Physics that lags behind the clock asks for such moments; the end of the trajectory has no say in them."""
    follower = TrajectoryFollower(np.zeros(1))
    follower.replace(0.0, [1.0], [[0.5]], [[0.5]])
    follower.replace(0.5, [0.01, 5.0], [[0.2], [-3.0]], [[0.5], [0.0]])
    (position,), (velocity,) = follower.at(0.5)
    for lag in (0.002, 0.02, 0.2):
        assert follower.at(0.5 - lag)[0][0] == pytest.approx(position - lag * velocity)
        assert follower.at(0.5 - lag)[1][0] == velocity
