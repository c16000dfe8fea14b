"""Tasks over scripted skills: what each run does, tick by tick, is written down beforehand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from skillkit.events import Event, StatusChange, Transition
from skillkit.execution import Execution
from skillkit.option import Initiation, Option, Parameter, Situation
from skillkit.pose import Pose
from skillkit.spaces import ArmState, CartesianDelta, Directive, Ending, Observation, Outcome
from skillkit.trees import Task, TreePolicy

ENDINGS = {
    "S": Outcome.SUCCEEDED, "F": Outcome.FAILED, "T": Outcome.TIMED_OUT, "P": Outcome.PREEMPTED, "R": Outcome.REFUSED, "U": Outcome.UNSAFE, "E": Outcome.ERROR,
}  # fmt: skip


class Scripted:
    """π that moves for some steps and then ends as its letter says."""

    def __init__(self, script: str) -> None:
        self.script, self.left = script, 0

    def start(self, situation: Situation) -> None:
        self.left = int(self.script[:-1] or 0)

    def act(self, situation: Situation) -> Mapping[str, Directive] | Ending:
        if self.left == 0:
            return Ending(ENDINGS[self.script[-1]], f"script {self.script}")
        self.left -= 1
        return {"arm": CartesianDelta((0.001 * self.left, 0.0, 0.0))}

    def snapshot(self) -> dict[str, Any]:
        return {"left": self.left}

    def restore(self, snapshot: Mapping[str, Any]) -> None:
        self.left = snapshot["left"]


def scripted(name: str) -> Option:
    """A skill named after its script: ``s3F`` takes three steps and then FAILED; ``s0R`` is refused at once."""
    script = name[1:]
    refused = script == "0R"
    return Option(
        name,
        policy=lambda: Scripted(script),
        initiation=(lambda _: Initiation(False, 0.0, "not here")) if refused else (lambda _: Initiation(True)),
        rate=20.0,
        parameters=(Parameter("object", "object", default="cup"), Parameter("far", "number", "m", 0.0, 1.0, 0.5)),
    )


SKILLS = {name: scripted(name) for name in (f"s{steps}{letter}" for steps in (0, 1, 2, 3, 5, 8, 100) for letter in ENDINGS)}


def observation(time: float, **signals: float) -> Observation:
    arm = ArmState(np.zeros(7), np.zeros(7), Pose.from_vector(), Pose.from_vector(), Pose.from_vector(), 0.08, 0.08, 0.0, 0.0, 0.0, np.zeros(6))
    return Observation(time, {"panda": arm}, {}, signals)


class Bench:
    """Runs a task at 100 Hz of the task clock, as the runtime does.

    Args:
        signals: the observation's signals at a time [s].
    """

    def __init__(
        self,
        task: Task,
        signals: Callable[[float], Mapping[str, float]] = lambda _: {},
        parameters: Mapping[str, Any] | None = None,
        skills: Mapping[str, Option] = SKILLS,
    ) -> None:
        self.option, self.signals, self.tick = task.option(skills), signals, 0
        self.execution = Execution(self.option, parameters or {}, {"arm": "panda"})
        self.events: list[Event] = []
        self.directives: list[dict[str, Directive]] = []
        self.execution.begin(self._observation(), 0.0)

    @property
    def now(self) -> float:
        return self.tick * 0.01

    @property
    def policy(self) -> TreePolicy:
        assert isinstance(self.execution.policy, TreePolicy)
        return self.execution.policy

    def _observation(self) -> Observation:
        return observation(self.now, **self.signals(self.now))

    def step(self) -> None:
        self.directives.append(dict(self.execution.step(self._observation(), self.now)))
        self.events.extend(self.execution.drain())
        self.tick += 1

    def run(self, seconds: float = 30.0) -> Ending | None:
        while self.execution.ending is None and self.now < seconds:
            self.step()
        return self.execution.ending

    def halt(self, outcome: Outcome = Outcome.PREEMPTED) -> None:
        self.execution.preempt(self._observation(), self.now, "stop", outcome)
        self.events.extend(self.execution.drain())

    def runs(self) -> list[tuple[str, str]]:
        """Name and outcome of every leaf run that ended, in order."""
        ended = [event for event in self.events if isinstance(event, Transition)]
        return [(event.path.rpartition("/")[2], event.ending.outcome.value) for event in ended if event.path != self.execution.path]

    def statuses(self) -> list[tuple[str, str, float]]:
        return [(event.path, event.status, round(event.time, 6)) for event in self.events if isinstance(event, StatusChange)]
