"""PCGrad: each gradient loses what points against another one (Yu et al. 2020, "Gradient Surgery for Multi-Task Learning", NeurIPS)."""

from __future__ import annotations

import torch
from torch import Tensor

from skillkit.learn.gradients.aggregator import GramianAggregator


class PCGrad(GramianAggregator):
    """For each task i, start with gᵢ' = gᵢ and go through the other tasks j in random order:

        gᵢ' ← gᵢ' − (gᵢ'·gⱼ / ‖gⱼ‖²) gⱼ      where gᵢ'·gⱼ < 0

    The step is Σᵢ gᵢ'. With coefficients gᵢ' = Σₜ Cᵢₜ gₜ and inner products M = C K, every projection is a change of one coefficient and
    one row of M, so all T tasks are projected side by side, in T rounds.

    Args:
        seed: of the random orders; they are this object's own.
    """

    sums = True

    def __init__(self, seed: int = 0) -> None:
        self.generator = torch.Generator().manual_seed(seed)

    def orders(self, tasks: int) -> Tensor:
        """(T, T) one random order of all tasks in each row."""
        return torch.rand(tasks, tasks, generator=self.generator).argsort(dim=1)

    def weights(self, gramian: Tensor) -> Tensor:
        inner = gramian.detach().to("cpu", torch.float64)  # (T, T)
        tasks = len(inner)
        scale = inner.diagonal().clamp_min(torch.finfo(torch.float64).tiny)
        coefficients, products, everyone = torch.eye(tasks, dtype=torch.float64), inner.clone(), torch.arange(tasks)
        for others in self.orders(tasks).T:
            excess = products[everyone, others].clamp_max(0.0) / scale[others]
            excess[others == everyone] = 0.0
            coefficients[everyone, others] -= excess
            products -= excess[:, None] * inner[others]
        return coefficients.sum(0).to(gramian)

    def state_dict(self) -> dict[str, Tensor]:
        return {"generator": self.generator.get_state()}

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        self.generator.set_state(state["generator"])
