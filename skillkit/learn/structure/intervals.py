"""How sure a success rate is, and a difference of two."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import sqrt
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from skillkit.exceptions import InvalidValue


class Tally(NamedTuple):
    """Episodes of one task and how many of them succeeded."""

    successes: int
    episodes: int

    @property
    def rate(self) -> float:
        return self.successes / self.episodes


class Interval(NamedTuple):
    """An estimate and the bounds that hold it with the stated confidence."""

    estimate: float
    low: float
    high: float


Results = Mapping[str, Tally]  # by task


def wilson(tally: Tally, confidence: float = 0.95) -> Interval:
    """The score interval of a success rate (Wilson 1927): right for few episodes and near 0 and 1, too."""
    successes, episodes = tally
    if not 0 <= successes <= episodes or episodes < 1:
        raise InvalidValue("successes of episodes", tuple(tally), "0 ≤ successes ≤ episodes, at least one episode")
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    rate, squared = successes / episodes, z * z / episodes
    middle = (rate + squared / 2) / (1 + squared)
    half = z / (1 + squared) * sqrt(rate * (1 - rate) / episodes + squared / (4 * episodes))
    return Interval(rate, 0.0 if successes == 0 else max(0.0, middle - half), 1.0 if successes == episodes else min(1.0, middle + half))


def difference(first: Tally, second: Tally, confidence: float = 0.95) -> Interval:
    """First rate minus second, from independent episodes (Newcombe 1998, method 10: the two score intervals, squared and added)."""
    a, b = wilson(first, confidence), wilson(second, confidence)
    estimate = a.estimate - b.estimate
    low = estimate - sqrt((a.estimate - a.low) ** 2 + (b.high - b.estimate) ** 2)
    return Interval(estimate, low, estimate + sqrt((a.high - a.estimate) ** 2 + (b.estimate - b.low) ** 2))


def pooled(seeds: Sequence[Results]) -> dict[str, Tally]:
    """The episodes of all seeds together, for the tasks that every seed has."""
    common = [task for task in seeds[0] if all(task in results for results in seeds)]
    return {task: Tally(sum(results[task].successes for results in seeds), sum(results[task].episodes for results in seeds)) for task in common}


def mean_difference(first: Sequence[Results], second: Sequence[Results], confidence: float = 0.95, draws: int = 2000, seed: int = 0) -> Interval:
    """Difference of the mean success over the common tasks; bootstrap over training seeds, and over episodes within each of them.

    With one seed a side, what training itself varies is not in the interval.
    """
    tasks = [task for task in pooled(first) if task in pooled(second)]
    if not tasks:
        raise InvalidValue("tasks of the two sides", [], "at least one task that all runs have")
    rng = np.random.default_rng(seed)
    (one, drawn), (other, drawn_other) = resampled_means(first, tasks, rng, draws), resampled_means(second, tasks, rng, draws)
    low, high = np.quantile(drawn - drawn_other, [0.5 - confidence / 2, 0.5 + confidence / 2])
    return Interval(one - other, float(low), float(high))


def resampled_means(runs: Sequence[Results], tasks: Sequence[str], rng: np.random.Generator, draws: int) -> tuple[float, NDArray[np.float64]]:
    """Mean success over tasks and runs, and (draws,) of it with runs drawn anew, and episodes within each."""
    rates = np.array([[results[task].rate for task in tasks] for results in runs])  # (runs, T)
    episodes = np.array([[results[task].episodes for task in tasks] for results in runs])
    chosen = rng.integers(0, len(runs), (draws, len(runs)))
    return float(rates.mean()), (rng.binomial(episodes[chosen], rates[chosen]) / episodes[chosen]).mean((1, 2))
