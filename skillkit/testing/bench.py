"""Runs tasks for tests: against mocks that end as they are told, or in simulation; with faults."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from skillkit.assembly import Checkpoint, Episode, System, run_episode
from skillkit.assembly.worlds import leave_alone, simulated_world
from skillkit.cell import Cell
from skillkit.events import Event, Started, Transition
from skillkit.exceptions import UnknownName
from skillkit.expressions import Expression
from skillkit.option import Option, Situation, anywhere
from skillkit.runtime import Runtime, StepResult
from skillkit.sim import World
from skillkit.spaces import NOTHING, Directive, Ending, Hold, Outcome
from skillkit.testing.coverage import Coverage
from skillkit.testing.faults import Fault
from skillkit.testing.injection import FaultySystem, LateWorld, rewritten
from skillkit.testing.mock_arm import drive
from skillkit.trees import Task
from skillkit.trees.node import Node, layout, root_path

Truth = bool | Callable[["TaskRun"], bool]
CONDITIONS = {"when": False, "until": False, "goal": True}  # values of nodes that are conditions, and whether they hold unless told otherwise


@dataclass
class TaskRun:
    """What happened.

    Attributes:
        outcome, reason: of the task; empty while it runs.
        done: labels of the mocked skills that did what they should;
        order: labels of the skills in the order in which they began; ends: (label, outcome) in the order in which they ended.
        success: what the scene's physical test says; ``None`` against a mock.
        duration: task clock [s].
    """

    coverage: Coverage
    outcome: str = ""
    reason: str = ""
    order: list[str] = field(default_factory=list)
    done: set[str] = field(default_factory=set)
    ends: list[tuple[str, str]] = field(default_factory=list)
    reasons: dict[str, str] = field(default_factory=dict)
    success: bool | None = None
    duration: float = 0.0

    def follow(self, events: Sequence[Event]) -> None:
        """Note what happened in a step."""
        self.coverage.follow(events)
        for event in events:
            label = event.path.rpartition("/")[2]
            if isinstance(event, Started) and "/" in event.path:
                self.order.append(label)
            elif isinstance(event, Transition) and "/" in event.path:
                self.ends.append((label, event.ending.outcome.value))
                self.reasons[label] = event.ending.reason

    def end(self, ending: Ending, time: float) -> None:
        """Note how the task ended."""
        self.outcome, self.reason, self.duration = ending.outcome.value, ending.reason, time


class TaskBench:
    """Runs tasks.

    Attributes:
        coverage: of every task run so far, by name.
    """

    def __init__(self) -> None:
        self.coverage: dict[str, Coverage] = {}

    def mock(
        self,
        task: str | Path,
        faults: Sequence[Fault] = (),
        truths: Mapping[str, Truth] = NOTHING,
        parameters: Mapping[str, Any] = NOTHING,
        robot: str = "panda",
        skill_lasts: float = 0.3,
        skills: str | Path | None = None,
    ) -> TaskRun:
        """Run a task's tree on an arm that does what it is told; every skill holds for ``skill_lasts`` seconds [s] and SUCCEEDED.

        Args:
            truths: condition as written in the file → whether it holds, or a function of the run so far (see :func:`after`). A condition that is
                not named does not hold; a goal, of the task or of a `plan`, holds unless it is named.

        Raises:
            UnknownName: a fault or truth about something that is not in the task.
        """
        system = System.build(Cell.of_robot(robot), task, skills=skills)
        loaded = next(iter(system.tasks.values()))
        run = self._run_of(loaded)
        real = system.skill_options()
        known = {str(placed.node.values[key]) for placed in layout(loaded.tree, "") for key in CONDITIONS if key in placed.node.values}
        known |= {str(loaded.goal)}
        for text in truths:
            if text not in known:
                raise UnknownName("condition of the task", text, known)

        def answer(expression: Expression, otherwise: bool) -> Expression:
            return _Scripted(expression.text, expression.root, lambda: _value(truths.get(expression.text, otherwise), run))

        scripted = rewritten(loaded, lambda node: _scripted(node, answer))
        scripted = replace(scripted, goal=None if loaded.goal is None else answer(loaded.goal, True))
        faulty = FaultySystem(system.cell, system.skills)
        faulty.prepare(scripted, real, faults, lambda node: _stand_in(real[node.values["call"]], skill_lasts, lambda: run.done.add(node.name)))
        drive(faulty.runtime, faulty.cell, loaded.name, parameters, run, faults)
        return run

    def simulate(
        self,
        task: str | Path,
        faults: Sequence[Fault] = (),
        parameters: Mapping[str, Any] = NOTHING,
        robot: str = "panda",
        seed: int | None = 0,
        scene_options: Mapping[str, str] = NOTHING,
        skills: str | Path | None = None,
    ) -> TaskRun:
        """Run a task in simulation with the skills as they are, but for the faults.

        Raises:
            UnknownName: a fault about something that is not in the task.
        """
        system = System.build(Cell.of_robot(robot), task, skills=skills)
        loaded = next(iter(system.tasks.values()))
        run = self._run_of(loaded)
        cell, world = simulated_world(system.cell, loaded.scene, seed, scene_options)
        faulty = FaultySystem(cell, system.skills)
        real = system.skill_options()
        faulty.prepare(loaded, real, faults, lambda node: real[node.values["call"]])
        episode = _episode(faulty, world, loaded.name, parameters, seed or 0, run, faults)
        run.end(episode.ending, episode.duration)
        run.success = episode.success
        return run

    def _run_of(self, task: Task) -> TaskRun:
        paths = [placed.path for placed in layout(task.tree, root_path(task.tree, task.name, ""))]
        return TaskRun(self.coverage.setdefault(task.name, Coverage(paths)))


def after(label: str) -> Callable[[TaskRun], bool]:
    """A truth that holds once a mocked skill has really been done: not before, and not where it lies."""
    return lambda run: label in run.done


# -- mocks ------------------------------------------------------------------------------------------------------------------------------------


class _StandIn:
    """A mocked skill: it holds still for a while, and is then done."""

    def __init__(self, seconds: float, done: Callable[[], None]) -> None:
        self.seconds, self.done, self.over = seconds, done, False

    def start(self, situation: Situation) -> None:
        self.over = False

    def act(self, situation: Situation) -> Mapping[str, Directive] | Ending:
        if situation.elapsed < self.seconds - 1e-9:
            return {role: Hold() for role in situation.roles}
        self.over = True
        self.done()
        return Ending(Outcome.SUCCEEDED, "mock")

    def judge(self, situation: Situation) -> Ending | None:
        """β."""
        return Ending(Outcome.SUCCEEDED, "mock") if self.over else None

    def snapshot(self) -> dict[str, Any]:
        return {"over": self.over}

    def restore(self, snapshot: dict[str, Any]) -> None:
        self.over = snapshot["over"]


def _stand_in(option: Option, lasts: float, done: Callable[[], None]) -> Option:
    mock = _StandIn(lasts, done)
    return replace(option, policy=lambda: mock, initiation=anywhere, termination=mock.judge, hold_success=0.0, watches=())


@dataclass(frozen=True)
class _Scripted(Expression):
    """A condition whose truth is given."""

    tell: Callable[[], bool] = bool

    def truth(self, situation: Situation) -> bool:
        return self.tell()

    def explain(self, situation: Situation) -> str:
        return f"{self.text} is scripted as {str(self.tell()).lower()}"


def _value(truth: Truth, run: TaskRun) -> bool:
    return truth(run) if callable(truth) else truth


def _scripted(node: Node, answer: Callable[[Expression, bool], Expression]) -> Node:
    values = {key: answer(value, CONDITIONS[key]) if key in CONDITIONS else value for key, value in node.values.items()}
    return replace(node, values=values)


# -- simulation -------------------------------------------------------------------------------------------------------------------------------


class _Killed(Exception):
    """The runtime is gone."""


def _episode(system: System, world: World, task: str, parameters: Mapping[str, Any], seed: int, run: TaskRun, faults: Sequence[Fault]) -> Episode:
    """One episode; a runtime that is killed goes on from its checkpoint in a new one, in the world as it is by then."""
    lates = [fault for fault in faults if fault.kind == "late"]
    deaths = sorted((fault for fault in faults if fault.kind == "killed"), key=lambda fault: fault.after)

    def on_step(runtime: Runtime, result: StepResult) -> None:
        run.follow(result.events)
        if deaths and result.time >= deaths[0].after:
            raise _Killed

    with TemporaryDirectory(prefix="skillkit-") as folder:
        kept, resume = Path(folder) / "checkpoint.json", None
        while True:
            seen: Any = LateWorld(world, lates) if lates else world
            try:
                return run_episode(system, seen, task, parameters, seed, on_step=on_step, checkpoint=kept if deaths else "", resume=resume)
            except _Killed:
                leave_alone(world, deaths.pop(0).amount)
                resume = Checkpoint.read(kept)
