"""Low-rank adaptation per task on a shared backbone (Hu et al., "LoRA: Low-Rank Adaptation of Large Language Models", ICLR 2022).

h ← φ(W h + b + (α/r) B_t A_t h), where A_t (r, inputs) is random and B_t (outputs, r) zero at first, so that every task begins as the backbone.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

from skillkit.learn.networks.network import Network, OfTask, Shape, join


class LowRank(Network):
    """A backbone with low-rank changes of each task in every layer.

    Args:
        rank: r. alpha: α.
    """

    def __init__(self, shape: Shape, rank: int = 4, alpha: float = 4.0) -> None:
        super().__init__(shape)
        sizes = (shape.inputs + shape.conditions, *shape.hidden, shape.widest)
        pairs = list(pairwise(sizes))
        self.scale = alpha / rank
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in pairs)
        self.down = nn.ModuleList(OfTask(torch.randn(shape.tasks, a, rank) / a**0.5) for a, _ in pairs)
        self.up = nn.ModuleList(OfTask(torch.zeros(shape.tasks, rank, b)) for _, b in pairs)

    def act(self, x: Tensor, condition: Tensor, task: Tensor) -> Tensor:
        h = join(x, condition)
        for number, layer in enumerate(self.layers):
            h = layer(h) + self.scale * torch.bmm(torch.bmm(h, self.down[number](task)), self.up[number](task))
            h = torch.relu(h) if number < len(self.layers) - 1 else h
        return h
