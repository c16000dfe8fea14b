"""What a network's last numbers mean: actions, or shares of bins along each action.

Experts switch between actions; the mean of two right actions may be a wrong one that leads nowhere. Bins (Shafiullah et al., "Behavior Transformers:
Cloning k modes with one stone", NeurIPS 2022, in their spirit) keep both apart: the network says how likely each is, and the likeliest acts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

LOSSES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "l1": lambda found, wanted: (found - wanted).abs(),
    "mse": lambda found, wanted: (found - wanted).square(),
    "huber": lambda found, wanted: nn.functional.huber_loss(found, wanted, reduction="none", delta=0.1),
}


class Regression(nn.Module):
    """The numbers are actions in units of their root mean square."""

    def __init__(self, actions: int, loss: str) -> None:
        super().__init__()
        self.unit: Tensor
        self.register_buffer("unit", torch.ones(actions))
        self.measure = LOSSES[loss]

    @staticmethod
    def size(actions: int, bins: int) -> int:
        """How many numbers a network puts out for so many actions."""
        return actions

    def fit(self, actions: Tensor) -> None:
        """Take the units from demonstrated actions (n, a)."""
        self.unit.copy_(actions.square().mean(0).sqrt().clamp_min(1e-6))

    def loss(self, found: Tensor, wanted: Tensor, raw: Tensor | None = None, task: Tensor | None = None) -> Tensor:
        """(S, b, a) of outputs and raw actions."""
        return self.measure(found, wanted / self.unit)

    def forward(self, members: Sequence[Tensor], raw: Tensor | None = None, task: Tensor | None = None) -> Tensor:
        """Outputs of the members → raw actions (S, b, a): their mean."""
        return (members[0] if len(members) == 1 else torch.stack(list(members)).mean(0)) * self.unit


class Bins(nn.Module):
    """For each action K numbers, the logarithms of the shares of K bins between the smallest and the largest demonstrated action.

    A demonstrated action counts for the two bins beside it, as near as it is to each, so it can be read back exactly: what acts is the mean over the
    likeliest two neighbours and the bins beside them, which keeps the precision of a regression within a mode.
    """

    def __init__(self, actions: int, bins: int) -> None:
        super().__init__()
        self.bins = bins
        self.low: Tensor
        self.step: Tensor
        self.register_buffer("low", torch.zeros(actions))
        self.register_buffer("step", torch.ones(actions))

    @staticmethod
    def size(actions: int, bins: int) -> int:
        """How many numbers a network puts out for so many actions."""
        return actions * bins

    def fit(self, actions: Tensor) -> None:
        """Take the ranges from demonstrated actions (n, a)."""
        self.low.copy_(actions.amin(0))
        self.step.copy_((actions.amax(0) - self.low).clamp_min(1e-6) / (self.bins - 1))

    def loss(self, found: Tensor, wanted: Tensor, raw: Tensor | None = None, task: Tensor | None = None) -> Tensor:
        """(S, b, a) cross-entropy of the shares, less the least it can be."""
        place = ((wanted - self.low) / self.step).clamp(0.0, self.bins - 1.0)
        lower = place.floor().clamp(max=self.bins - 2.0)
        upper_share = place - lower
        shares = torch.log_softmax(found.unflatten(-1, (-1, self.bins)), dim=-1)
        index = lower.to(torch.int64)[..., None]
        one, other = shares.gather(-1, index)[..., 0], shares.gather(-1, index + 1)[..., 0]
        least = torch.special.entr(upper_share) + torch.special.entr(1.0 - upper_share)
        return -(1.0 - upper_share) * one - upper_share * other - least

    def forward(self, members: Sequence[Tensor], raw: Tensor | None = None, task: Tensor | None = None) -> Tensor:
        """Outputs of the members → raw actions (S, b, a): around the bin that is likeliest by their mean."""
        shares = torch.stack([torch.softmax(found.unflatten(-1, (-1, self.bins)), dim=-1) for found in members]).mean(0)
        pairs = shares[..., :-1] + shares[..., 1:]  # a mode between two bins counts as one
        best = pairs.argmax(-1, keepdim=True)
        near = torch.cat([(best - 1).clamp_min(0), best, best + 1, (best + 2).clamp_max(self.bins - 1)], dim=-1)
        weight = shares.gather(-1, near)
        weight = torch.stack([weight[..., 0] * (best[..., 0] > 0), weight[..., 1], weight[..., 2], weight[..., 3] * (best[..., 0] < self.bins - 2)], dim=-1)
        return self.low + self.step * (weight * near).sum(-1) / weight.sum(-1)
