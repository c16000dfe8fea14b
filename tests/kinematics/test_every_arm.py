"""What streaming control promises, on every arm that comes with the library, by the trials of the benchmark."""

from __future__ import annotations

import importlib.util
import sys
from functools import cache
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from skillkit import share
from skillkit.embodiment import Embodiment
from skillkit.kinematics import CartesianController
from skillkit.pose import Pose

RATE = 100.0  # [Hz]
ARMS = sorted(share.files("urdf"))


def _benchmark() -> ModuleType:
    path = Path(__file__).parents[2] / "benchmarks" / "ik_streaming.py"
    spec = importlib.util.spec_from_file_location("ik_streaming", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


streaming = _benchmark()


@cache
def trial(name: str) -> object:
    arm = Embodiment.load(name)
    return streaming.Trial(streaming.Ours(arm), arm)


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


@pytest.mark.parametrize("name", sorted(streaming.SINGULAR))
def test_singularities_are_passed(name: str) -> None:
    found = streaming.singularities(trial(name))
    assert found
    assert max(found.values()) < 1.5
    assert limits_hold(trial(name))


@pytest.mark.parametrize("lag", [0.02, 0.05, 0.1])
def test_an_arm_that_lags_makes_no_error_grow(lag: float) -> None:
    panda = Embodiment.load("panda")
    control, measured, errors = CartesianController(panda, RATE), panda.home.copy(), []
    start = control.target
    for pose in streaming.circle(panda, start, 7):
        command = control.track(measured, pose).position
        measured = measured + (command - measured) * (1.0 - np.exp(-1.0 / (RATE * lag)))
        errors.append(np.linalg.norm(control.kinematics.forward(measured).position - pose.position))
    rounds = np.array(errors).reshape(7, -1).max(axis=1)
    assert rounds[-1] <= rounds[1] * 1.01
    assert rounds[1:].max() < 0.17 * lag * 1.2  # the tool's speed times the lag [m]


def test_an_arm_that_sags_does_not_walk() -> None:
    panda = Embodiment.load("panda")
    control = CartesianController(panda, RATE)
    for _ in range(1000):
        step = control.step(panda.home + 0.02, np.zeros(6))
    np.testing.assert_allclose(step.position, panda.home, atol=1e-12)


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
