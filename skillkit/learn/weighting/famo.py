"""FAMO: all losses fall at the same relative pace, without any per-task gradient (Liu et al. 2023, "FAMO: Fast Adaptive Multitask Optimization")."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from skillkit.learn.weighting.weighting import LearnedWeighting

SMALLEST = 1e-8


class Famo(LearnedWeighting):
    """With z = softmax(ξ), wᵢ = c zᵢ / Lᵢ and c = T / Σⱼ zⱼ/Lⱼ, and after the step

        δᵢ = log Lᵢ(before) − log Lᵢ(after),      ξ ← ξ − β (Jᵀδ + γ ξ),      J = ∂z/∂ξ

    so tasks that just improved more than the others count less. The paper's weights add up to 1; these, as everywhere here, to T.
    Where nobody calls ``after``, the losses of the next batch take the place of those after the step.

    Args:
        rate: β; decay: γ.
    """

    needs_losses_after = True

    def __init__(self, demonstrations: Sequence[int], rate: float = 0.025, decay: float = 1e-3) -> None:
        super().__init__(demonstrations, start=0.0, rate=rate, decay=decay)
        self.before: Tensor | None = None

    def weights(self, losses: Tensor, step: int) -> Tensor:
        if self.before is not None:
            self.after(losses)
        self.before = losses.detach().to(self.values).clamp_min(SMALLEST)
        weights = torch.softmax(self.values.detach(), 0) / self.before
        return (weights * (self.tasks / weights.sum())).to(losses.detach())

    def after(self, losses: Tensor) -> None:
        if self.before is None:
            return
        gain = torch.log(self.before) - torch.log(losses.detach().to(self.values).clamp_min(SMALLEST))
        shares = torch.softmax(self.values.detach(), 0)
        self.descend(shares * (gain - shares @ gain))
        self.before = None

    def state_dict(self) -> dict[str, Tensor]:
        return super().state_dict() | ({} if self.before is None else {"before": self.before.clone()})

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        super().load_state_dict(state)
        self.before = state["before"].clone() if "before" in state else None
