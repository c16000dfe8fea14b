"""Tasks put into groups that share a network, by a matrix of similarities."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform

from skillkit.exceptions import InvalidValue


def group_tasks(tasks: Sequence[str], similarity: ArrayLike, groups: int | None = None) -> list[list[str]]:
    """Average-linkage clustering of 1 − similarity; without a number of groups, the one with the best mean silhouette (Rousseeuw 1987).

    A matrix that is not symmetric, such as an affinity, counts by its mean of both directions. Groups and their members keep the order of the tasks.
    """
    matrix = np.asarray(similarity, dtype=np.float64)
    if matrix.shape != (len(tasks), len(tasks)) or not np.isfinite(matrix).all():
        raise InvalidValue("similarity", f"shape {matrix.shape}", f"({len(tasks)}, {len(tasks)}) finite numbers")
    if groups is not None and not 1 <= groups <= len(tasks):
        raise InvalidValue("groups", groups, f"1 to {len(tasks)}, the number of tasks")
    if len(tasks) < 2:
        return [[task] for task in tasks]
    distance = matrix.max() - (matrix + matrix.T) / 2
    np.fill_diagonal(distance, 0.0)
    merged = linkage(squareform(distance, checks=False), method="average")
    candidates = [groups] if groups is not None else range(2, len(tasks))
    cuts = [fcluster(merged, number, criterion="maxclust") for number in candidates] or [np.ones(len(tasks), dtype=int)]
    best = cuts[0] if len(cuts) == 1 else max(cuts, key=lambda labels: _silhouette(distance, labels))
    order = dict.fromkeys(best.tolist())
    return [[task for task, label in zip(tasks, best, strict=True) if label == group] for group in order]


def _silhouette(distance: NDArray[np.float64], labels: NDArray[np.int64]) -> float:
    """Mean over tasks of (b − a) / max(a, b): a the mean distance within the own group, b to the nearest other; 0 for a task alone."""
    scores = []
    for task, label in enumerate(labels):
        own = labels == label
        if own.sum() == 1:
            scores.append(0.0)
            continue
        within = distance[task, own].sum() / (own.sum() - 1)
        nearest = min((distance[task, labels == other].mean() for other in set(labels.tolist()) - {label}), default=0.0)
        scores.append((nearest - within) / max(nearest, within, 1e-300))
    return float(np.mean(scores))
