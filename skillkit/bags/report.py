"""What happened in a run, from its bag: the runs of options, the outcomes, and what the run was made with."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from typing import Any

from skillkit.bags.read import Bag
from skillkit.bags.schemas import STEP
from skillkit.spaces import GATE

CURVE_POINTS = 400
RUN = "run"  # the metadata record that names task, robot and seed
PLATFORM = "platform"


@dataclass(frozen=True)
class SkillRun:
    """One run of an option.

    Attributes:
        label: the last part of its path.
        start, duration: task clock [s]; of an unfinished run the duration seen so far.
        steps: policy steps.
        outcome: empty while unfinished.
        depth: 0 for the outermost option.
        leaf: no other recorded run ran inside it.
    """

    path: str
    label: str
    skill: str
    parameters: str
    start: float
    duration: float
    steps: int
    outcome: str
    reason: str
    depth: int
    leaf: bool


@dataclass(frozen=True)
class Curve:
    """Largest joint speed and gripper closure of one arm over time."""

    arm: str
    times: tuple[float, ...]  # [s]
    speed: tuple[float, ...]  # [rad/s] or [m/s], as commanded
    closure: tuple[float, ...]  # 0 open … 1 closed


@dataclass(frozen=True)
class Summary:
    """A bag at a glance.

    Attributes:
        duration: from the first to the last step [s].
        steps: recorded steps; missing_steps: gaps in their numbers.
        outcome, reason: of the last goal that ended; empty when none did.
        decisions: runs of skills, the choices of the high level.
        policy_steps: what those runs took, the choices of the low level.
        limited: steps in which a gate changed a command; unsafe: in which it stopped an arm.
    """

    path: str
    complete: bool
    note: str
    duration: float
    steps: int
    missing_steps: int
    topics: Mapping[str, int]
    runs: tuple[SkillRun, ...]
    outcome: str
    reason: str
    decisions: int
    policy_steps: int
    limited: int
    unsafe: int
    task: str
    robot: str
    seed: str
    versions: Mapping[str, str]
    attachments: tuple[str, ...]
    curves: tuple[Curve, ...] = field(default=(), repr=False)

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON values without the curves, as ``skillkit info --json`` prints them."""
        values = asdict(self)
        del values["curves"]
        return values


def summary(bag: Bag) -> Summary:
    """Read a bag through once.

    Raises:
        BagError: a message is damaged.
    """
    reading = _Reading()
    topics = {name: topic.count for name, topic in bag.topics.items()}
    for runtime in bag.runtimes:
        for record in bag.run(runtime).records():
            if record.kind == STEP:
                reading.step(record.value)
            else:
                reading.result(record.value, record.time)
    runs = reading.rows()
    leaves = [run for run in runs if run.leaf]
    made_with = bag.metadata.get(RUN, {})
    versions = {name.removeprefix("version_"): words for name, words in bag.metadata.get(PLATFORM, {}).items() if name.startswith("version_")}
    outcome, reason = reading.ending
    return Summary(
        path=str(bag.path), complete=bag.complete, note=bag.note, duration=max(0.0, reading.last - reading.first) if reading.ticks else bag.end - bag.start,
        steps=len(reading.ticks), missing_steps=sum(later - earlier - 1 for earlier, later in pairwise(sorted(reading.ticks))), topics=topics,
        runs=runs, outcome=outcome, reason=reason, decisions=len(leaves), policy_steps=sum(run.steps for run in leaves),
        limited=reading.limited, unsafe=reading.unsafe, task=made_with.get("task", ""), robot=made_with.get("robot", ""), seed=made_with.get("seed", ""),
        versions=versions, attachments=tuple(bag.attachments), curves=tuple(reading.curves()),
    )  # fmt: skip


class _Reading:
    """Collects what a summary needs, message by message."""

    def __init__(self) -> None:
        self.ticks: set[int] = set()
        self.first, self.last = float("inf"), 0.0
        self.started: dict[tuple[str, float], dict[str, Any]] = {}
        self.finished: list[dict[str, Any]] = []
        self.ending = ("", "")
        self.limited = self.unsafe = 0
        self.samples: dict[str, list[tuple[float, float, float]]] = {}

    def step(self, step: Mapping[str, Any]) -> None:
        self.ticks.add(step["tick"])
        self._seen(step["now"])

    def result(self, result: Mapping[str, Any], time: float) -> None:
        self._seen(time)
        for started in result["started"]:
            self.started[started["path"], started["time"]] = started
        for transition in result["transitions"]:
            self.started.pop((transition["path"], transition["start"]), None)
            self.finished.append(transition)
        for ended in result["ended"]:
            self.ending = (ended["outcome"], ended["reason"])
        self.limited += any(word.startswith(GATE) for command in result["commands"] for word in command["limited"])
        self.unsafe += any(not command["safe"] for command in result["commands"])
        for command in result["commands"]:
            speed = max((abs(value) for value in command["velocity"]), default=0.0)
            self.samples.setdefault(command["arm"], []).append((time, speed, command["closure"]))

    def rows(self) -> tuple[SkillRun, ...]:
        unfinished = [
            {**started, "start": started["time"], "duration": max(0.0, self.last - started["time"]), "steps": 0, "outcome": "", "reason": "not finished"}
            for started in self.started.values()
        ]
        runs = sorted([*self.finished, *unfinished], key=lambda run: (run["start"], run["path"].count("/"), run["path"]))
        paths = {run["path"] for run in runs}
        return tuple(_row(run, paths) for run in runs)

    def curves(self) -> list[Curve]:
        found = []
        for arm, samples in self.samples.items():
            stride = max(1, -(-len(samples) // CURVE_POINTS))
            groups = [samples[i : i + stride] for i in range(0, len(samples), stride)]
            peaks = [max(_finite(sample[1]) for sample in group) for group in groups]
            found.append(Curve(arm, tuple(group[0][0] for group in groups), tuple(peaks), tuple(_finite(group[-1][2]) for group in groups)))
        return found

    def _seen(self, time: float) -> None:
        self.first, self.last = min(self.first, time), max(self.last, time)


def _row(run: Mapping[str, Any], paths: set[str]) -> SkillRun:
    path = run["path"]
    parents = sum(path.startswith(f"{other}/") for other in paths)
    leaf = not any(other.startswith(f"{path}/") for other in paths)
    return SkillRun(
        path, path.rpartition("/")[2], run["option"], _parameters(run["parameters"]), run["start"], run["duration"], run["steps"],
        run["outcome"], run["reason"], parents, leaf,
    )  # fmt: skip


def _parameters(text: str) -> str:
    try:
        values = json.loads(text or "{}")
    except ValueError:
        return text
    return ", ".join(f"{name} {value}" for name, value in values.items()) if isinstance(values, dict) else text


def _finite(value: float) -> float:
    return value if abs(value) < 1e9 else 0.0
