"""One hundredth of the long run of ``benchmarks/runtime_hostile.py``: whatever comes in, what a driver receives is inside the limits."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from skillkit import share
from skillkit.arm import ArmLoop
from skillkit.embodiment import Embodiment
from skillkit.kinematics import ArmKinematics, CartesianController
from skillkit.option import Option
from skillkit.pose import Pose
from skillkit.runtime import Runtime
from skillkit.safety import SafetyGate
from skillkit.spaces import GoalInput, JointInput, Outcome
from skillkit.teleop import Standing

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))
from runtime_hostile import attack

ROBOTS = sorted(share.files("urdf"))


@pytest.mark.parametrize("seed", range(4))
def test_hostile_inputs_to_the_runtime_of_every_arm_break_nothing(seed: int) -> None:
    result = attack(ROBOTS, 2500, seed)
    assert result["violations"] == 0, result["first"]
    assert result["limited"] > 200
    assert result["stopped"] > 50


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), 1e3])
def test_an_arm_that_does_not_say_where_it_is_is_sent_nothing(bad: float) -> None:
    arm = Embodiment.load("panda")
    loop = ArmLoop("panda", arm, Pose.from_vector(), ArmKinematics(arm), CartesianController(arm, 100.0), SafetyGate(arm, 100.0))
    runtime = Runtime([loop], {"stand": Option("stand", Standing)})
    position = (bad, *(arm.home + 0.1).tolist()[1:])
    result = runtime.step([JointInput("panda", 0.0, 0.0, position, (0.0,) * arm.n, 0.08), GoalInput("g", 0.0, "stand")], 0.0)
    assert result.commands == {}
    assert result.ended[0].ending.outcome is Outcome.REFUSED
    assert "7 finite numbers" in result.ended[0].ending.reason


def test_without_room_to_brake_a_gate_keeps_to_acceleration_and_comes_back() -> None:
    arm = Embodiment.load("panda")
    gate, dt = SafetyGate(arm, 100.0), 0.01
    gate.reset(arm.home)
    state, start = gate.snapshot(), arm.upper - 0.01
    state |= {"sent": start.tolist(), "asked": start.tolist(), "step": (arm.velocity * dt).tolist()}
    gate.restore(state)
    sent = [start - arm.velocity * dt, start]
    for _ in range(300):
        out = gate.step(arm.home, sent[-1], 0.0)
        sent.append(out.position)
    path = np.array(sent)
    assert (np.abs(np.diff(path, 2, axis=0)) / dt**2 <= arm.acceleration * (1.0 + 1e-9)).all()
    excess = np.maximum(path - arm.upper, 0.0)
    assert excess.max() > 0.0
    assert all((np.diff(joint[joint.argmax() :]) <= 0.0).all() for joint in excess.T)
    np.testing.assert_array_equal(path[-1], arm.home)
