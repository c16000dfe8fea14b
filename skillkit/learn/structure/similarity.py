"""How alike tasks are: by their gradients, by what they give each other, by their embeddings. Every matrix is (T, T), larger is more alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from skillkit.exceptions import InvalidValue

Floats = NDArray[np.float64]


def embedding_similarity(embeddings: ArrayLike) -> Floats:
    """Cosines of learned task embeddings (T, d), their mean taken off first; also of mean gradients, or of encoded instructions."""
    centred = np.asarray(embeddings, dtype=np.float64)
    centred = centred - centred.mean(0)
    lengths = np.linalg.norm(centred, axis=1, keepdims=True)
    unit = np.divide(centred, lengths, out=np.zeros_like(centred), where=lengths > 0)
    return np.asarray(unit @ unit.T)


def representation_similarity(features: Sequence[ArrayLike]) -> Floats:
    """Linear centred kernel alignment of the features (n, d) that each task's network makes of the same n inputs (Kornblith et al. 2019).

    ‖YᵀX‖² / (‖XᵀX‖ ‖YᵀY‖) with Frobenius norms and columns centred: 1 for features equal up to rotation and scale.
    """
    centred = [np.asarray(f, dtype=np.float64) - np.asarray(f, dtype=np.float64).mean(0) for f in features]
    if len({len(f) for f in centred}) > 1:
        raise InvalidValue("rows of the features", sorted({len(f) for f in centred}), "the same inputs for every task")
    own = [np.linalg.norm(f.T @ f) for f in centred]
    return np.array([[np.linalg.norm(a.T @ b) ** 2 / (own[i] * own[j]) for j, b in enumerate(centred)] for i, a in enumerate(centred)])


@torch.no_grad()
def lookahead_affinity(losses_of: Callable[[], Tensor], shared: Sequence[Tensor], gradients: Tensor, rate: float) -> Floats:
    """What one step for task i does to the loss of task j: Zᵢⱼ = 1 − Lⱼ(θ − η gᵢ) / Lⱼ(θ) (Fifty et al. 2021, "Efficiently Identifying Task Groupings").

    Positive where i helps j; not symmetric. Average it over several moments of a training. The parameters are left as they were.

    Args:
        losses_of: losses (T,) of one batch with the present parameters; shared: those that the gradients (T, P) belong to, in their order; rate: η.
    """
    kept = [parameter.clone() for parameter in shared]
    before = losses_of()
    affinity = torch.zeros(len(gradients), len(before), dtype=torch.float64)
    try:
        for task, gradient in enumerate(gradients):
            pieces = gradient.split([parameter.numel() for parameter in shared])
            for parameter, start, piece in zip(shared, kept, pieces, strict=True):
                parameter.copy_(start - rate * piece.view_as(start))
            affinity[task] = 1.0 - losses_of() / before
    finally:
        for parameter, start in zip(shared, kept, strict=True):
            parameter.copy_(start)
    return affinity.numpy()


def pair_transfer(tasks: Sequence[str], single: Mapping[str, float], pairs: Mapping[tuple[str, str], Mapping[str, float]]) -> Floats:
    """Entry i, j: what training together with i adds to the success rate of j. Pairs that were not trained are not a number.

    Args:
        single: rate of each task trained alone; pairs: rates of the two tasks of each pair trained together.
    """
    place = {task: index for index, task in enumerate(tasks)}
    matrix = np.full((len(tasks), len(tasks)), np.nan)
    np.fill_diagonal(matrix, 0.0)
    for (first, second), rates in pairs.items():
        matrix[place[first], place[second]] = rates[second] - single[second]
        matrix[place[second], place[first]] = rates[first] - single[first]
    return matrix
