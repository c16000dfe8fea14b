"""The gate's promises, judged by a monitor that sees only what a driver would receive."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from skillkit import share
from skillkit.braking import JointLimits
from skillkit.braking_tail import braking_tail
from skillkit.embodiment import Embodiment
from skillkit.exceptions import InvalidValue
from skillkit.pose import frozen
from skillkit.safety import FAULTY_INPUTS, SafetyGate

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))
import gate_hostile as hostile

RATE = 100.0  # [Hz]
PANDA = Embodiment.load("panda")
ARMS = [Embodiment.load(name) for name in sorted(share.files("urdf"))]
TWO = replace(
    PANDA, name="two", joints=("turn", "slide"), lower=frozen([-2.0, 0.0]), upper=frozen([2.0, 0.5]), velocity=frozen([2.0, 0.3]),
    acceleration=frozen([10.0, 1.5]), jerk=frozen([1e3, 1e3]), effort=frozen([1.0, 1.0]), home=frozen([0.1, 0.2]), gripper=None,
)  # fmt: skip


class Run:
    """A gate at work on a perfect arm, watched by the monitor."""

    def __init__(self, arm: Embodiment = TWO, start: Any = None, rate: float = RATE) -> None:
        self.gate, self.monitor = SafetyGate(arm, rate), hostile.Monitor(arm, rate)
        start = arm.home if start is None else np.asarray(start, dtype=float)
        self.gate.reset(start)
        self.monitor.start(start)
        self.sent = [np.array(start)]

    def step(self, command: Any, ticks: int = 1, measured: Any = "sent", age: Any = 0.0) -> Any:
        for _ in range(ticks):
            out = self.gate.step(command, self.sent[-1] if isinstance(measured, str) and measured == "sent" else measured, age)
            self.see(out)
        return out

    def see(self, out: Any) -> None:
        self.monitor.see(out.position)
        np.testing.assert_allclose(out.velocity, (out.position - self.sent[-1]) * self.gate.rate, rtol=1e-12, atol=1e-14)
        self.sent.append(out.position)

    def assert_safe(self) -> None:
        assert self.monitor.violations == []


def smooth(arm: Embodiment, ticks: int) -> np.ndarray:
    """(ticks, n) sinusoids from home at rest that use up to nine tenths of every limit."""
    amplitude = 0.9 * np.minimum(arm.home - arm.lower, arm.upper - arm.home)
    omega = 0.9 * np.minimum(arm.velocity / amplitude, np.sqrt(arm.acceleration / amplitude))
    amplitude = amplitude * 0.45
    return arm.home + amplitude * (1.0 - np.cos(omega * np.arange(1, ticks + 1)[:, None] / RATE))


@pytest.mark.parametrize("arm", [TWO, PANDA], ids=lambda arm: arm.name)
def test_a_feasible_command_passes_bit_for_bit(arm: Embodiment) -> None:
    run = Run(arm)
    for command in smooth(arm, 1000):
        out = run.step(command)
        assert out.position.tobytes() == command.tobytes()
        assert out.limited == ()
        assert out.safe
    run.assert_safe()


@settings(deadline=None)
@given(data=st.data())
def test_every_stream_built_inside_the_limits_passes_bit_for_bit(data: st.DataObject) -> None:
    run, limits = Run(), JointLimits(TWO, 1.0 / RATE, 1.0 - 1e-6)
    q, step, change = TWO.home, np.zeros(2), np.zeros(2)
    shares = data.draw(st.lists(st.tuples(st.floats(-1, 1), st.floats(-1, 1)), min_size=1, max_size=120))
    for part in shares:
        low, high = limits.interval(q, step, change)
        command = q + low + (0.5 + 0.5 * np.array(part)) * (high - low)
        step, change, q = command - q, command - q - step, command
        out = run.step(command)
        assert out.position.tobytes() == command.tobytes()
        assert out.limited == ()
    run.assert_safe()


ANYTHING = st.one_of(
    arrays.arrays(np.float64, 2, elements=st.floats(allow_nan=True, allow_infinity=True)),
    arrays.arrays(np.float64, 2, elements=st.floats(-3.0, 3.0)),
    arrays.arrays(np.float64, 2, elements=st.sampled_from([-2.0, 2.0, 0.0, 0.5, np.nextafter(2.0, 3.0), -0.0])),
    st.lists(st.floats(), max_size=3), st.none(), st.text(max_size=2), st.integers(), st.just([[1.0], 2.0]), st.just(np.array([1j, 2j])),
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(
    start=st.tuples(st.floats(-2.3, 2.3), st.floats(-0.1, 0.6)),
    inputs=st.lists(st.tuples(ANYTHING, st.integers(1, 40), st.one_of(st.floats(0, 0.04), st.floats(), st.none())), min_size=1, max_size=12),
    rate=st.sampled_from([50.0, 100.0, 1000.0]),
)
def test_whatever_comes_in_what_leaves_is_inside_every_limit(start: tuple[float, float], inputs: list[Any], rate: float) -> None:
    run = Run(start=start, rate=rate)
    for command, ticks, age in inputs:
        run.step(command, ticks, age=age if age is not None and age > 0.04 and ticks > 30 else 0.01)
    run.assert_safe()


def test_ten_thousand_hostile_inputs_to_every_arm_break_nothing() -> None:
    for seed in range(2):
        result = hostile.attack(ARMS, 5000, seed)
        assert result["violations"] == 0, result["first"]
        assert result["limited"] > 1000


@pytest.mark.parametrize("law", ["position", "velocity", "acceleration", "braking room"])
def test_the_monitor_sees_each_violation(law: str) -> None:
    monitor = hostile.Monitor(TWO, RATE)
    streams = {
        "position": [2.0001], "velocity": [1.0 + 0.021 * k for k in range(3)], "acceleration": [1.9, 1.9011], "braking room": [1.9 + 0.018, 1.9 + 0.036],
    }  # fmt: skip
    monitor.start(np.array([1.9 if law != "velocity" else 1.0, 0.2]))
    for position in streams[law]:
        monitor.see(np.array([position, 0.2]))
    assert any(violation.startswith(law) for violation in monitor.violations)


def test_a_jump_is_followed_without_overshoot_and_ends_on_the_command() -> None:
    run = Run(PANDA)
    goal = PANDA.lower + 0.8 * (PANDA.upper - PANDA.lower)
    out = run.step(goal, 500)
    assert out.position.tobytes() == goal.tobytes()
    assert out.limited == ()
    path = np.array(run.sent)
    assert (np.diff(path, axis=0) * np.sign(goal - PANDA.home) >= 0.0).all()
    best = np.abs(goal - PANDA.home) / PANDA.velocity + PANDA.velocity / PANDA.acceleration
    assert (path == goal).all(axis=1).argmax() / RATE < best.max() + 0.1
    run.assert_safe()


def test_an_arm_held_back_catches_up_with_a_moving_command() -> None:
    run = Run()
    for k in range(150):
        out = run.step(np.array([-1.0 + 0.012 * k, 0.2]))
    assert out.limited == ()
    assert out.position[0] == -1.0 + 0.012 * 149
    run.assert_safe()


def test_a_command_between_the_limits_and_back_every_tick_does_not_shake_the_arm_apart() -> None:
    run = Run()
    for k in range(300):
        run.step(TWO.upper if k % 2 else TWO.lower)
    run.assert_safe()


def test_what_held_a_command_back_is_named() -> None:
    assert Run().step(np.array([1.0, 0.2])).limited == ("velocity:turn",)
    assert Run().step(TWO.home + np.array([0.005, 0.0])).limited == ("acceleration:turn",)
    assert Run().step(np.array([0.1, 0.6])).limited == ("position:slide",)
    assert Run(start=[2.0, 0.2]).step(np.array([2.01, 0.2])).limited == ("position:turn",)


@pytest.mark.parametrize("age", [0.081, 1e300, np.nan, np.inf, None, "old"])
def test_a_stale_joint_state_stops_the_arm_at_its_acceleration_limit_until_reset(age: Any) -> None:
    run = Run()
    run.step(np.array([1.9, 0.2]), 20)
    speed = np.abs(run.sent[-1] - run.sent[-2]) * RATE
    assert speed[0] > 1.9
    out = run.step(np.array([1.9, 0.2]), age=age)
    assert not out.safe
    assert "stale" in out.reason
    out = run.step(np.array([1.9, 0.2]), int(np.ceil((speed / TWO.acceleration).max() * RATE)))
    assert (out.velocity == 0.0).all()
    assert not run.step(np.array([1.9, 0.2])).safe
    run.assert_safe()
    run.gate.reset(run.sent[-1])
    assert run.step(run.sent[-1]).safe


@pytest.mark.parametrize("measured", [np.array([np.nan, 0.0]), None, [1.0], "where", np.array([np.inf, 0.2])])
def test_an_unusable_joint_state_stops_the_arm(measured: Any) -> None:
    out = Run().step(TWO.home, measured=measured)
    assert not out.safe
    assert "joint state" in out.reason


@pytest.mark.parametrize(
    "command", [np.array([np.nan, 0.2]), np.array([np.inf, 0.2]), [0.1], None, "go", np.array([[0.1, 0.2]]), [10**400, 0], np.array([1j, 0])]
)
def test_an_unusable_command_brakes_and_five_in_a_row_latch_a_stop(command: Any) -> None:
    run = Run()
    for k in range(FAULTY_INPUTS):
        out = run.step(command)
        assert out.limited == ("input",)
        assert out.safe is (k < FAULTY_INPUTS - 1)
    assert "in a row" in out.reason
    assert not run.step(TWO.home).safe


def test_a_usable_command_in_between_starts_the_count_again() -> None:
    run = Run()
    for _ in range(10):
        run.step(None, FAULTY_INPUTS - 1)
        assert run.step(TWO.home).safe


def test_a_gate_that_was_never_reset_is_not_safe_and_does_not_move() -> None:
    gate = SafetyGate(TWO, RATE)
    out = gate.step(np.array([1.0, 0.2]), TWO.home, 0.0)
    assert not out.safe
    assert (out.velocity == 0.0).all()
    assert "reset" in out.reason


@pytest.mark.parametrize("position", [np.array([np.nan, 0.0]), None, np.array([100.0, 0.2])])
def test_a_reset_to_nonsense_stops_where_the_arm_was(position: Any) -> None:
    run = Run()
    run.step(np.array([1.9, 0.2]), 10)
    run.gate.reset(position)
    out = run.step(np.array([1.9, 0.2]), 100)
    assert not out.safe
    assert (out.velocity == 0.0).all()
    run.assert_safe()


def test_outside_the_limits_the_excess_only_falls_and_the_report_says_so() -> None:
    run = Run(start=[2.2, -0.05])
    out = run.step(np.array([2.2, -0.05]))
    assert out.limited == ("position:turn", "position:slide")
    run.step(np.array([3.0, -1.0]), 50)
    run.step(np.array([1.0, 0.3]), 300)
    assert run.sent[-1].tolist() == [1.0, 0.3]
    run.assert_safe()


def test_stop_on_request_is_latched_with_its_reason() -> None:
    run = Run()
    run.step(np.array([1.9, 0.2]), 10)
    run.see(run.gate.stop("the deadman was released"))
    out = run.step(np.array([1.9, 0.2]), 100)
    assert (out.safe, out.reason, out.limited) == (False, "the deadman was released", ("stopped",))
    assert run.gate.at_rest
    run.assert_safe()


def test_the_report_of_a_stop_says_why_how_long_and_where_the_arm_is() -> None:
    run = Run()
    assert run.gate.stopped is None
    run.step(np.array([1.9, 0.2]), 20)
    run.step(np.array([1.9, 0.2]), age=1.0)
    report = run.gate.stopped
    assert report is not None
    assert (report.cause, report.at_rest, report.ticks) == ("stale", False, 1)
    run.step(np.array([1.9, 0.2]), 40, measured=run.sent[-1] + np.array([0.01, 0.0]))
    report = run.gate.stopped
    assert report is not None
    assert (report.cause, report.at_rest, report.still, report.ticks) == ("stale", True, True, 41)
    assert report.residual is not None
    run.step(None, measured=run.sent[-1] + np.array([0.02, 0.0]))
    report = run.gate.stopped
    assert report is not None
    assert report.residual is not None
    np.testing.assert_allclose(report.residual, [0.02, 0.0], atol=1e-12)
    run.gate.reset(run.sent[-1])
    assert run.gate.stopped is None


@pytest.mark.parametrize("released", [False, None, 0, 1, "yes", float("nan")])
def test_a_released_deadman_brakes_and_a_held_one_goes_on_smoothly(released: Any) -> None:
    run = Run()
    goal = np.array([1.9, 0.4])
    run.step(goal, 20)
    for _ in range(60):
        out = run.gate.step(goal, run.sent[-1], 0.0, deadman=released)
        run.see(out)
        assert out.limited == ("deadman",)
        assert out.safe
    assert run.gate.at_rest
    out = run.step(goal, 200)
    assert out.position.tolist() == goal.tolist()
    run.assert_safe()


def test_a_share_of_the_speed_is_kept_to_and_reached_by_braking() -> None:
    run = Run()
    run.step(np.array([1.9, 0.2]), 20)
    run.gate.limit_speed(0.25)
    path = [run.step(np.array([1.9, 0.2])).velocity[0] for _ in range(60)]
    assert max(path[20:]) <= 0.5 * (1.0 + 1e-9)
    assert max(path[20:30]) > 0.499
    run.gate.limit_speed(1.0)
    assert run.step(np.array([1.9, 0.2]), 200).position.tolist() == [1.9, 0.2]
    run.assert_safe()


@pytest.mark.parametrize("part", [0.0, -1.0, 1.5, float("nan"), None])
def test_a_share_of_the_speed_that_is_none_is_refused(part: Any) -> None:
    with pytest.raises(InvalidValue):
        SafetyGate(TWO, RATE).limit_speed(part)


def test_a_snapshot_continues_bit_for_bit() -> None:
    rng, gate = np.random.default_rng(3), SafetyGate(PANDA, RATE)
    gate.reset(PANDA.home)
    stream = hostile.hostile_inputs(PANDA, gate, rng)
    for _ in range(50):
        gate.step(*next(stream))
    twin = SafetyGate(PANDA, RATE)
    twin.restore(json.loads(json.dumps(gate.snapshot())))
    for command, measured, age in (next(stream) for _ in range(200)):
        theirs = twin.step(command, measured, age)
        ours = gate.step(command, measured, age)
        assert (ours.position.tobytes(), ours.velocity.tobytes(), ours[2:]) == (theirs.position.tobytes(), theirs.velocity.tobytes(), theirs[2:])


def test_what_is_handed_out_cannot_be_changed_and_does_not_follow_the_input() -> None:
    run, command = Run(), TWO.home.copy()
    out = run.step(command)
    command[:] = 1.0
    assert out.position.tolist() == TWO.home.tolist()
    assert not out.position.flags.writeable
    assert not out.velocity.flags.writeable


@pytest.mark.parametrize("rate", [0.0, -1.0, float("nan"), float("inf"), None])
def test_a_rate_that_is_none_is_refused(rate: Any) -> None:
    with pytest.raises(InvalidValue):
        SafetyGate(TWO, rate)


# The braking tail


def hermite(tail: Any, q: np.ndarray, v: np.ndarray, per_piece: int = 8) -> tuple[np.ndarray, np.ndarray]:
    """Positions and accelerations (m, n) of the cubic pieces that a trajectory controller runs through the tail."""
    times = np.concatenate(([0.0], tail.times))
    points, speeds = np.vstack((q, tail.positions)), np.vstack((v, tail.velocities))
    where, bend = [], []
    for k, h in enumerate(np.diff(times)):
        for x in np.linspace(0.0, 1.0, per_piece):
            p0, p1, m0, m1 = points[k], points[k + 1], h * speeds[k], h * speeds[k + 1]
            where.append((2 * x**3 - 3 * x**2 + 1) * p0 + (x**3 - 2 * x**2 + x) * m0 + (-2 * x**3 + 3 * x**2) * p1 + (x**3 - x**2) * m1)
            bend.append(((12 * x - 6) * (p0 - p1) + (6 * x - 4) * m0 + (6 * x - 2) * m1) / h**2)
    return np.array(where), np.array(bend)


@settings(deadline=None)
@given(target=st.tuples(st.floats(-3, 3), st.floats(-1, 1)), ticks=st.integers(0, 250), start=st.tuples(st.floats(-2, 2), st.floats(0, 0.5)))
def test_the_braking_tail_of_all_that_leaves_the_gate_holds_the_limits(target: Any, ticks: int, start: Any) -> None:
    run = Run(start=start)
    out = run.step(np.array(target), ticks + 1)
    tail = braking_tail(TWO, out.position, out.velocity)
    assert (np.diff(tail.times, prepend=0.0) > 0.0).all()
    assert (np.array(tail.velocities[-1]) == 0.0).all()
    assert ((np.array(tail.positions) >= TWO.lower) & (np.array(tail.positions) <= TWO.upper)).all()
    positions, accelerations = hermite(tail, out.position, out.velocity)
    assert (positions >= TWO.lower - 1e-9).all()
    assert (positions <= TWO.upper + 1e-9).all()
    pieces = np.repeat(np.diff(tail.times, prepend=0.0), 8)[:, None]
    assert (np.abs(accelerations) <= TWO.acceleration * (1.0 + 1e-6 + 4e-5 / pieces) + 1e-13 / pieces**2).all()


def test_with_room_the_joints_stop_together_after_the_longest_braking_time() -> None:
    tail = braking_tail(TWO, np.array([0.0, 0.25]), np.array([1.0, 0.06]), 0.05)
    assert tail.times[-1] == pytest.approx(0.1)
    np.testing.assert_allclose(tail.positions[-1], [0.05, 0.253])
    np.testing.assert_allclose(np.divide(tail.velocities[0], [1.0, 0.06]), 0.5)


def test_a_joint_without_room_stops_earlier_than_the_others() -> None:
    tail = braking_tail(TWO, np.array([0.0, 0.497]), np.array([2.0, 0.06]))
    assert tail.times[-1] == pytest.approx(0.2)
    assert max(row[1] for row in tail.positions) <= 0.5


def test_the_tail_of_an_arm_at_rest_stays_where_it_is() -> None:
    tail = braking_tail(TWO, TWO.home, np.zeros(2))
    assert len(tail.times) >= 1
    assert (np.array(tail.positions) == TWO.home).all()
    assert (np.array(tail.velocities) == 0.0).all()


def test_a_command_a_hair_beyond_a_jerk_limit_at_1_khz_is_not_let_through() -> None:
    arm, rate = Embodiment.load("ur5e"), 1000.0
    gate, monitor = SafetyGate(arm, rate), hostile.Monitor(arm, rate)
    gate.reset(arm.home)
    monitor.start(arm.home)
    rng, limits = np.random.default_rng(0), JointLimits(arm, 1.0 / rate)
    step, change, last = np.zeros(arm.n), np.zeros(arm.n), arm.home
    for tick in range(300):
        low, high = limits.interval(last, step, change)
        beyond = 10.0 ** rng.uniform(-17, -13)
        out = gate.step(last + (high + beyond if (tick // 60) % 2 == 0 else low - beyond), last, 0.0).position
        monitor.see(out)
        step, change, last = out - last, out - last - step, out
    assert monitor.violations == []
