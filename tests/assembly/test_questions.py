"""What a running task asks of the world outside is answered, recorded and re-executed; nobody there ends the task."""

from __future__ import annotations

from pathlib import Path

import pytest

from skillkit.assembly import System, run_episode
from skillkit.assembly.episode import Episode
from skillkit.assembly.outside import Answerer, nobody
from skillkit.assembly.reexecution import replay
from skillkit.assembly.worlds import simulated_world
from skillkit.cell import Cell


def episode(folder: Path, tree: str, answer: Answerer = nobody, header: str = "") -> Episode:
    """A task in the coffee scene with the cabinet open, recorded."""
    (folder / "t.yaml").write_text(f"task: t\nscene: coffee\n{header}\ntree: {tree}\n")
    cell, world = simulated_world(Cell.of_robot("panda"), "coffee", 3, {"cabinet_open": "true"})
    return run_episode(System.build(cell, folder / "t.yaml"), world, "t", seed=3, record=str(folder / "t.mcap"), answer=answer)


def test_a_planned_way_back_is_carried_out_and_its_bag_is_decided_again_without_a_planner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("unified_planning", reason="the planner is not installed: pip install 'skillkit[planning]'")
    done = episode(tmp_path, "{recover: {do: {skill: {transport: {object: cup_1, to: tray}}}}}")
    runs = [(run.path.rpartition("/")[2], run.ending.outcome.value) for run in done.transitions]
    assert runs[:2] == [("transport", "REFUSED"), ("grasp", "SUCCEEDED")]
    assert runs[-2:] == [("transport", "SUCCEEDED"), ("t", "SUCCEEDED")]
    monkeypatch.setattr("skillkit.planning.plan", None)
    again = replay(tmp_path / "t.mcap")
    assert (again.differences, again.steps) == (0, done.steps)


def test_a_goal_without_a_plan_is_a_failure_with_the_reason_of_the_planner(tmp_path: Path) -> None:
    ending = episode(tmp_path, '{plan: "on(table, tray)", label: way}').ending
    assert (ending.outcome.value, ending.reason.startswith("way: FAILED: no plan for 'on(table, tray)'")) == ("FAILED", True), ending.reason


def test_an_operator_answers_in_process(tmp_path: Path) -> None:
    asked = []

    def answer(question):
        asked.append((question.path, question.answers))
        return "right"

    done = episode(tmp_path, '{ask: {question: "Where?", answers: [left, right], into: $side}, label: where}', answer, "variables: {side: {type: word}}")
    assert done.ending.outcome.value == "SUCCEEDED"
    assert asked == [("t/where", ("left", "right"))]
    assert replay(tmp_path / "t.mcap").differences == 0


def test_a_question_that_finds_nobody_ends_the_task(tmp_path: Path) -> None:
    done = episode(tmp_path, '{sequence: [{ask: "Is it clean?", label: clean}]}')
    assert (done.ending.outcome.value, done.ending.reason) == ("PREEMPTED", "nobody answers: t/clean")
    assert done.duration < 1.0
