"""Weights in proportion to how many demonstrations each task has."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from skillkit.learn.weighting.weighting import Weighting


class ByDemonstrations(Weighting):
    """wᵢ = T Nᵢ / Σ N, with Nᵢ the number of demonstrations of task i.

    With equal shares in each batch this is, in expectation, what proportional sampling does under equal weights.
    """

    def __init__(self, demonstrations: Sequence[int]) -> None:
        super().__init__(demonstrations)
        numbers = torch.tensor(list(demonstrations), dtype=torch.float64)
        self.constant = self.tasks * numbers / numbers.sum()

    def weights(self, losses: Tensor, step: int) -> Tensor:
        return self.constant.to(losses.detach())
