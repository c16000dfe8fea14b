"""What a driver says of itself: a task freezes while motion is not allowed and goes on only when an operator says so."""

from __future__ import annotations

import numpy as np
import pytest

from skillkit import records
from skillkit.arm import ArmLoop
from skillkit.assembly.system import arm_loop
from skillkit.cell import Cell
from skillkit.spaces import CartesianDelta, DriverInput, JointInput

BLOCKED = DriverInput("panda", 0.0, "blocked", "protective stop")
READY = DriverInput("panda", 0.0, "ready")


@pytest.fixture
def arm() -> ArmLoop:
    loop = arm_loop(Cell.of_robot("panda").arms[0])
    loop.take(state(loop.embodiment.home))
    loop.engage()
    return loop


def state(position: np.ndarray, received: float = 0.0, opening: float = 0.08) -> JointInput:
    return JointInput("panda", received, received, tuple(position.tolist()), (0.0,) * 7, opening)


def test_an_arm_that_may_not_move_is_silent_until_it_is_resumed(arm: ArmLoop) -> None:
    arm.heed(BLOCKED)
    assert arm.command(None, {}, 0.01, 0.01) is None
    arm.heed(READY)
    assert arm.command(None, {}, 0.02, 0.02) is None
    arm.resume()
    assert arm.command(None, {}, 0.03, 0.03) is not None


def test_it_goes_on_from_where_it_is_measured_and_keeps_the_gripper_shut(arm: ArmLoop) -> None:
    arm.command(CartesianDelta((0.0, 0.0, 0.001), closure=1.0), {}, 0.01, 0.01)
    arm.heed(BLOCKED)
    moved = arm.embodiment.home + 0.02
    arm.take(state(moved, 0.02, opening=0.05))
    arm.heed(READY)
    arm.resume()
    command = arm.command(None, {}, 0.03, 0.03)
    assert command is not None
    np.testing.assert_allclose(command.position, moved, atol=1e-9)
    assert command.closure == 1.0


def test_an_arm_whose_goal_ended_while_it_was_held_starts_again_from_where_it_is_measured(arm: ArmLoop) -> None:
    arm.heed(BLOCKED)
    arm.release()
    moved = arm.embodiment.home + 0.02
    arm.take(state(moved, 0.02))
    arm.heed(READY)
    arm.engage()
    command = arm.command(None, {}, 0.03, 0.03)
    assert command is not None
    np.testing.assert_allclose(command.position, moved, atol=1e-9)


def test_a_fault_brakes_at_the_acceleration_limit_and_is_unsafe(arm: ArmLoop) -> None:
    sent = [arm.command(CartesianDelta((0.0, 0.0, 0.005)), {}, 0.01 * tick, 0.01 * tick) for tick in range(1, 6)]
    arm.heed(DriverInput("panda", 0.06, "fault", "a second writer"))
    after = [arm.command(CartesianDelta((0.0, 0.0, 0.005)), {}, 0.05 + 0.001 * tick, 0.05) for tick in range(1, 20)]
    velocities = np.array([command.velocity for command in (*sent, *after) if command is not None])
    assert (np.abs(np.diff(velocities, axis=0)) <= 0.01 * arm.embodiment.acceleration * (1 + 1e-9)).all()
    assert np.abs(velocities[-1]).max() == 0.0
    assert arm.stopped_because == "a second writer"


def test_a_slower_driver_gets_smaller_deltas(arm: ArmLoop) -> None:
    other = arm_loop(Cell.of_robot("panda").arms[0])
    other.take(state(other.embodiment.home))
    other.engage()
    other.heed(DriverInput("panda", 0.0, "ready", "", 0.5))
    delta = CartesianDelta((0.0, 0.0, 0.0002))
    for tick in range(1, 4):
        full, half = (loop.command(delta, {}, 0.01 * tick, 0.01 * tick) for loop in (arm, other))
    assert full is not None
    assert half is not None
    moved = np.linalg.norm(half.position - arm.embodiment.home) / np.linalg.norm(full.position - arm.embodiment.home)
    assert moved == pytest.approx(0.5, abs=0.05)


def test_an_arm_that_does_not_follow_is_stopped(arm: ArmLoop) -> None:
    arm.take(state(arm.embodiment.home + np.eye(7)[2] * 0.3))
    arm.command(None, {}, 0.01, 0.01)
    assert "panda_joint3 is 0.300 away" in arm.stopped_because


def test_a_held_arm_comes_back_from_its_snapshot(arm: ArmLoop) -> None:
    arm.heed(BLOCKED)
    other = arm_loop(Cell.of_robot("panda").arms[0])
    other.restore(arm.snapshot())
    assert (other.held, other.driver) == (True, BLOCKED)


def test_a_driver_input_comes_back_from_its_record() -> None:
    given = DriverInput("left", 1.5, "blocked", "protective stop", 0.25)
    assert records.input_from_record(records.input_record(given)) == given
