"""Guarded motion in physics: pressing where something hard stands; and a wrench that stops."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from skillkit.assembly import Episode, System, run_episode
from skillkit.assembly.reexecution import replay
from skillkit.assembly.system import arm_loop
from skillkit.assembly.worlds import simulated_world
from skillkit.cell import Cell
from skillkit.option import Option, Situation
from skillkit.runtime import Runtime
from skillkit.sim import World
from skillkit.spaces import CartesianDelta, Directive, Ending, GoalInput, Input, JointInput, Outcome, WrenchInput
from skillkit.trees import load_task

BEYOND = 20.0  # [N] by which a contact with the dispenser's front at 5 cm/s may exceed its limit; measured: up to 15
ROBOT = "ur5e"
WRONG = {"button": "dispenser", "clearance": 0.34}  # the middle of the machine is no button: its front stands in the way


def press(limit: float, world_of: Any = lambda world: world, record: str = "") -> tuple[Episode, float]:
    """How it ended, and the largest force that the tool felt [N]."""
    cell, world = simulated_world(Cell.of_robot(ROBOT), "coffee", 0)
    system, felt = System.build(cell), [0.0]

    def watch(runtime: Any, result: Any) -> None:
        wrench = result.observation.arms[ROBOT].wrench
        felt.append(0.0 if wrench is None else float(sum(wrench[:3] ** 2) ** 0.5))

    return run_episode(system, world_of(world), "press", {**WRONG, "force_limit": limit}, record=record, on_step=watch), max(felt)


def test_a_press_that_meets_something_hard_stops_and_says_how_hard_it_was(tmp_path: Any) -> None:
    bag, limit = str(tmp_path / "press.mcap"), 40.0
    run, felt = press(limit, record=bag)
    assert run.ending.outcome is Outcome.FAILED
    assert run.ending.reason.endswith(f"N of contact in the phase 'touch', where {limit:g} N are allowed")
    assert 0.9 * limit < felt < limit + BEYOND
    found = replay(bag)
    assert (found.differences, found.compared > 100) == (0, True), found.first


class Numb:
    """A world whose wrenches end at a time [s]."""

    def __init__(self, world: World, until: float) -> None:
        self._world, self._until = world, until

    def __getattr__(self, name: str) -> Any:
        return getattr(self._world, name)

    def wrench_inputs(self, now: float) -> Sequence[Input]:
        """Those that arrive."""
        return self._world.wrench_inputs(now) if now < self._until else []


def test_a_guarded_motion_whose_wrench_stops_ends_unsafe() -> None:
    run, _ = press(20.0, lambda world: Numb(world, 2.5))
    assert run.ending.outcome is Outcome.UNSAFE
    assert "guarded motion: the wrench is 0.1" in run.ending.reason
    assert run.duration < 2.9


class Push:
    """Down for 5 steps, guarded; tells of the contact before each."""

    felt: ClassVar[list[float]] = []

    def __init__(self) -> None:
        self.steps = 0

    def start(self, situation: Situation) -> None:
        self.steps = 0

    def act(self, situation: Situation) -> Mapping[str, Directive] | Ending:
        self.felt.append(situation.arm.contact)
        self.steps += 1
        return Ending(Outcome.SUCCEEDED) if self.steps > 5 else {"arm": CartesianDelta((0.0, 0.0, -0.001), force_limit=20.0)}

    def snapshot(self) -> dict[str, Any]:
        return {"steps": self.steps}

    def restore(self, snapshot: dict[str, Any]) -> None:
        self.steps = snapshot["steps"]


def test_what_one_guarded_skill_felt_does_not_end_the_next(tmp_path: Any) -> None:
    (tmp_path / "two.yaml").write_text("task: two\ntree:\n  sequence:\n    - {skill: push, label: first}\n    - {skill: push, label: second}\n")
    push = {"push": Option("push", Push)}
    arm = Cell.of_robot("panda").arms[0]
    runtime = Runtime([arm_loop(arm)], {"two": load_task(tmp_path / "two.yaml", push).option(push)})
    q, v, ended = arm.embodiment.home, np.zeros(7), False
    Push.felt.clear()
    for tick in range(200):
        now, force = 0.01 * tick, 19.5 if 10 <= tick < 20 else 0.0  # once, in the first
        goal = [GoalInput("g", now, "two")] if tick == 1 else []
        felt = WrenchInput("panda", now, now, (0.0, 0.0, force, 0.0, 0.0, 0.0))
        result = runtime.step([JointInput("panda", now, now, tuple(q.tolist()), tuple(v.tolist()), 0.08), felt, *goal], now)
        if "panda" in result.commands:
            q, v = result.commands["panda"].position, (result.commands["panda"].position - q) / 0.01
        if result.ended:
            ended = True
            break
    assert ended
    assert max(Push.felt[:6]) == 19.5
    assert max(Push.felt[7:]) == 0.0  # what is observed when a skill begins is still of the one before
    assert len(Push.felt) == 12
