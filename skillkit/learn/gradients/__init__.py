"""What to make of many tasks' gradients, (T, P) → (P,): a step along a plain sum, or one that heeds conflicts between tasks.

The plain sum is the default: no method beats the regularised sum consistently (Kurin et al. 2022, "In defense of the unitary scalarization for deep
multi-task learning"). The others are here to be measured.
"""

from __future__ import annotations

from typing import Any

from skillkit.exceptions import UnknownName
from skillkit.learn.gradients.aggregator import Aggregator, GramianAggregator
from skillkit.learn.gradients.cagrad import CAGrad
from skillkit.learn.gradients.conflict import ConflictMatrix
from skillkit.learn.gradients.from_torchjd import TORCHJD, FromTorchjd
from skillkit.learn.gradients.mgda import MGDA
from skillkit.learn.gradients.pcgrad import PCGrad
from skillkit.learn.gradients.per_task import TaskGradients
from skillkit.learn.gradients.plain import Mean, Sum

AGGREGATORS: dict[str, type[Aggregator]] = {"sum": Sum, "mean": Mean, "pcgrad": PCGrad, "mgda": MGDA, "cagrad": CAGrad}

__all__ = [
    "AGGREGATORS",
    "MGDA",
    "TORCHJD",
    "Aggregator",
    "CAGrad",
    "ConflictMatrix",
    "FromTorchjd",
    "GramianAggregator",
    "Mean",
    "PCGrad",
    "Sum",
    "TaskGradients",
    "make_aggregator",
]


def make_aggregator(name: str, **options: Any) -> Aggregator:
    """An aggregator by name: one of ours, or one of torchjd's in lower case (``upgrad``, ``nashmtl``, …).

    Raises:
        UnknownName: neither of the two.
        SkillkitError: it is torchjd's, and torchjd or the solver of that method is not installed.
    """
    if name in AGGREGATORS:
        return AGGREGATORS[name](**options)
    if name in TORCHJD:
        return FromTorchjd(name, **options)
    raise UnknownName("aggregator", name, [*AGGREGATORS, *TORCHJD])
