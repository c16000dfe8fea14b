"""The driver: interpolates between set points, never stops by itself, holds the last one."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skillkit.embodiment import Embodiment
from skillkit.exceptions import InvalidValue
from skillkit.sim.driver import Driver

STEP = 0.002
PANDA = Embodiment.load("panda")

joints = st.lists(st.floats(-2.0, 2.0), min_size=7, max_size=7).map(np.array)
speeds = st.lists(st.floats(-1.0, 1.0), min_size=7, max_size=7).map(np.array)


def driver_at(position):
    driver = Driver(PANDA)
    driver.set_point(position, np.zeros(7))
    driver.step(STEP)
    return driver


@given(joints, joints, speeds)
def test_a_set_point_is_reached_exactly_after_one_control_period(start, goal, velocity):
    driver = driver_at(start)
    driver.command(goal, velocity, 0.0)
    for _ in range(5):
        driver.step(STEP)
    np.testing.assert_array_equal(driver.position, goal)
    np.testing.assert_array_equal(driver.velocity, velocity)


@given(joints, joints, speeds, st.integers(1, 300))
def test_without_another_command_the_last_position_is_held_at_rest(start, goal, velocity, more):
    driver = driver_at(start)
    driver.command(goal, velocity, 0.0)
    for _ in range(5 + more):
        driver.step(STEP)
    np.testing.assert_array_equal(driver.position, goal)
    np.testing.assert_array_equal(driver.velocity, np.zeros(7))


@given(joints, joints)
def test_between_two_rests_the_reference_never_leaves_the_interval(start, goal):
    driver = driver_at(start)
    driver.command(goal, np.zeros(7), 0.0)
    low, high = np.minimum(start, goal), np.maximum(start, goal)
    for _ in range(20):
        driver.step(STEP)
        assert (driver.position >= low - 1e-12).all()
        assert (driver.position <= high + 1e-12).all()


@given(joints, st.floats(-1.0, 1.0))
def test_a_constant_velocity_stream_is_followed_without_ripple(start, speed):
    driver, velocity = driver_at(start), np.full(7, speed)
    driver.set_point(start, velocity)
    driver.step(STEP)
    for tick in range(1, 5):
        driver.command(start + 0.01 * tick * velocity, velocity, 0.0)
        for _ in range(5):
            driver.step(STEP)
            np.testing.assert_allclose(driver.velocity, velocity, atol=1e-9)


@given(joints, joints, speeds, st.integers(0, 8), st.floats(0.0, 1.0))
def test_a_restored_driver_continues_bit_for_bit(start, goal, velocity, before, closure):
    driver = driver_at(start)
    driver.command(goal, velocity, closure)
    for _ in range(before):
        driver.step(STEP)
        driver.step_finger(0.03, STEP)
    other = Driver(PANDA)
    other.restore(json.loads(json.dumps(driver.snapshot())))
    for _ in range(8):
        driver.step(STEP)
        other.step(STEP)
        assert driver.step_finger(0.03, STEP) == other.step_finger(0.03, STEP)
        assert driver.position.tolist() == other.position.tolist()
        assert driver.velocity.tolist() == other.velocity.tolist()


@given(st.lists(st.tuples(st.floats(0.0, 1.0), st.floats(0.0, 0.04)), max_size=50))
def test_a_following_gripper_never_moves_faster_than_its_limit(commands):
    driver = Driver(PANDA)
    finger = driver.finger
    for closure, _ in commands:
        driver.grip(closure)
        before, finger = finger, driver.step_finger(finger, STEP)
        assert abs(finger - before) <= 0.5 * PANDA.gripper.speed * STEP + 1e-12


@pytest.mark.parametrize("position", [[0.0] * 6, [float("nan")] * 7, [float("inf")] + [0.0] * 6])
def test_a_set_point_of_wrong_length_or_not_finite_is_refused_and_changes_nothing(position):
    driver = Driver(PANDA)
    before = driver.snapshot()
    with pytest.raises(InvalidValue):
        driver.command(position, np.zeros(7), 0.0)
    with pytest.raises(InvalidValue):
        driver.set_point(position, np.zeros(7))
    assert driver.snapshot() == before


@pytest.mark.parametrize("closure", [-0.1, 1.1, float("nan")])
def test_a_closure_outside_its_range_is_refused_and_changes_nothing(closure):
    driver = Driver(PANDA)
    before = driver.snapshot()
    with pytest.raises(InvalidValue):
        driver.command(PANDA.home, np.zeros(7), closure)
    assert driver.snapshot() == before
