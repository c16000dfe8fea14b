"""What streaming control promises, on every arm that comes with the library, by the trials of the benchmark."""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from skillkit import share
from skillkit.embodiment import Embodiment
from skillkit.kinematics import CartesianController
from skillkit.pose import Pose, rotation_from_vector, vector_from_rotation

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
import ik_behaviour as behaviour
import ik_streaming as streaming
from _ik_peers import Ours

RATE = 100.0  # [Hz]
ARMS = sorted(share.files("urdf"))


@cache
def trial(name: str) -> object:
    arm = Embodiment.load(name)
    return streaming.Trial(Ours(arm), arm)


@pytest.fixture(params=ARMS)
def run(request: pytest.FixtureRequest) -> object:
    """The arm's trial, whose record of limits grows with every test."""
    return trial(request.param)


def limits_hold(run: object) -> bool:
    worst = run.worst  # type: ignore[attr-defined]
    return worst["position"] == 0.0 and all(worst[name] <= 1.0 + 1e-9 for name in ("velocity", "acceleration", "jerk"))


def test_a_circle_is_followed_to_ten_micrometres_without_drift(run: object) -> None:
    found = streaming.circles(run, 2)
    assert found["circle_rms_um"] < 10.0
    assert found["drift_um"] < 1.0
    assert limits_hold(run)


def test_out_of_reach_the_arm_is_calm_and_comes_back(run: object) -> None:
    found = {**streaming.jump(run), **streaming.ramp(run)}
    assert found["chatter_rad_s"] < 1e-3
    assert max(found["jump_return_mm"], found["ramp_return_mm"]) < 1.0
    assert max(found["jump_return_mrad"], found["ramp_return_mrad"]) < 1.0
    assert limits_hold(run)


def test_a_long_turn_of_the_tool_returns_exactly(run: object) -> None:
    found = streaming.tool_turn(run)
    assert found["turn_return_mm"] < 1e-3
    assert found["turn_return_mrad"] < 1e-3
    assert limits_hold(run)


@pytest.mark.parametrize("name", sorted(set(streaming.SINGULAR) & set(ARMS)))
def test_singularities_are_passed(name: str) -> None:
    found = streaming.singularities(trial(name))
    assert found
    assert max(error for which, error in found.items() if which.endswith("_mm")) < 1.5
    assert limits_hold(trial(name))


def test_targets_that_jump_and_run_at_random_break_no_limit(run: object) -> None:
    streaming.wild(run)
    assert limits_hold(run)


@pytest.mark.parametrize("name", ["panda", "ur5e", "so101", "scara4"])
@pytest.mark.parametrize("lag", behaviour.LAGS)
def test_an_arm_that_lags_makes_no_error_grow_over_half_a_minute(name: str, lag: float) -> None:
    found = behaviour.lag(trial(name), lag)
    assert found[f"lag{lag * 1e3:.0f}_growth"] < 0.01
    assert found[f"lag{lag * 1e3:.0f}_mm"] < 170.0 * lag * 1.2  # the tool's speed times the lag


def test_an_arm_that_sags_does_not_walk(run: object) -> None:
    found = behaviour.sag(run)
    assert found["walk_um"] < 1e-3
    assert found["walk_urad"] < 1e-3


def steered(control: CartesianController, start: np.ndarray, goal: Pose) -> float:
    """Seconds until the arm, led there by a target that runs at most 0.4 m/s and 1.4 rad/s, stands at ``goal``; infinite after 8."""
    control.reset(start)
    q = start
    for tick in range(800):
        shift, turn = goal.position - control.target.position, vector_from_rotation(goal.rotation @ control.target.rotation.T)
        far, turned = float(np.linalg.norm(shift)), float(np.linalg.norm(turn))
        if far + turned < 1e-6 and float(np.linalg.norm(control.residual)) < 2e-4:
            return tick / RATE
        q = control.step(q, np.concatenate([shift * min(1.0, 0.004 / max(far, 1e-9)), turn * min(1.0, 0.014 / max(turned, 1e-9))])).position
    return np.inf


@pytest.mark.parametrize("name", ["panda", "gen3"])
def test_no_target_within_reach_is_stood_short_of(name: str) -> None:
    """Posture and feedback once stood in balance, in one to sixteen of a hundred such motions of arms with seven joints."""
    arm, rng = Embodiment.load(name), np.random.default_rng(5)
    control, half = CartesianController(arm, RATE), np.minimum(0.5 * (arm.upper - arm.lower), 3.0)
    low, high = (0.5 * (arm.lower + arm.upper) + side * 0.85 * half for side in (-1.0, 1.0))
    for _ in range(120):
        start = np.clip(arm.home + rng.normal(0.0, 0.7, arm.n), low, high)
        goal = control.kinematics.forward(np.clip(start + rng.normal(0.0, 0.5, arm.n), low, high))
        assert steered(control, start, goal) < 8.0, start


def test_a_panda_carrying_a_cup_past_a_door_does_not_stand_short_of_its_target() -> None:
    """Where a task stood still, far from limits and singularities, until its skill gave up."""
    arm = Embodiment.load("panda")
    control, start = CartesianController(arm, RATE), np.array([0.09, -0.187, -0.697, -2.341, 1.188, 1.712, -1.354])
    at = control.kinematics.forward(start)
    goal = Pose(at.position + np.array([0.037, -0.047, -0.034]), rotation_from_vector((0.082, -0.072, 0.133)) @ at.rotation)
    assert steered(control, start, goal) < 8.0


@pytest.mark.parametrize("name", ["scara4", "planar3"])
def test_a_motion_that_the_arm_cannot_make_is_reported_and_disturbs_nothing(name: str) -> None:
    arm = Embodiment.load(name)
    control = CartesianController(arm, RATE)
    start = control.kinematics.forward(arm.home)
    tilted = Pose.from_vector(start.position, (0.1, 0.0, 0.0)) @ Pose(np.zeros(3), start.rotation)
    for _ in range(300):
        control.track(arm.home, tilted)
    assert np.linalg.norm(control.residual[3:]) == pytest.approx(0.1, abs=1e-6)
    assert np.linalg.norm(control.residual[:3]) < 1e-6


def test_five_joints_put_position_first_and_report_the_rotation_that_is_lost() -> None:
    arm = Embodiment.load("so101")
    control = CartesianController(arm, RATE)
    start = control.target
    for _ in range(300):
        control.track(arm.home, Pose(start.position + np.array([0.0, 0.05, 0.02]), start.rotation))
    assert np.linalg.norm(control.residual[:3]) < 1e-5
    assert np.linalg.norm(control.residual[3:]) > 1e-2
