"""Equal weights: the plain sum of losses, and the default (Kurin et al. 2022, "In defense of the unitary scalarization")."""

from __future__ import annotations

import torch
from torch import Tensor

from skillkit.learn.weighting.weighting import Weighting


class Equal(Weighting):
    """wᵢ = 1."""

    def weights(self, losses: Tensor, step: int) -> Tensor:
        return torch.ones_like(losses.detach())
