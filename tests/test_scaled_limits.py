"""A skill, or an operator, that keeps an arm slower: the scaled limits hold whatever comes in, at a monitor that sees only what the driver would receive."""

from __future__ import annotations

import sys
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from skillkit import share
from skillkit.embodiment import Embodiment
from skillkit.option import Option
from skillkit.runtime import Runtime
from skillkit.safeguard import Safeguard
from skillkit.spaces import ControlInput, GoalInput, JointInput

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))
from gate_hostile import Monitor
from runtime_hostile import RATES, Driven

ROBOTS = sorted(share.files("urdf"))


def drive(robot: str, seed: int, skill: float, changes: bool) -> tuple[Monitor, list[tuple[float, np.ndarray]]]:
    """A hostile policy under a skill's speed share; an operator ``changes`` theirs at random. The monitor, and the share and speeds [of the limits] by tick."""
    rng = np.random.default_rng(seed)
    arm = replace(Embodiment.load(robot), control_rate=float(rng.choice(RATES)))
    driven = Driven("arm", arm, rng)
    driven.position = rng.uniform(arm.lower, arm.upper)
    option = Option("hostile", partial(lambda one: one, driven.policy), rate=0.0, roles=("arm",), safeguard=Safeguard(speed=skill))
    runtime, monitor = Runtime([driven.loop], {"hostile": option}), Monitor(arm, arm.control_rate)
    monitor.start(driven.position)
    allowed, seen, position = 1.0, list[tuple[float, np.ndarray]](), driven.position
    for tick in range(300):
        now = tick / arm.control_rate
        inputs = [JointInput("arm", now, now, tuple(position.tolist()), (0.0,) * arm.n, 0.04)]
        if changes and rng.random() < 0.05:
            allowed = float(rng.choice([1.0, 0.5, 0.1, 0.02, rng.uniform(0.01, 1.0)]))
            inputs.append(ControlInput(f"speed {allowed}", now))
        if changes and rng.random() < 0.05:
            inputs.append(
                ControlInput(str(rng.choice(["deadman held", "deadman released", "pause", "resume", "deadman held", "resume", "speed -1", "speed x"])), now)
            )
        if not driven.loop.engaged:
            inputs.append(GoalInput(f"goal {tick}", now, "hostile"))
        with np.errstate(all="ignore"):
            command = runtime.step(inputs, now).commands.get("arm")
        if command is not None:
            monitor.see(command.position)
            position = command.position
            seen.append((min(allowed, skill), monitor.step * arm.control_rate / arm.velocity))
    return monitor, seen


@pytest.mark.parametrize("robot", ROBOTS)
@pytest.mark.parametrize("seed", range(2))
def test_a_skill_that_declares_a_speed_never_exceeds_its_share_of_the_limits(robot: str, seed: int) -> None:
    part = (0.2, 0.03)[seed]
    monitor, seen = drive(robot, seed, part, changes=False)
    assert monitor.violations == []
    assert max(float(np.abs(speeds).max()) for _, speeds in seen) <= part * (1.0 + 1e-9) + 1e-9
    assert any(float(np.abs(speeds).max()) > 0.05 * part for _, speeds in seen)


@pytest.mark.parametrize("robot", ROBOTS)
@pytest.mark.parametrize("seed", range(2))
def test_a_limit_that_changes_while_the_arm_moves_breaks_no_other_limit_and_what_is_too_fast_only_gets_slower(robot: str, seed: int) -> None:
    monitor, seen = drive(robot, 100 + seed, 1.0 if seed else 0.4, changes=True)
    assert [text for text in monitor.violations if not text.startswith("braking room")] == []
    before, bend = np.zeros_like(seen[0][1]), np.zeros_like(seen[0][1])
    for allowed, speeds in seen:
        sign, last_bend, bend = np.sign(speeds), bend, speeds - before
        released = sign * bend < sign * last_bend  # a joint that speeds up has to let go of its acceleration first, as fast as its jerk allows
        assert ((np.abs(speeds) <= np.maximum(np.abs(before), allowed) * (1.0 + 1e-9) + 1e-9) | released).all()
        before = speeds
