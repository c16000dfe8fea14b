"""The law of the next tick: nobody who obeys it, whatever else they do, breaks a limit or gets stuck."""

from __future__ import annotations

from dataclasses import replace
from math import ceil

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skillkit.braking import JointLimits, stopping_step
from skillkit.embodiment import Embodiment
from skillkit.pose import frozen

JOINTS = 12


def arm_with_limits(seed: int) -> Embodiment:
    """Joints with limits of many proportions, from no jerk limit to speak of to a very soft one, from a long range to a short one."""
    rng = np.random.default_rng(seed)
    lower = rng.normal(size=JOINTS)
    size = {
        name: frozen(10.0 ** rng.uniform(*exponents, JOINTS)) for name, exponents in (("velocity", (-1, 1)), ("acceleration", (-0.5, 1.5)), ("jerk", (1.5, 4)))
    }
    upper = frozen(lower + 10.0 ** rng.uniform(-1.5, 1, JOINTS))
    return replace(Embodiment.load("panda"), joints=tuple(f"j{i}" for i in range(JOINTS)), lower=frozen(lower), upper=upper, **size)


class Walk:
    """Joints that move by displacements of somebody's choice, judged by tick and nominal period."""

    def __init__(self, arm: Embodiment, rate: float, position: np.ndarray) -> None:
        self.arm, self.dt = arm, 1.0 / rate
        self.limits = JointLimits(arm, self.dt)
        self.position, self.step, self.change = position, np.zeros(JOINTS), np.zeros(JOINTS)

    def move(self, chosen: np.ndarray) -> None:
        before, step, change = self.position, self.step, self.change
        self.position = before + chosen
        self.step = self.position - before
        self.change = self.step - step
        ulp = 4.0 * np.spacing(np.maximum(np.abs(self.position), np.abs(before)))
        for limit, value, order in ((self.arm.velocity, self.step, 1), (self.arm.acceleration, self.change, 2), (self.arm.jerk, self.change - change, 3)):
            assert (np.abs(value) / self.dt**order <= limit + np.maximum(1e-9 * limit, order * ulp / self.dt**order)).all()
        assert (self.position <= self.arm.upper + ulp).all()
        assert (self.position >= self.arm.lower - ulp).all()
        room = np.where(self.step > 0.0, self.arm.upper - self.position, self.position - self.arm.lower)
        assert (self.step**2 <= 2.0 * self.arm.acceleration * self.dt**2 * (room + ulp) * (1.0 + 1e-9)).all()


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), rate=st.sampled_from([50.0, 100.0, 250.0, 500.0]))
def test_any_choice_inside_the_interval_keeps_every_limit_for_ever(seed: int, rate: float) -> None:
    rng, arm = np.random.default_rng(seed), arm_with_limits(seed)
    walk = Walk(arm, rate, rng.uniform(arm.lower, arm.upper))
    for _ in range(12):
        habit = rng.integers(4, size=JOINTS)  # always the highest, always the lowest, anything, one end or the other
        for _ in range(25):
            low, high = walk.limits.interval(walk.position, walk.step, walk.change)
            assert (low <= high).all()
            share = np.select([habit == 0, habit == 1, habit == 2], [1.0, 0.0, rng.random(JOINTS)], np.round(rng.random(JOINTS)))
            walk.move(np.where(share == 1.0, high, low + share * (high - low)))


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), rate=st.sampled_from([50.0, 100.0, 500.0]))
def test_braking_ends_at_rest_in_the_shortest_time_and_never_goes_back_over_it(seed: int, rate: float) -> None:
    rng, arm = np.random.default_rng(seed), arm_with_limits(seed)
    walk = Walk(arm, rate, rng.uniform(arm.lower, arm.upper))
    for _ in range(60):
        low, high = walk.limits.interval(walk.position, walk.step, walk.change)
        walk.move(low + rng.random(JOINTS) ** 0.3 * (high - low))
    limits = walk.limits
    peak = np.abs(walk.step) + walk.change**2 / (2.0 * limits.jerk) + limits.change
    longest = float((peak / limits.change + 2.0 * limits.change / limits.jerk + 2.0 * np.sqrt(peak / limits.jerk)).max()) + 3.0
    for _ in range(ceil(longest)):
        walk.move(limits.brake(walk.position, walk.step, walk.change))
    assert (walk.step == 0.0).all()


def test_without_a_jerk_limit_the_joints_brake_together_in_proportion() -> None:
    panda = Embodiment.load("panda")
    limits = JointLimits(panda, 0.01)
    step = np.array([0.01, -0.005, 0.002, 0.0, 0.0, 0.0, -0.001])
    slowest = (np.abs(step) / limits.change).max()
    np.testing.assert_allclose(limits.brake(panda.home, step, np.zeros(7)), step * (1.0 - 1.0 / slowest), atol=1e-15)


def test_a_joint_beyond_its_limit_only_comes_back_and_enters_without_a_kick() -> None:
    panda = Embodiment.load("panda")
    limits = JointLimits(panda, 0.01)
    start = panda.home.copy()
    start[0] = panda.upper[0] + 0.3
    low, high = limits.interval(start, np.zeros(7), np.zeros(7))
    assert low[0] <= high[0] < 0.0
    assert stopping_step(np.array([-0.3]), limits.change[:1])[0] == -stopping_step(np.array([0.3]), limits.change[:1])[0]


@pytest.mark.parametrize(
    ("step", "change", "chosen", "name"),
    [(0.0, 0.0, 0.0075, "jerk"), (0.003, 0.005, 0.013, "acceleration"), (0.0199, 0.0, 0.02, "velocity")],
)
def test_the_limit_that_holds_is_named(step: float, change: float, chosen: float, name: str) -> None:
    arm = replace(
        Embodiment.load("panda"), joints=("j",), lower=frozen([-3]), upper=frozen([3]), velocity=frozen([2]), acceleration=frozen([100]), jerk=frozen([7500])
    )
    limits = JointLimits(arm, 0.01)
    bounds = limits.interval(np.zeros(1), np.array([step]), np.array([change]))
    assert limits.names(np.array([chosen]), np.array([step]), np.array([change]), *bounds) == (f"{name}:j",)
