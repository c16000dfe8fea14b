"""Results of evaluations as they lie beside a run, and the paired comparison of two."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from skillkit.exceptions import SkillkitError
from skillkit.learn.structure import Interval

RESULTS = "eval-{seed}.json"
Outcomes = Mapping[tuple[str, int, int], int]  # (task, seed, episode) → success


class Comparison(NamedTuple):
    """Second minus first, over episodes that both ran with the same goals.

    Attributes:
        episodes: with a goal of their own; runs: trainings on either side.
        tasks: difference of the success rates of each; mean: over the tasks.
    """

    episodes: int
    runs: tuple[int, int]
    first: float
    second: float
    mean: Interval
    tasks: Mapping[str, Interval]


def summary(rows: Sequence[Mapping[str, Any]], seed: int) -> dict[str, Any]:
    """The document of an evaluation: every task, their mean and the worst."""
    rates = [row["successes"] / row["episodes"] for row in rows]
    return {"seed": seed, "mean": float(np.mean(rates)), "worst": min(rates), "tasks": list(rows)}


def read_runs(folder: Path) -> list[Outcomes]:
    """The evaluated runs that a folder stands for: itself, or those in it, such as trainings that differ in their seed.

    Raises:
        SkillkitError: none was evaluated.
    """
    found = [read_outcomes(run) for run in (folder, *sorted(folder.glob("*/"))) if any(run.glob(RESULTS.format(seed="*")))]
    if not found:
        raise SkillkitError(f"{folder} was not evaluated; run: skillkit eval {folder}")
    return found


def read_outcomes(run: Path) -> Outcomes:
    """All episodes of a run that were evaluated."""
    found: dict[tuple[str, int, int], int] = {}
    for path in sorted(run.glob(RESULTS.format(seed="*"))):
        document = json.loads(path.read_text(encoding="utf-8"))
        for row in document["tasks"]:
            found |= {(row["task"], document["seed"], number): outcome for number, outcome in enumerate(row["outcomes"])}
    return found


def compare_outcomes(first: Sequence[Outcomes], second: Sequence[Outcomes], draws: int = 4000, seed: int = 0) -> Comparison:
    """Paired by goal. Bootstrap (Efron & Tibshirani 1993) over the trainings of either side and, within them, over the goals of each task, tasks kept as
    they are: an interval over several trainings says how another training would do, one over a single training only how other goals would.

    Args:
        first, second: what each training of either side reached.

    Raises:
        SkillkitError: they have no episode in common.
    """
    common = sorted(set.intersection(*(set(one) for one in (*first, *second))))
    if not common:
        raise SkillkitError("the runs have no episode in common; evaluate all with the same --tasks, --episodes and --seed")
    random = np.random.default_rng(seed)
    runs = (random.integers(0, len(first), (draws, len(first))), random.integers(0, len(second), (draws, len(second))))
    tasks: dict[str, Interval] = {}
    means, rates = np.zeros(draws), np.zeros(2)
    names = sorted({task for task, _, _ in common})
    for name in names:
        keys = [key for key in common if key[0] == name]
        before, after = (np.array([[one[key] for key in keys] for one in side], dtype=np.float64) for side in (first, second))  # (runs, goals)
        goals = random.integers(0, len(keys), (draws, 1, len(keys)))
        drawn = after[runs[1][:, :, None], goals].mean((1, 2)) - before[runs[0][:, :, None], goals].mean((1, 2))
        means += drawn / len(names)
        rates += np.array([before.mean(), after.mean()]) / len(names)
        tasks[name] = Interval(float(after.mean() - before.mean()), *map(float, np.quantile(drawn, [0.025, 0.975])))
    bounds = np.quantile(means, [0.025, 0.975])
    mean = Interval(float(rates[1] - rates[0]), float(bounds[0]), float(bounds[1]))
    return Comparison(len(common), (len(first), len(second)), float(rates[0]), float(rates[1]), mean, tasks)
