"""Failures by family of tasks: what kind of task a policy cannot do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from skillkit.learn.structure.intervals import Interval, Results, Tally, wilson

# The 50 tasks of Meta-World (Yu et al. 2020) by what the arm has to do; the first stem that a name begins with decides.
STEMS = {
    "press": ("button-press", "handle-press", "coffee-button", "door-lock", "door-unlock"),
    "pull": ("handle-pull", "lever-pull", "coffee-pull", "stick-pull"),
    "door or drawer": ("door", "drawer", "window", "box-close"),
    "turn": ("dial-turn", "faucet", "nut", "disassemble"),
    "insert": ("peg", "assembly", "hand-insert", "hammer"),
    "pick and place": ("pick", "basketball", "bin-picking", "shelf-place"),
    "push or slide": ("push", "coffee-push", "plate-slide", "stick-push", "sweep", "soccer"),
    "reach": ("reach",),
}


class Family(NamedTuple):
    """Success over all tasks of a family, and where its failures come from."""

    name: str
    success: Interval
    share_of_failures: float  # of all failed episodes
    worst: str  # its task with the lowest success rate
    tasks: tuple[str, ...]


def family_of(task: str, families: Mapping[str, tuple[str, ...]] = STEMS) -> str:
    """The family with the longest stem that the task's name begins with; "other" where none fits."""
    fitting = [(len(stem), family) for family, stems in families.items() for stem in stems if task.startswith(stem)]
    return max(fitting)[1] if fitting else "other"


def failures_by_family(results: Results, families: Mapping[str, tuple[str, ...]] = STEMS) -> list[Family]:
    """Families of the results, most failures first."""
    members: dict[str, list[str]] = {}
    for task in results:
        members.setdefault(family_of(task, families), []).append(task)
    failed = sum(tally.episodes - tally.successes for tally in results.values())
    found = []
    for family, tasks in members.items():
        total = Tally(sum(results[task].successes for task in tasks), sum(results[task].episodes for task in tasks))
        worst = min(tasks, key=lambda task: results[task].rate)
        found.append(Family(family, wilson(total), (total.episodes - total.successes) / max(1, failed), worst, tuple(tasks)))
    return sorted(found, key=lambda family: -family.share_of_failures)
