"""A run that was killed goes on: what had succeeded is not repeated, the arm is looked at first, a changed world is not trusted."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from skillkit.assembly.checkpoint import Checkpoint, Checkpoints
from skillkit.assembly.system import arm_loop
from skillkit.cell import Cell
from skillkit.events import Started, Transition
from skillkit.exceptions import CannotResume
from skillkit.option import Initiation, Option, Situation
from skillkit.runtime import Runtime, StepResult
from skillkit.spaces import CartesianDelta, Directive, Ending, GoalInput, Input, JointInput, ObjectInput, Outcome
from skillkit.trees import load_task

PERIOD = 0.01
TASK = "task: two\ntree:\n  sequence:\n    - {skill: line, label: first}\n    - {skill: line, label: second}\n"


class Line:
    """Along world y for 0.4 s."""

    def __init__(self) -> None:
        self.done = 0

    def start(self, situation: Situation) -> None:
        self.done = 0

    def act(self, situation: Situation) -> Mapping[str, Directive] | Ending:
        self.done += 1
        return Ending(Outcome.SUCCEEDED, "there") if self.done > 8 else {"arm": CartesianDelta((0.0, 0.005, 0.0))}

    def snapshot(self) -> dict[str, Any]:
        return {"done": self.done}

    def restore(self, snapshot: dict[str, Any]) -> None:
        self.done = snapshot["done"]


def near_home(situation: Situation) -> Initiation:
    cup = situation.observation.objects["cup"].pose.position[0]
    return Initiation(cup < 1.0, 1.0, "" if cup < 1.0 else "the cup is far away")


class Bench:
    """A runtime over an arm that does what it is told; the world outlives the runtime."""

    def __init__(self, folder: Path) -> None:
        (folder / "two.yaml").write_text(TASK)
        self.arm = Cell.of_robot("panda").arms[0]
        line = {"line": Option("line", Line, initiation=near_home)}
        self.options = {"two": load_task(folder / "two.yaml", line).option(line)}
        self.q, self.v = self.arm.embodiment.home.copy(), np.zeros(self.arm.embodiment.n)
        self.cup, self.tick = 0.5, 0
        self.file = folder / "checkpoint.json"
        self.events: list[Any] = []
        self.born()

    def born(self) -> None:
        """A process like the first."""
        self.runtime, self.checkpoints = Runtime([arm_loop(self.arm)], self.options), Checkpoints()

    def inputs(self) -> list[Input]:
        now = self.tick * PERIOD
        state = JointInput(self.arm.name, now, now, tuple(self.q.tolist()), tuple(self.v.tolist()), 0.08)
        return [state, ObjectInput("cup", now, now, (self.cup, 0.0, 0.0), (0.0, 0.0, 0.0, 1.0))]

    def step(self, *more: Input) -> StepResult:
        result = self.runtime.step([*self.inputs(), *more], self.tick * PERIOD)
        if self.checkpoints.due(self.runtime, result):
            Checkpoint({"skills": {}, "cell": {}}, self.runtime.snapshot()).write(self.file)
        if self.arm.name in result.commands:
            command = result.commands[self.arm.name].position
            self.q, self.v = command.copy(), (command - self.q) / PERIOD
        self.events += [e for e in result.events if isinstance(e, (Started, Transition))]
        self.tick += 1
        return result

    def until(self, seconds: float) -> None:
        """From the start of the task to a time at which the process is killed; the arm comes to rest."""
        self.step()
        self.step(GoalInput("g", self.tick * PERIOD, "two"))
        while self.tick * PERIOD < seconds:
            self.step()
        self.v = np.zeros(self.arm.embodiment.n)

    def resume(self) -> None:
        self.born()
        self.tick += 300
        found = Checkpoint.read(self.file)
        self.runtime.resume(found.runtime, self.inputs(), self.tick * PERIOD, 0.2)

    def finish(self) -> Ending:
        for _ in range(300):
            ended = self.step().ended
            if ended:
                return ended[0].ending
        raise TimeoutError("the task did not end")

    def log(self) -> list[str]:
        return [f"{type(e).__name__} {e.path.rpartition('/')[2]}" for e in self.events if "/" in e.path]


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


@pytest.mark.parametrize("killed", [0.1, 0.2, 0.3, 0.44, 0.45, 0.6, 0.8])
def test_a_killed_run_goes_on_and_repeats_nothing_that_had_succeeded(bench: Bench, killed: float) -> None:
    bench.until(killed)
    bench.resume()
    assert bench.finish().outcome is Outcome.SUCCEEDED
    assert bench.log() == ["Started first", "Transition first", "Started second", "Transition second"]


def test_the_clock_of_options_stands_still_while_nobody_runs(bench: Bench) -> None:
    bench.until(0.3)
    bench.resume()
    bench.finish()
    assert max(e.duration for e in bench.events if isinstance(e, Transition) and "/" in e.path) < 0.7


def test_an_arm_that_still_moves_is_not_taken_over(bench: Bench) -> None:
    bench.until(0.3)
    bench.v = np.full(7, 0.2)
    with pytest.raises(CannotResume, match="at rest"):
        bench.resume()


def test_an_arm_that_was_moved_is_not_taken_over(bench: Bench) -> None:
    bench.until(0.3)
    bench.q[0] += 1.5
    with pytest.raises(CannotResume, match="panda_joint1 is at"):
        bench.resume()


def test_where_the_world_has_changed_the_unfinished_skill_begins_anew_inside_its_initiation_set(bench: Bench) -> None:
    bench.until(0.6)
    bench.cup = 0.7
    bench.resume()
    assert bench.finish().outcome is Outcome.SUCCEEDED
    assert bench.log() == ["Started first", "Transition first", "Started second", "Started second", "Transition second"]


def test_where_the_world_has_changed_and_it_may_not_begin_it_is_refused(bench: Bench) -> None:
    bench.until(0.6)
    bench.cup = 1.5
    bench.resume()
    ending = bench.finish()
    assert ending.outcome is Outcome.FAILED
    assert "the cup is far away" in ending.reason


def test_a_checkpoint_is_written_after_every_event_and_says_when_nothing_is_left(bench: Bench) -> None:
    bench.until(0.1)
    assert not Checkpoint.read(bench.file).finished
    bench.finish()
    assert Checkpoint.read(bench.file).finished


def test_the_gripper_keeps_its_command_so_that_nothing_is_dropped(bench: Bench) -> None:
    bench.until(0.3)
    bench.runtime.arms["panda"].closure = 0.9
    bench.step()
    Checkpoint({"skills": {}, "cell": {}}, bench.runtime.snapshot()).write(bench.file)
    bench.v = np.zeros(7)
    bench.resume()
    assert bench.step().commands["panda"].closure == 0.9


def test_the_arm_goes_on_from_where_it_stands_not_from_a_command_that_it_has_left_behind(bench: Bench) -> None:
    bench.until(0.6)
    bench.q = bench.q - 0.005
    bench.resume()
    stands = bench.q.copy()
    assert np.abs(bench.step().commands["panda"].position - stands).max() < 1e-3


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"run": {}, "runtime": {}, "world": null, "format": 1}'])
def test_a_file_that_is_no_checkpoint_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "c.json").write_text(text)
    with pytest.raises(CannotResume, match=r"c\.json"):
        Checkpoint.read(tmp_path / "c.json")


def test_a_checkpoint_of_another_format_or_with_other_skills_is_refused(bench: Bench) -> None:
    bench.until(0.1)
    found = Checkpoint.read(bench.file)
    with pytest.raises(CannotResume, match="grasp"):
        Checkpoint({"skills": {"grasp": "1"}, "cell": {}}, found.runtime).check({"grasp": "2"}, {})
    bench.file.write_text(json.dumps({**json.loads(bench.file.read_text()), "format": 0}))
    with pytest.raises(CannotResume, match="format"):
        Checkpoint.read(bench.file)


def test_a_task_that_has_changed_is_not_gone_on_with(bench: Bench) -> None:
    bench.until(0.1)
    found = Checkpoint.read(bench.file)
    run = {"skills": {}, "cell": {}, "task_digests": {"two": "1", "other": "5"}}
    Checkpoint(run, found.runtime).check({}, {"two": "1"})
    with pytest.raises(CannotResume, match="tasks: changed since the checkpoint: two"):
        Checkpoint(run, found.runtime).check({}, {"two": "2", "other": "6"})


def edited(runtime: dict[str, Any], *path: str, value: Any = None) -> dict[str, Any]:
    """A copy with the value at the path replaced; removed where there is none."""
    copy = json.loads(json.dumps(runtime))
    inner = copy
    for key in path[:-1]:
        inner = inner[key]
    inner.pop(path[-1]) if value is None else inner.update({path[-1]: value})
    return copy  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("perception",), None), (("now",), "x"), (("now",), float("nan")), (("tick",), -5), (("goals",), {"g": {}}),
        (("arms", "panda", "controller", "target"), [1.0]),
    ],
)  # fmt: skip
def test_a_checkpoint_that_was_edited_is_refused_and_leaves_the_runtime_as_it_was(bench: Bench, path: tuple[str, ...], value: Any) -> None:
    bench.until(0.3)
    found = Checkpoint.read(bench.file)
    bench.v = np.zeros(7)
    bench.born()
    bench.tick += 300
    before = json.dumps(bench.runtime.snapshot())
    with pytest.raises(CannotResume, match="checkpoint"):
        bench.runtime.resume(edited(dict(found.runtime), *path, value=value), bench.inputs(), bench.tick * PERIOD, 0.2)
    assert json.dumps(bench.runtime.snapshot()) == before
