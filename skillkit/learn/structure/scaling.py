"""Success against the number of tasks trained together, on the same tasks throughout."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import log10
from typing import NamedTuple

import numpy as np

from skillkit.exceptions import InvalidValue
from skillkit.learn.structure.intervals import Interval, Results, resampled_means


class Scaling(NamedTuple):
    """A scaling curve.

    Attributes:
        tasks: those that every run was trained and evaluated on; points: mean success over them, by number of tasks trained together.
        per_tenfold: change of that mean when ten times as many tasks are trained together (least squares over log₁₀ of the number).
    """

    tasks: tuple[str, ...]
    points: dict[int, Interval]
    per_tenfold: Interval


def scaling_curve(runs: Mapping[int, Sequence[Results]], confidence: float = 0.95, draws: int = 2000, seed: int = 0) -> Scaling:
    """The curve of runs by number of tasks, each with one entry per training seed; bootstrap over seeds and episodes.

    For one task, give the single-task networks of the common tasks as one entry.
    """
    everything = [results for seeds in runs.values() for results in seeds]
    common = tuple(task for task in (everything[0] if everything else ()) if all(task in results for results in everything))
    if len(runs) < 2 or not common:
        raise InvalidValue("runs", sorted(runs), "at least two numbers of tasks, with at least one task in all of them")
    rng = np.random.default_rng(seed)
    means, samples = zip(*(resampled_means(seeds, common, rng, draws) for seeds in runs.values()), strict=True)
    tail = [0.5 - confidence / 2, 0.5 + confidence / 2]
    points = {number: Interval(mean, *np.quantile(drawn, tail).tolist()) for number, mean, drawn in zip(runs, means, samples, strict=True)}
    place = np.array([log10(number) for number in runs])
    slope = (place - place.mean()) / ((place - place.mean()) ** 2).sum()
    return Scaling(common, points, Interval(float(slope @ np.array(means)), *np.quantile(slope @ np.array(samples), tail).tolist()))
