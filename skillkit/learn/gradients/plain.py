"""The plain sum and the plain mean of the gradients: what training on the sum of losses does."""

from __future__ import annotations

import torch
from torch import Tensor

from skillkit.learn.gradients.aggregator import GramianAggregator


class Sum(GramianAggregator):
    """Σᵢ gᵢ."""

    def weights(self, gramian: Tensor) -> Tensor:
        return torch.ones(len(gramian), dtype=gramian.dtype, device=gramian.device)


class Mean(GramianAggregator):
    """1/T Σᵢ gᵢ."""

    def weights(self, gramian: Tensor) -> Tensor:
        return torch.full((len(gramian),), 1.0 / len(gramian), dtype=gramian.dtype, device=gramian.device)
