"""The way round an arm's base gets there, stays close to the body, and never leads behind the arm or through its axis."""

from __future__ import annotations

from math import atan2, cos, hypot, sin

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skillkit.policies.around import around
from skillkit.pose import Pose, frozen

azimuth = st.floats(-2.6, 2.6)
radius = st.floats(0.3, 0.8)
CLOSE, ASIDE = 0.42, 0.2


def at(distance: float, angle: float, height: float = 0.3) -> Pose:
    return Pose.from_rpy((distance * cos(angle), distance * sin(angle), height), (0.0, 0.0, angle))


@settings(max_examples=25, deadline=None)
@given(radius, azimuth, radius, azimuth)
def test_small_steps_to_the_point_ahead_arrive_without_coming_near_the_axis(r: float, a: float, s: float, b: float) -> None:
    here, goal = at(r, a), at(s, b, 0.6)
    nearest, angles = r, [a]
    for _ in range(200):
        steer = around(Pose.from_vector(), here, goal, ASIDE, CLOSE)
        way = steer.position - here.position
        here = Pose(frozen(here.position + way * min(1.0, 0.03 / max(1e-12, float(np.linalg.norm(way))))), steer.rotation)
        nearest = min(nearest, hypot(*here.position[:2]))
        angles.append(atan2(here.position[1], here.position[0]))
    assert here.position == pytest.approx(goal.position, abs=1e-9)
    assert nearest >= 0.8 * min(r, s, CLOSE)
    assert min(a, b) - 0.3 <= min(angles)
    assert max(angles) <= max(a, b) + 0.3


@given(radius, azimuth, st.floats(-0.2, 0.2))
def test_what_lies_on_the_same_side_is_steered_to_straight(r: float, a: float, aside: float) -> None:
    goal = at(0.5, a + aside)
    assert around(Pose.from_vector(), at(r, a), goal, 0.2 + 1e-9, CLOSE) is goal


def test_without_a_bound_the_way_is_straight() -> None:
    goal = at(0.5, 2.0)
    assert around(Pose.from_vector(), at(0.5, -2.0), goal, float("inf"), CLOSE) is goal


@settings(max_examples=30)
@given(azimuth, azimuth, st.floats(-3.0, 3.0))
def test_it_turns_with_the_arm(a: float, b: float, yaw: float) -> None:
    base = Pose.from_rpy((1.0, -2.0, 0.5), (0.0, 0.0, yaw))
    one, other = around(Pose.from_vector(), at(0.6, a), at(0.6, b), ASIDE, CLOSE), around(base, base @ at(0.6, a), base @ at(0.6, b), ASIDE, CLOSE)
    assert (base @ one).position == pytest.approx(other.position, abs=1e-9)
    assert (base @ one).rotation == pytest.approx(other.rotation, abs=1e-6)
