"""What came of one episode, as plain values: shown on the end screen and printed as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from statistics import median
from typing import Any

FLAT_RATE = 50.0  # [Hz] of the flat policy whose step count is shown beside the decisions


@dataclass(frozen=True)
class SkillRow:
    """One run of a skill: a decision of the high level.

    Attributes:
        label: its name in the tree.
        start, duration: task clock [s].
        steps: policy steps.
    """

    label: str
    skill: str
    path: str
    outcome: str
    reason: str
    start: float
    duration: float
    steps: int


@dataclass(frozen=True)
class LoopTimes:
    """How long a tick took from its start to its command, wall time [ms].

    Attributes:
        period: of the control loop [ms].
        jitter_p99: how late ticks began [ms]; missed, ticks: how many were, of how many. Only where a schedule was to be kept.
    """

    median: float
    p99: float
    longest: float
    period: float
    jitter_p99: float | None = None
    missed: int | None = None
    ticks: int | None = None

    @classmethod
    def of(cls, seconds: Sequence[float], period: float) -> LoopTimes | None:
        """Percentiles of times [s] under a control period [s]; ``None`` where nothing was measured."""
        if not seconds:
            return None
        ordered = sorted(seconds)
        return cls(1e3 * median(ordered), 1e3 * ordered[min(len(ordered) - 1, int(0.99 * len(ordered)))], 1e3 * ordered[-1], 1e3 * period)


@dataclass(frozen=True)
class Result:
    """One episode.

    Attributes:
        success: the task SUCCEEDED, and its judge agrees where it has one.
        checks: what the judge looked at. judge: who judged; empty where nobody did.
        duration: task clock [s]; wall: what it took here [s].
        peak_speed: largest commanded joint speed as a fraction of that joint's limit.
        bag, picture, timeline: files written; empty where none was.
    """

    seed: int
    outcome: str
    reason: str
    success: bool
    checks: Mapping[str, bool]
    duration: float
    wall: float
    peak_speed: float
    skills: tuple[SkillRow, ...]
    loop: LoopTimes | None = None
    judge: str = ""
    bag: str = ""
    picture: str = ""
    timeline: str = ""
    notes: tuple[str, ...] = field(default=())

    @property
    def decisions(self) -> int:
        """Skills started: the choices of the high level."""
        return len(self.skills)

    @property
    def flat_steps(self) -> int:
        """The choices a flat policy would have made in the same time."""
        return round(self.duration * FLAT_RATE)

    def as_dict(self) -> dict[str, Any]:
        """As it stands in the JSON document; times carry their unit in their names."""
        values = asdict(self)
        for name in ("duration", "wall"):
            values[f"{name}_s"] = values.pop(name)
        values["loop_ms"] = values.pop("loop")
        values["skills"] = [_with_units(row) for row in values["skills"]]
        return {**values, "decisions": self.decisions, "flat_steps": self.flat_steps, "policy_steps": sum(row.steps for row in self.skills)}


def _with_units(row: dict[str, Any]) -> dict[str, Any]:
    return {(f"{name}_s" if name in ("start", "duration") else name): value for name, value in row.items()}


def document(task: str, robot: str, cell: str, results: Sequence[Result]) -> dict[str, Any]:
    """The JSON document of ``skillkit run``. ``outcomes`` and ``bags`` have one entry per episode, in the order of the seeds."""
    return {
        "task": task,
        "robot": robot,
        "cell": cell,
        "episodes": len(results),
        "successes": sum(result.success for result in results),
        "outcomes": [result.outcome for result in results],
        "outcome_counts": dict(Counter(result.outcome for result in results)),
        "duration_s": median(result.duration for result in results),
        "total_duration_s": sum(result.duration for result in results),
        "peak_speed": max(result.peak_speed for result in results),
        "bags": [result.bag for result in results if result.bag],
        "runs": [result.as_dict() for result in results],
    }
