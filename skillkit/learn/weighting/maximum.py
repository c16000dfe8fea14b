"""Only the worst task counts."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from skillkit.learn.weighting.weighting import Weighting


class Maximum(Weighting):
    """wᵢ = T where Lᵢ is the largest loss, else 0, so that the weighted mean of the losses is maxᵢ Lᵢ. With ``softness`` s > 0 wᵢ = T softmax(L / s)ᵢ.

    Args:
        softness: in units of the loss.
    """

    def __init__(self, demonstrations: Sequence[int], softness: float = 0.0) -> None:
        super().__init__(demonstrations)
        self.softness = softness

    def weights(self, losses: Tensor, step: int) -> Tensor:
        losses = losses.detach()
        if self.softness > 0.0:
            return len(losses) * torch.softmax(losses / self.softness, 0)
        return len(losses) * torch.nn.functional.one_hot(losses.argmax(), len(losses)).to(losses)
