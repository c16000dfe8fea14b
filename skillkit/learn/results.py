"""Results of evaluations as they lie beside a run, and the paired comparison of two."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

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


def runs_of(folder: Path) -> dict[str, Outcomes]:
    """The evaluated runs of a folder: itself, under the name ``.``, or those right below it, such as one for each training seed.

    Raises:
        SkillkitError: none was evaluated.
    """
    if any(folder.glob(RESULTS.format(seed="*"))):
        return {".": read_outcomes(folder)}
    below = sorted({path.parent for path in folder.glob("*/" + RESULTS.format(seed="*"))})
    return {run.name: read_outcomes(run) for run in below} or {".": read_outcomes(folder)}


def compare_runs(first: Path, second: Path, draws: int = 4000, seed: int = 0) -> Comparison:
    """Two runs, or two folders of runs that are paired by their names.

    Raises:
        SkillkitError: no two runs have a name, or an episode, in common.
    """
    one, other = runs_of(first), runs_of(second)
    common = sorted(set(one) & set(other))
    if not common:
        raise SkillkitError(f"no run in {first} ({', '.join(sorted(one))}) has the name of one in {second} ({', '.join(sorted(other))})")
    return compare_outcomes([(one[name], other[name]) for name in common], draws, seed)


def compare_outcomes(pairs: Sequence[tuple[Outcomes, Outcomes]], draws: int = 4000, seed: int = 0) -> Comparison:
    """Paired by goal and, with several pairs of runs, by training: bootstrap over the pairs and over the episodes of each task within each of them
    (Efron & Tibshirani 1993), tasks kept as they are. With one pair, what training itself varies is not in the interval.

    Raises:
        SkillkitError: the runs of a pair have no episode in common.
    """
    random = np.random.default_rng(seed)
    chosen = random.integers(0, len(pairs), (draws, len(pairs)))
    commons = [sorted(set(first) & set(second)) for first, second in pairs]
    names = sorted(set.intersection(*({task for task, _, _ in common} for common in commons)))
    if not names:
        raise SkillkitError("the two runs have no episode in common; evaluate both with the same --tasks, --episodes and --seed")
    tasks: dict[str, Interval] = {}
    means, rates = np.zeros(draws), np.zeros(2)
    for name in names:
        found = [
            np.array([(first[key], second[key]) for key in common if key[0] == name], dtype=np.float64)
            for (first, second), common in zip(pairs, commons, strict=True)
        ]
        rates += np.mean([values.mean(0) for values in found], axis=0) / len(names)
        drawn = _drawn([values[:, 1] - values[:, 0] for values in found], chosen, random)
        means += drawn / len(names)
        difference = float(np.mean([(values[:, 1] - values[:, 0]).mean() for values in found]))
        tasks[name] = Interval(difference, *map(float, np.quantile(drawn, [0.025, 0.975])))
    bounds = np.quantile(means, [0.025, 0.975])
    mean = Interval(float(rates[1] - rates[0]), float(bounds[0]), float(bounds[1]))
    return Comparison(sum(key[0] in tasks for common in commons for key in common), float(rates[0]), float(rates[1]), mean, tasks)


def _drawn(differences: Sequence[NDArray[np.float64]], chosen: NDArray[np.int64], random: np.random.Generator) -> NDArray[np.float64]:
    """(draws,) mean of the runs ``chosen`` (draws, runs), each with its episodes drawn anew."""
    total = np.zeros(len(chosen))
    for place in chosen.T:
        for number, values in enumerate(differences):
            rows = np.flatnonzero(place == number)
            total[rows] += values[random.integers(0, len(values), (len(rows), len(values)))].mean(1)
    return total / chosen.shape[1]
