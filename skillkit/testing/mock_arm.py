"""The mock: arms that follow every command exactly, and the loop that drives a runtime over them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from skillkit.assembly.checkpoint import EVERY, Checkpoints
from skillkit.cell import Cell
from skillkit.runtime import Runtime
from skillkit.spaces import Ending, GoalInput, Input, JointInput, Outcome
from skillkit.testing.faults import Fault
from skillkit.testing.injection import Delay

if TYPE_CHECKING:
    from skillkit.testing.bench import TaskRun

PERIOD = 0.01  # [s] of the mock
LIMIT = 600.0  # [s] task clock, after which a mock run is an error


class MockArms:
    """Where they are, and how fast."""

    def __init__(self, cell: Cell) -> None:
        self.at = {arm.name: arm.embodiment.home.copy() for arm in cell.arms}
        self.speed = {arm.name: np.zeros(arm.embodiment.n) for arm in cell.arms}

    def heard(self, now: float) -> list[Input]:
        """Their joint states."""
        return [JointInput(name, now, now, tuple(q.tolist()), tuple(self.speed[name].tolist()), 0.08) for name, q in self.at.items()]

    def follow(self, commands: Mapping[str, Any]) -> None:
        """Be where they were told to be; without a command, at rest."""
        for name, before in self.at.items():
            self.at[name] = commands[name].position.copy() if name in commands else before
            self.speed[name] = (self.at[name] - before) / PERIOD


def drive(make: Callable[[], Runtime], cell: Cell, task: str, parameters: Mapping[str, Any], run: TaskRun, faults: Sequence[Fault]) -> None:
    """Step a runtime over mocked arms until the task has ended; one that is killed goes on from its checkpoint in a new one."""
    arms, delay = MockArms(cell), Delay([fault for fault in faults if fault.kind == "late"])
    deaths = sorted((fault for fault in faults if fault.kind == "killed"), key=lambda fault: fault.after)
    runtime, checkpoints, kept, back = make(), Checkpoints(), "", 0.0
    for tick in range(int(LIMIT / PERIOD)):
        now = tick * PERIOD
        inputs = delay.of(arms.heard(now), now)
        if kept and deaths and now >= deaths[0].after:
            back = now + deaths.pop(0).amount
        if now < back:
            arms.follow({})
            continue
        if back:
            runtime, checkpoints, back = make(), Checkpoints(), 0.0
            runtime.resume(json.loads(kept), inputs, now, EVERY)
        result = runtime.step([*inputs, GoalInput("run", now, task, dict(parameters))] if tick == 1 else inputs, now)
        run.follow(result.events)
        arms.follow(result.commands)
        if runtime.goals and checkpoints.due(runtime, result):
            kept = json.dumps(runtime.snapshot())
        if result.ended:
            run.end(result.ended[0].ending, now)
            return
    run.end(Ending(Outcome.ERROR, f"not over after {LIMIT:g} s"), LIMIT)
