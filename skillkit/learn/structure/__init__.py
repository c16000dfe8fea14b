"""The structure among tasks, and statistics of what training them together gave and cost."""

from __future__ import annotations

from skillkit.learn.structure.chains import Chains, chain_success
from skillkit.learn.structure.families import Family, failures_by_family, family_of
from skillkit.learn.structure.grouping import group_tasks
from skillkit.learn.structure.intervals import Interval, Results, Tally, difference, mean_difference, pooled, wilson
from skillkit.learn.structure.negative_transfer import TransferReport, negative_transfer
from skillkit.learn.structure.pareto import PairFront, dominated_area, pareto_front, pareto_pairs
from skillkit.learn.structure.scaling import Scaling, scaling_curve
from skillkit.learn.structure.similarity import embedding_similarity, lookahead_affinity, pair_transfer, representation_similarity

__all__ = [
    "Chains",
    "Family",
    "Interval",
    "PairFront",
    "Results",
    "Scaling",
    "Tally",
    "TransferReport",
    "chain_success",
    "difference",
    "dominated_area",
    "embedding_similarity",
    "failures_by_family",
    "family_of",
    "group_tasks",
    "lookahead_affinity",
    "mean_difference",
    "negative_transfer",
    "pair_transfer",
    "pareto_front",
    "pareto_pairs",
    "pooled",
    "representation_similarity",
    "scaling_curve",
    "wilson",
]
