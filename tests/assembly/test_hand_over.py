"""Between two options the arm goes on at speed: the next one is decided in the same control tick in which the last one ends."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from skillkit.arm import ArmLoop
from skillkit.cell import Cell
from skillkit.events import Started, Transition
from skillkit.kinematics import ArmKinematics, CartesianController
from skillkit.option import Option, Situation
from skillkit.runtime import Runtime
from skillkit.safety import SafetyGate
from skillkit.spaces import CartesianDelta, Directive, Ending, GoalInput, JointInput, Outcome
from skillkit.trees import load_task

PERIOD, SPEED = 0.01, 0.1  # [s], [m/s]
TASK = """task: two_halves
tree:
  sequence:
    - {skill: line, label: first}
    - timeout: {after: 5 s, do: {retry: {times: 2, do: {skill: line, label: second}}}}
"""


class Line:
    """Along world y for 0.4 s; the state is the number of policy steps done."""

    def __init__(self) -> None:
        self.done = 0

    def start(self, situation: Situation) -> None:
        self.done = 0

    def act(self, situation: Situation) -> Mapping[str, Directive] | Ending:
        self.done += 1
        return Ending(Outcome.SUCCEEDED, "there") if self.done > 8 else {"arm": CartesianDelta((0.0, SPEED / 20.0, 0.0))}

    def snapshot(self) -> dict[str, Any]:
        return {"done": self.done}

    def restore(self, snapshot: dict[str, Any]) -> None:
        self.done = snapshot["done"]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[float, float, list[object]]]:
    """(time, tool speed, events) of every tick until the task has ended."""
    file = tmp_path_factory.mktemp("tasks") / "two_halves.yaml"
    Path(file).write_text(TASK)
    line = {"line": Option("line", Line)}
    arm = Cell.of_robot("panda").arms[0]
    kinematics = ArmKinematics(arm.embodiment)
    loop = ArmLoop(arm.name, arm.embodiment, arm.base, kinematics, CartesianController(arm.embodiment, 100.0), SafetyGate(arm.embodiment, 100.0))
    runtime = Runtime([loop], {"two_halves": load_task(file, line).option(line)})
    q, v = arm.embodiment.home.copy(), np.zeros(arm.embodiment.n)
    rows: list[tuple[float, float, list[object]]] = []
    for k in range(300):
        now = k * PERIOD
        state = JointInput(arm.name, now, now, tuple(q.tolist()), tuple(v.tolist()), 0.08)
        result = runtime.step([state, GoalInput("g", now, "two_halves")] if k == 1 else [state], now)
        before = kinematics.forward(q).position
        if arm.name in result.commands:
            command = result.commands[arm.name].position
            q, v = command.copy(), (command - q) / PERIOD
        rows.append((now, float(np.linalg.norm(kinematics.forward(q).position - before)) / PERIOD, list(result.events)))
        if result.ended:
            assert result.ended[0].ending.outcome is Outcome.SUCCEEDED
            return rows
    raise TimeoutError("the task did not end")


def test_the_second_skill_starts_in_the_tick_in_which_the_first_one_ends(run: list[tuple[float, float, list[object]]]) -> None:
    ended = next(now for now, _, events in run for e in events if isinstance(e, Transition) and e.path.endswith("first"))
    started = next(now for now, _, events in run for e in events if isinstance(e, Started) and e.path.endswith("second"))
    assert started == ended


def test_the_tool_does_not_brake_at_the_hand_over(run: list[tuple[float, float, list[object]]]) -> None:
    ended = next(now for now, _, events in run for e in events if isinstance(e, Transition) and e.path.endswith("first"))
    around = [speed for now, speed, _ in run if ended - 0.1 <= now <= ended + 0.1]
    assert min(around) > 0.9 * SPEED
    assert max(around) < 1.1 * SPEED
