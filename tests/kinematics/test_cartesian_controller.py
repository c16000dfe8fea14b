"""The controller's promises: accuracy, no drift, limits held, calm where it cannot reach, whole state in the snapshot."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from itertools import pairwise

import numpy as np
import pytest

from skillkit.embodiment import Embodiment
from skillkit.kinematics import CartesianController
from skillkit.pose import Pose, vector_from_rotation
from skillkit.protocols import ControlStep
from skillkit.safety import SafetyGate

RATE = 100.0  # [Hz]


class Log:
    """Drives a controller with a perfect arm and keeps what it sent."""

    def __init__(self, arm: Embodiment, start: np.ndarray | None = None) -> None:
        self.arm, self.control = arm, CartesianController(arm, RATE)
        self.control.reset(arm.home if start is None else start)
        self.sent = [self.q0, self.q0, self.q0]
        self.limits: set[str] = set()

    @property
    def q0(self) -> np.ndarray:
        return self.control.snapshot()["position"]

    def run(self, step: Callable[[np.ndarray], ControlStep], ticks: int = 1) -> ControlStep:
        for _ in range(ticks):
            report = step(np.asarray(self.sent[-1]))
            self.sent.append(report.position)
            self.limits |= set(report.active_limits)
        return report

    def delta(self, delta: Iterable[float], ticks: int = 1, frame: str = "base") -> ControlStep:
        return self.run(lambda q: self.control.step(q, np.asarray(list(delta)), frame), ticks)

    def track(self, pose: Pose, ticks: int = 1) -> ControlStep:
        return self.run(lambda q: self.control.track(q, pose), ticks)

    def tool(self) -> Pose:
        return self.control.kinematics.forward(np.asarray(self.sent[-1]))

    def assert_limits_hold(self) -> None:
        q = np.array(self.sent)
        velocity = np.diff(q, axis=0) * RATE
        acceleration = np.diff(velocity, axis=0) * RATE
        assert (q >= self.arm.lower).all()
        assert (q <= self.arm.upper).all()
        assert (np.abs(velocity) <= self.arm.velocity * (1.0 + 1e-9)).all()
        assert (np.abs(acceleration) <= self.arm.acceleration * (1.0 + 1e-9)).all()
        assert (np.abs(np.diff(acceleration, axis=0)) * RATE <= self.arm.jerk * (1.0 + 1e-9)).all()


def circle(ticks: int, radius: float = 0.1, period: float = 4.0) -> np.ndarray:
    """(ticks + 1, 3) points of a circle through the origin, in the plane y-z [m]."""
    angle = 2.0 * np.pi * np.arange(ticks + 1) / (period * RATE)
    return radius * np.column_stack((np.zeros_like(angle), np.cos(angle) - 1.0, np.sin(angle)))


@pytest.fixture(params=["seven_arm", "panda"])
def spatial(request: pytest.FixtureRequest) -> Embodiment:
    return Embodiment.load("panda") if request.param == "panda" else request.getfixturevalue(request.param)


def test_a_circle_of_deltas_is_followed_and_twenty_of_them_do_not_drift(spatial: Embodiment) -> None:
    log = Log(spatial)
    start, points = log.tool().position, circle(8000)
    errors = []
    for before, after in pairwise(points):
        log.delta((*(after - before), 0.0, 0.0, 0.0))
        errors.append(np.linalg.norm(log.tool().position - start - after))
    assert np.sqrt(np.mean(np.square(errors[400:]))) < 1e-3
    log.delta(np.zeros(6), 100)
    assert np.linalg.norm(log.tool().position - start) < 1e-4
    log.assert_limits_hold()


def test_a_circle_in_steady_state_is_followed_to_ten_micrometres(spatial: Embodiment) -> None:
    log = Log(spatial)
    start, points = log.tool().position, circle(800)
    errors = []
    for before, after in pairwise(points):
        log.delta((*(after - before), 0.0, 0.0, 0.0))
        errors.append(np.linalg.norm(log.tool().position - start - after))
    assert np.sqrt(np.mean(np.square(errors[400:]))) < 1e-5


def test_a_ramp_out_of_reach_and_back_returns(arm: Embodiment) -> None:
    log = Log(arm, np.clip(arm.home + 0.3, arm.lower, arm.upper))
    start = log.control.target
    away = np.array([1.5, 0.4, 0.2])
    for share in (*np.linspace(0.0, 1.0, 400), *np.linspace(1.0, 0.0, 400), *np.zeros(600)):
        log.track(Pose.from_quaternion(start.position + share * away, start.quaternion))
    assert "lead" in log.limits
    assert np.linalg.norm(log.tool().position - start.position) < 1e-3
    log.assert_limits_hold()


def test_a_jump_out_of_reach_is_calm_and_returns(spatial: Embodiment) -> None:
    log = Log(spatial)
    start = log.control.target
    log.track(Pose.from_quaternion(start.position + np.array([1.5, 0.4, 0.2]), start.quaternion), 1500)
    rest = np.array(log.sent[-200:])
    assert np.abs(np.diff(rest, axis=0)).sum() / 2.0 / spatial.n < 1e-3  # mean joint travel [rad/s]
    log.track(start, 1000)
    assert np.linalg.norm(log.tool().position - start.position) < 1e-3
    assert np.linalg.norm(vector_from_rotation(log.tool().rotation @ start.rotation.T)) < 1e-3
    log.assert_limits_hold()


def test_the_target_never_leads_by_more_than_the_bound(spatial: Embodiment) -> None:
    log = Log(spatial)
    for _ in range(200):
        log.delta((0.02, 0.01, 0.0, 0.0, 0.1, 0.0))
        assert np.linalg.norm(log.control.residual[:3]) <= 0.03 + 1e-2
        assert np.linalg.norm(log.control.residual[3:]) <= 0.15 + 5e-2
    assert "lead" in log.limits
    log.assert_limits_hold()


def test_random_deltas_hold_the_limits(arm: Embodiment) -> None:
    log, rng = Log(arm), np.random.default_rng(1)
    for size in (1e-3, 1e-2, 1.0):
        for _ in range(30):
            log.delta(size * rng.normal(size=6), 10, ("base", "tool")[int(rng.integers(2))])
    log.assert_limits_hold()


def test_a_delta_in_tool_axes_moves_along_the_tool(spatial: Embodiment) -> None:
    log = Log(spatial)
    start = log.tool()
    log.delta((0.0, 0.0, 2e-4, 0.0, 0.0, 1e-3), 200, "tool")
    log.delta(np.zeros(6), 100)
    np.testing.assert_allclose(start.inverse().apply(log.tool().position), [0.0, 0.0, 0.04], atol=1e-4)
    np.testing.assert_allclose(vector_from_rotation(start.rotation.T @ log.tool().rotation), [0.0, 0.0, 0.2], atol=1e-4)


def test_a_long_turn_about_the_tool_axis_returns(spatial: Embodiment) -> None:
    log = Log(spatial)
    start = log.tool()
    log.delta((0, 0, 0, 0, 0, 0.005), 400, "tool")
    log.delta((0, 0, 0, 0, 0, -0.005), 400, "tool")
    log.delta(np.zeros(6), 200)
    assert np.linalg.norm(log.tool().position - start.position) < 1e-3
    assert np.linalg.norm(vector_from_rotation(log.tool().rotation @ start.rotation.T)) < 1e-3
    log.assert_limits_hold()


def test_a_wrist_singularity_is_passed_without_stopping() -> None:
    panda = Embodiment.load("panda")
    start = panda.home.copy()
    start[4], start[5], start[3] = 0.01, 0.6, -1.8
    log = Log(panda, start)
    goal = panda.home.copy()
    goal[4], goal[5], goal[3] = 0.01, -0.0, -1.8  # joint 6 towards the alignment of axes 5 and 7
    errors, pose = [], log.control.kinematics.forward
    for share in np.linspace(0.0, 1.0, 250):
        target = pose(start + share * (goal - start))
        log.track(target)
        errors.append(np.linalg.norm(log.tool().position - target.position))
    assert np.sqrt(np.mean(np.square(errors))) < 1.5e-3
    log.assert_limits_hold()


def test_stop_comes_to_rest_within_the_braking_time(arm: Embodiment) -> None:
    log = Log(arm)
    log.run(lambda q: log.control.move(q, arm.lower + 0.6 * (arm.upper - arm.lower)), 20)
    speed = np.abs(np.subtract(log.sent[-1], log.sent[-2])) * RATE
    assert speed.max() > 0.1
    ramps = 2.0 * (arm.acceleration / arm.jerk).max() * RATE
    log.run(log.control.stop, int(np.ceil((speed / arm.acceleration).max() * RATE + (ramps if ramps > 1.0 else 0.0))) + 1)
    report = log.run(log.control.stop)
    assert (report.velocity == 0.0).all()
    np.testing.assert_allclose(log.control.residual, 0.0, atol=1e-12)
    log.assert_limits_hold()


def test_move_arrives_exactly_and_straight(arm: Embodiment) -> None:
    log = Log(arm)
    goal = arm.lower + 0.7 * (arm.upper - arm.lower)
    start = np.asarray(log.sent[-1])
    report = log.run(lambda q: log.control.move(q, goal), 800)
    assert (report.position == goal).all()
    assert (report.velocity == 0.0).all()
    log.assert_limits_hold()
    direction = (goal - start) / np.linalg.norm(goal - start)
    off = np.array(log.sent) - start
    assert np.abs(off - np.outer(off @ direction, direction)).max() < 1e-9


def test_a_goal_outside_the_limits_is_named_and_ends_on_the_limit(spatial: Embodiment) -> None:
    log = Log(spatial)
    goal = spatial.home.copy()
    goal[0] = spatial.upper[0] + 1.0
    report = log.run(lambda q: log.control.move(q, goal), 800)
    assert report.position[0] == pytest.approx(spatial.upper[0], abs=1e-8)
    assert f"position:{spatial.joints[0]}" in report.active_limits
    log.assert_limits_hold()


def test_being_pushed_a_metre_or_a_radian_any_way_and_back_does_not_stick(spatial: Embodiment) -> None:
    log = Log(spatial)
    start = log.control.target
    for direction in np.vstack((np.eye(6), -np.eye(6))):
        log.delta(direction * 5e-3, 200)
        log.track(start, 600)
        assert np.linalg.norm(log.tool().position - start.position) < 1e-3
    log.assert_limits_hold()


def test_the_pull_towards_home_never_balances_what_brings_the_tool_to_its_target() -> None:
    log = Log(Embodiment.load("ur5e"), np.array([-1.674, -0.98, -2.172, -0.109, 1.614, 1.585]))  # smallest singular value 0.1, pan far from home
    way = np.array([-0.03, -0.003, 0.003, -0.048, -0.011, -0.142])
    log.run(lambda q: log.control.step(q, way / 10.0), 10)
    log.run(lambda q: log.control.step(q, np.zeros(6)), 200)
    assert np.abs(log.control.residual).max() < 1e-4


@pytest.mark.parametrize("bad", [np.full(6, np.nan), np.array([np.inf, 0, 0, 0, 0, 0]), np.full(6, 1e300), None, np.zeros(5), "up", [[1, 2], [3]]])
def test_an_unusable_delta_counts_as_none_and_is_reported(seven_arm: Embodiment, bad: object) -> None:
    log = Log(seven_arm)
    report = log.run(lambda q: log.control.step(q, bad))  # type: ignore[arg-type]
    assert "input" in report.active_limits
    np.testing.assert_allclose(report.position, seven_arm.home, atol=1e-12)
    assert np.isfinite(log.control.residual).all()


def test_unusable_poses_and_goals_are_reported_too(seven_arm: Embodiment) -> None:
    control = CartesianController(seven_arm, RATE)
    broken = Pose(np.full(3, np.nan), np.eye(3))
    assert "input" in control.track(seven_arm.home, broken).active_limits
    assert "input" in control.move(seven_arm.home, np.full(7, np.nan)).active_limits
    assert "input" in control.step(seven_arm.home, np.zeros(6), "cup_1").active_limits


def test_a_measured_arm_far_from_the_command_is_reported(seven_arm: Embodiment) -> None:
    control = CartesianController(seven_arm, RATE)
    assert control.step(seven_arm.home, np.zeros(6)).active_limits == ()
    assert "tracking" in control.step(seven_arm.home + 0.3, np.zeros(6)).active_limits
    assert "tracking" in control.step(np.full(7, np.nan), np.zeros(6)).active_limits


def test_the_manipulability_is_that_of_the_commanded_position(spatial: Embodiment) -> None:
    log = Log(spatial)
    report = log.delta((1e-3, 0, 0, 0, 0, 0), 30)
    assert log.control.manipulability == pytest.approx(log.control.kinematics.manipulability(np.asarray(report.position)), rel=1e-9)


def test_holding_still_sends_exactly_the_same_command(spatial: Embodiment) -> None:
    log = Log(spatial)
    log.delta((1e-3, 0, 0, 0, 0, 0), 50)
    log.delta(np.zeros(6), 500)
    before = np.asarray(log.sent[-1])
    log.delta(np.zeros(6), 100)
    np.testing.assert_allclose(log.sent[-1], before, atol=1e-6)


def test_a_snapshot_continues_bit_for_bit(arm: Embodiment) -> None:
    log, rng = Log(arm), np.random.default_rng(2)
    for delta in rng.normal(size=(100, 6)) * 5e-3:
        log.delta(delta)
    twin = CartesianController(arm, RATE)
    twin.restore(json.loads(json.dumps(log.control.snapshot())))
    for k, delta in enumerate(rng.normal(size=(150, 6)) * 5e-3):
        measured = np.asarray(log.sent[-1])
        ours, theirs = (c.stop(measured) if k % 50 > 45 else c.step(measured, delta, "tool") for c in (log.control, twin))
        assert (ours.position == theirs.position).all()
        assert (ours.velocity == theirs.velocity).all()
        assert (log.control.residual == twin.residual).all()
        assert (ours.active_limits, log.control.manipulability) == (theirs.active_limits, twin.manipulability)
        log.sent.append(ours.position)
    assert twin.snapshot() == log.control.snapshot()


def test_an_arm_that_starts_outside_its_limits_comes_back_inside(seven_arm: Embodiment) -> None:
    start = seven_arm.home.copy()
    start[5] = seven_arm.upper[5] + 0.05
    log = Log(seven_arm, start)
    log.delta(np.zeros(6), 200)
    excess = np.maximum(np.array(log.sent)[:, 5] - seven_arm.upper[5], 0.0)
    assert (np.diff(excess) <= 0.0).all()
    assert excess[-1] < 1e-9
    assert f"position:{seven_arm.joints[5]}" in log.limits


@pytest.mark.parametrize("rate", [50.0, 100.0, 500.0])
def test_the_gate_passes_all_that_the_controller_sends(arm: Embodiment, rate: float) -> None:
    control, gate, rng = CartesianController(arm, rate), SafetyGate(arm, rate), np.random.default_rng(4)
    gate.reset(arm.home)
    sent = arm.home
    for k in range(12):
        size, goal = 10.0 ** rng.uniform(-4, 0), rng.uniform(arm.lower, arm.upper)
        direction = size * rng.normal(size=6)
        for tick in range(40):
            if tick > 35 and k % 4 == 0:
                report = control.stop(sent)
            elif k % 3 == 0:
                report = control.move(sent, goal)
            else:
                report = control.step(sent, direction + size * rng.normal(size=6), ("base", "tool")[k % 2])
            out = gate.step(report.position, sent, 0.0)
            assert out.limited == ()
            assert out.position.tobytes() == report.position.tobytes()
            sent = out.position


def test_preparing_a_tick_changes_nothing(arm: Embodiment) -> None:
    prepared, plain, rng = CartesianController(arm, RATE), CartesianController(arm, RATE), np.random.default_rng(7)
    for k, delta in enumerate(np.repeat(rng.normal(size=(12, 6)) * 1e-2, 25, axis=0)):
        prepared.prepare()
        ours, theirs = (c.stop(arm.home) if k % 100 > 90 else c.step(arm.home, delta) for c in (prepared, plain))
        assert (ours.position == theirs.position).all()
        assert ours.active_limits == theirs.active_limits
    assert prepared.snapshot() == plain.snapshot()
