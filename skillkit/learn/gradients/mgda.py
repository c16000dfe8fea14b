"""MGDA: the smallest convex combination of the gradients (Désidéri 2012; Sener and Koltun 2018, "Multi-Task Learning as Multi-Objective Optimization")."""

from __future__ import annotations

import torch
from torch import Tensor

from skillkit.learn.gradients.aggregator import GramianAggregator
from skillkit.learn.gradients.min_norm import coordinates, min_norm_weights


class MGDA(GramianAggregator):
    """d = Σᵢ αᵢ gᵢ with α = argmin ‖Σᵢ αᵢ gᵢ‖² over α ≥ 0, Σα = 1.

    d is zero where no direction lowers all losses, else gᵢ·d ≥ ‖d‖² for every task i. Solved exactly, not by Frank-Wolfe steps as in the paper.
    """

    def weights(self, gramian: Tensor) -> Tensor:
        return torch.from_numpy(min_norm_weights(coordinates(gramian))).to(gramian)
