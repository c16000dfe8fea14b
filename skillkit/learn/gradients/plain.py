"""The plain sum and the plain mean of the gradients: what training on the sum of losses does."""

from __future__ import annotations

from torch import Tensor

from skillkit.learn.gradients.aggregator import Aggregator


class Sum(Aggregator):
    """Σᵢ gᵢ."""

    sums = True

    def __call__(self, gradients: Tensor) -> Tensor:
        return gradients.sum(0)


class Mean(Aggregator):
    """1/T Σᵢ gᵢ."""

    def __call__(self, gradients: Tensor) -> Tensor:
        return gradients.mean(0)
