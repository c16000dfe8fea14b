"""What a tool feels, and the motion that may press only so hard: bias, staleness, slowing down, giving way, snapshots."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skillkit.hardware import WrenchSource
from skillkit.spaces import WrenchInput
from skillkit.wrench import REACHED, Touch

TICK, TICKS = 0.01, 400  # [s]


def wrench(time: float, *force: float) -> WrenchInput:
    return WrenchInput("arm", time, time, (*force, *[0.0] * (6 - len(force))))


def test_the_bias_is_the_mean_of_the_last_moments_and_is_taken_only_when_asked_for() -> None:
    touch = Touch()
    for tick, force in enumerate((100.0, 1.0, 3.0)):
        touch.take(wrench(tick * 0.15, force))  # the first is too old by the third
    felt = touch.feeling(0.3).wrench
    assert felt is not None
    assert felt[0] == 3.0
    touch.zero()
    felt = touch.feeling(0.3).wrench
    assert felt is not None
    assert felt[0] == 1.0
    touch.take(wrench(0.4, 7.0))
    felt = touch.feeling(0.4).wrench
    assert felt is not None
    assert felt[0] == 5.0


def test_a_stale_wrench_is_none_and_the_trouble_says_how_old() -> None:
    touch = Touch(WrenchSource(stale_after=0.1))
    assert touch.trouble(0.0) == "no wrench has arrived"
    touch.take(wrench(0.0, 1.0))
    assert touch.trouble(0.1) == ""
    assert touch.feeling(0.1).wrench is not None
    assert touch.trouble(0.12) == "the wrench is 0.120 s old, allowed 0.1 s"
    assert touch.feeling(0.12).wrench is None


def test_an_arm_without_a_sensor_is_no_trouble_and_moves_as_it_is_told() -> None:
    touch = Touch()
    assert touch.trouble(1.0) == ""
    assert touch.share(10.0) == 1.0
    assert touch.feeling(1.0).wrench is None
    assert touch.feeling(1.0).contact == 0.0


@pytest.mark.parametrize("bad", [(1.0,) * 5, (float("nan"), *[0.0] * 5), (1e9, *[0.0] * 5)])
def test_what_is_no_wrench_is_passed_over(bad: tuple[float, ...]) -> None:
    touch = Touch()
    touch.take(WrenchInput("arm", 0.0, 0.0, bad))
    assert touch.latest is None


def test_weight_that_hangs_on_the_tool_is_no_contact() -> None:
    touch = Touch()
    touch.take(wrench(0.0, 0.0, 0.0, 30.0))
    assert touch.share(10.0) == 1.0
    touch.take(wrench(TICK, 0.0, 4.0, 30.0))
    assert touch.share(10.0) == 1.0
    assert touch.feeling(TICK).contact == 4.0


def test_at_the_limit_it_gives_way_and_does_not_go_on_until_it_is_asked_for_something_else() -> None:
    touch = Touch()
    shares = []
    for tick, force in enumerate((0.0, 7.0, 10.0, 12.0, 6.0, 0.0)):
        touch.take(wrench(tick * TICK, force))
        shares.append(touch.share(10.0))
    assert shares == pytest.approx([1.0, 0.6, -1.0, -1.0, -0.2, 0.0])
    assert touch.feeling(5 * TICK).contact == 12.0  # the most there was
    assert touch.share(None) == 1.0
    touch.take(wrench(0.5, 0.0))
    assert touch.share(10.0) == 1.0
    assert touch.feeling(0.5).contact == 0.0


@given(
    limit=st.floats(5.0, 200.0),
    speed=st.floats(0.005, 0.1),
    stiffness=st.floats(100.0, 50_000.0),
    away=st.floats(0.0, 0.05),
    late=st.integers(0, 2),
)
def test_against_a_spring_the_force_exceeds_its_limit_by_no_more_than_the_way_of_the_dead_time(
    limit: float, speed: float, stiffness: float, away: float, late: int
) -> None:
    """What is felt is ``late`` ticks old, and a tick is commanded as a whole: that way at full speed is all there is beyond the limit."""
    touch, depth, forces = Touch(), -away, [0.0] * (late + 1)
    for tick in range(TICKS):
        touch.take(wrench(tick * TICK, forces[-1 - late]))
        depth += touch.share(limit) * speed * TICK
        forces.append(max(0.0, depth * stiffness))
    assert max(forces) <= limit + (late + 1) * stiffness * speed * TICK + 1e-9
    if stiffness * (speed * TICKS * TICK / 2 - away) > limit:  # it got there
        assert touch.feeling(TICKS * TICK).contact >= 0.9 * REACHED * limit


def test_a_snapshot_continues_bit_for_bit() -> None:
    one, other = Touch(), Touch()
    for tick, force in enumerate((1.0, 2.0, 9.0)):
        one.take(wrench(tick * TICK, force))
        one.share(10.0)
    one.zero()
    other.restore(json.loads(json.dumps(one.snapshot())))
    for tick in range(3, 9):
        for touch in (one, other):
            touch.take(wrench(tick * TICK, 9.0 - tick))
        assert one.share(10.0) == other.share(10.0)
        felt, same = one.feeling(tick * TICK), other.feeling(tick * TICK)
        assert felt.contact == same.contact
        assert felt.wrench is not None
        assert np.array_equal(felt.wrench, same.wrench)
