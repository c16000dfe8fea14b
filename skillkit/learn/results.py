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
    """Second run minus first, over episodes that both ran with the same goals.

    Attributes:
        tasks: difference of the success rates of each; mean: over the tasks.
    """

    episodes: int
    first: float
    second: float
    mean: Interval
    tasks: Mapping[str, Interval]


def summary(rows: Sequence[Mapping[str, Any]], seed: int) -> dict[str, Any]:
    """The document of an evaluation: every task, their mean and the worst."""
    rates = [row["successes"] / row["episodes"] for row in rows]
    return {"seed": seed, "mean": float(np.mean(rates)), "worst": min(rates), "tasks": list(rows)}


def read_outcomes(run: Path) -> Outcomes:
    """All episodes of a run that were evaluated.

    Raises:
        SkillkitError: none was.
    """
    found: dict[tuple[str, int, int], int] = {}
    for path in sorted(run.glob(RESULTS.format(seed="*"))):
        document = json.loads(path.read_text(encoding="utf-8"))
        for row in document["tasks"]:
            found |= {(row["task"], document["seed"], number): outcome for number, outcome in enumerate(row["outcomes"])}
    if not found:
        raise SkillkitError(f"{run} was not evaluated; run: skillkit eval {run}")
    return found


def compare_outcomes(first: Outcomes, second: Outcomes, draws: int = 4000, seed: int = 0) -> Comparison:
    """Paired by goal: bootstrap over the episodes of each task (Efron & Tibshirani 1993), tasks kept as they are.

    Raises:
        SkillkitError: the two have no episode in common.
    """
    common = sorted(set(first) & set(second))
    if not common:
        raise SkillkitError("the two runs have no episode in common; evaluate both with the same --tasks, --episodes and --seed")
    random = np.random.default_rng(seed)
    tasks: dict[str, Interval] = {}
    means = np.zeros(draws)
    names = sorted({task for task, _, _ in common})
    for name in names:
        differences = np.array([second[key] - first[key] for key in common if key[0] == name], dtype=np.float64)
        drawn = differences[random.integers(0, len(differences), (draws, len(differences)))].mean(1)
        means += drawn / len(names)
        tasks[name] = Interval(float(differences.mean()), *map(float, np.quantile(drawn, [0.025, 0.975])))
    rates = [float(np.mean([np.mean([one[key] for key in common if key[0] == name]) for name in names])) for one in (first, second)]
    bounds = np.quantile(means, [0.025, 0.975])
    return Comparison(len(common), rates[0], rates[1], Interval(rates[1] - rates[0], float(bounds[0]), float(bounds[1])), tasks)
