"""Weights inverse to the losses: every task counts by its relative, not its absolute improvement."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from skillkit.learn.weighting.weighting import Weighting


class InverseLoss(Weighting):
    """wᵢ ∝ 1 / Lᵢ, which is the gradient of Σ log Lᵢ.

    It favours the tasks with *small* losses. Tasks that are far behind get less weight, not more; for that see ``Maximum``.

    Args:
        smallest: losses below count as this, so that a solved task does not take all the weight.
    """

    def __init__(self, demonstrations: Sequence[int], smallest: float = 1e-8) -> None:
        super().__init__(demonstrations)
        self.smallest = smallest

    def weights(self, losses: Tensor, step: int) -> Tensor:
        inverse = 1.0 / losses.detach().clamp_min(self.smallest)
        return inverse * (len(inverse) / inverse.sum())
