"""The desk that answers the questions of running trees keeps out of the way of the control thread; without ROS."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from skillkit.assembly import System
from skillkit.assembly.worlds import simulated_world
from skillkit.cell import Cell
from skillkit.kinematics.model import ArmKinematics
from skillkit.planning import PlannedStep, Problem
from skillkit.pose import Array
from skillkit.ros.planning import PlanDesk
from skillkit.spaces import AnswerInput, GoalInput


def test_nothing_that_commands_are_made_with_is_touched_by_another_thread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    threads, searched = set(), []
    place = ArmKinematics.place

    def placed(self: ArmKinematics, position: Array) -> tuple[Array, Array]:
        threads.add(threading.current_thread().name)
        return place(self, position)

    def search(self: PlanDesk, problem: Problem) -> Sequence[PlannedStep]:
        searched.append(threading.current_thread().name)
        return ()

    monkeypatch.setattr(ArmKinematics, "place", placed)
    monkeypatch.setattr(PlanDesk, "_search", search)
    (tmp_path / "t.yaml").write_text("task: t\nscene: coffee\ntree: {plan: 'on(cup_1, tray)'}\n")
    cell, world = simulated_world(Cell.of_robot("panda"), "coffee", 3)
    system = System.build(cell, tmp_path / "t.yaml")
    runtime = system.runtime(world.sizes)
    answered = threading.Event()
    answers: list[AnswerInput] = []
    desk = PlanDesk(system, lambda given: (answers.append(given), answered.set())[1], lambda: 0.02)
    result = runtime.step([*world.inputs(0.0), GoalInput("g", 0.0, "t", {}, {})], 0.0)
    desk.follow(runtime, result)
    assert answered.wait(10.0), "the question was not answered"
    desk.close()
    assert (searched, [one.question for one in answers]) == (["plans"], ["t/0:plan"])
    assert threads == {threading.current_thread().name}
