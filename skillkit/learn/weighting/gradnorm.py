"""GradNorm: tasks that learn slowly get larger gradients (Chen et al. 2018, "GradNorm: Gradient Normalization for Adaptive Loss Balancing")."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from skillkit.learn.weighting.weighting import LearnedWeighting

SMALLEST = 1e-12


class GradNorm(LearnedWeighting):
    """Descends Σᵢ | Gᵢ − Ḡ rᵢ^α | over the weights, the target Ḡ rᵢ^α taken as constant.

        Gᵢ = wᵢ ‖∇Lᵢ‖            length of the weighted gradient of task i, Ḡ their mean
        rᵢ = (Lᵢ/Lᵢ(0)) / mean   how much of its first loss is left, relative to the mean

    After each step the weights are made to add up to T again.

    Args:
        alpha: 0 makes all lengths equal; the larger, the more the slow tasks pull (the paper: 1.5, or 0.12 where tasks are alike); rate: of the weights.
    """

    needs_gradients = True

    def __init__(self, demonstrations: Sequence[int], alpha: float = 1.5, rate: float = 0.025) -> None:
        super().__init__(demonstrations, start=1.0, rate=rate)
        self.alpha = alpha
        self.first: Tensor | None = None

    def observe(self, losses: Tensor, gradients: Tensor) -> None:
        losses, norms = losses.detach().to(self.values), gradients.norm(dim=1).to(self.values)
        if self.first is None:
            self.first = losses.clamp_min(SMALLEST)
        left = losses / self.first
        pace = left / left.mean().clamp_min(SMALLEST)
        lengths = self.values.detach() * norms
        self.descend(torch.sign(lengths - lengths.mean() * pace**self.alpha) * norms)
        with torch.no_grad():
            self.values.clamp_(min=SMALLEST)
            self.values *= self.tasks / self.values.sum()

    def weights(self, losses: Tensor, step: int) -> Tensor:
        return self.values.detach().to(losses.detach(), copy=True)

    def state_dict(self) -> dict[str, Tensor]:
        return super().state_dict() | ({} if self.first is None else {"first": self.first.clone()})

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        super().load_state_dict(state)
        self.first = state["first"].clone() if "first" in state else None
