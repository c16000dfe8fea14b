"""Weights from learned noise levels (Kendall, Gal and Cipolla 2018, "Multi-Task Learning Using Uncertainty to Weigh Losses")."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from skillkit.learn.weighting.weighting import LearnedWeighting


class Uncertainty(LearnedWeighting):
    """Minimises Σᵢ ½ exp(−sᵢ) Lᵢ + ½ sᵢ over the log variances sᵢ = log σᵢ² as well: wᵢ = ½ exp(−sᵢ).

    Left to itself sᵢ becomes log Lᵢ, so wᵢ Lᵢ tends to ½ for every task. The scale of the weights is the method's own.

    Args:
        rate: learning rate of the log variances.
    """

    def __init__(self, demonstrations: Sequence[int], rate: float = 1e-3) -> None:
        super().__init__(demonstrations, start=0.0, rate=rate)

    def weights(self, losses: Tensor, step: int) -> Tensor:
        weights = 0.5 * torch.exp(-self.values.detach())
        self.descend(0.5 - weights * losses.detach().to(weights))
        return weights.to(losses.detach())
