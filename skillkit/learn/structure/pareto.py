"""Pairs of tasks: which trained policies are best compromises between the two."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from typing import Any, NamedTuple

Point = tuple[float, float]


class PairFront(NamedTuple):
    """One pair of tasks.

    Attributes:
        front: names of the runs that no other beats in one task without losing in the other, by falling success in the first task.
        area: share of the unit square that the front dominates: 1 where one run always succeeds in both tasks.
        traded: how far the best run for each task falls short in the other, against the best there; 0 where one run is best in both.
    """

    first: str
    second: str
    front: tuple[str, ...]
    area: float
    traded: float


def pareto_front(points: Mapping[str, Point]) -> tuple[str, ...]:
    """The points that no other dominates (at least as good in both, better in one), larger being better; equal points stay together."""
    order = sorted(points, key=lambda name: (-points[name][0], -points[name][1], name))
    front: list[str] = []
    for name in order:
        if not front or points[name][1] > points[front[-1]][1] or points[name] == points[front[-1]]:
            front.append(name)
    return tuple(front)


def dominated_area(points: Mapping[str, Point]) -> float:
    """Area of the rectangles from (0, 0) to the points, taken together."""
    area, above = 0.0, 0.0
    for name in pareto_front(points):
        x, y = points[name]
        area, above = area + x * (y - above), y
    return area


def pareto_pairs(runs: Mapping[str, Mapping[str, float]]) -> list[PairFront]:
    """The front of every pair of tasks that all runs have, the pairs with the largest trade first.

    Args:
        runs: success rate of each task, by run; single-task networks together count as one run.
    """
    tasks = [task for task in next(iter(runs.values()), {}) if all(task in rates for rates in runs.values())]
    fronts = []
    for first, second in combinations(tasks, 2):
        points = {name: (rates[first], rates[second]) for name, rates in runs.items()}
        front = pareto_front(points)
        best = points[front[-1]][1], points[front[0]][0]  # of the second, of the first task
        traded = max(best[0] - points[front[0]][1], best[1] - points[front[-1]][0])
        fronts.append(PairFront(first, second, front, dominated_area(points), traded))
    return sorted(fronts, key=lambda pair: -pair.traded)


def as_table(fronts: list[PairFront]) -> list[dict[str, Any]]:
    """The fronts as plain JSON."""
    return [pair._asdict() | {"front": list(pair.front)} for pair in fronts]
