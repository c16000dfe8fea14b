"""Adapter layers per task on a shared backbone (Houlsby et al., "Parameter-Efficient Transfer Learning for NLP", ICML 2019).

After each hidden layer h ← h + U_t φ(D_t h); U_t is zero at first, so that every task begins as the backbone.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

from skillkit.learn.networks.network import Network, Shape, TaskLinear, join


class Adapters(Network):
    """A backbone with bottlenecks of each task.

    Args:
        bottleneck: its width.
    """

    def __init__(self, shape: Shape, bottleneck: int = 16) -> None:
        super().__init__(shape)
        sizes = (shape.inputs + shape.conditions, *shape.hidden)
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in pairwise(sizes))
        self.down = nn.ModuleList(TaskLinear(shape.tasks, width, bottleneck) for width in shape.hidden)
        self.up = nn.ModuleList(TaskLinear(shape.tasks, bottleneck, width) for width in shape.hidden)
        self.output = nn.Linear(sizes[-1], shape.widest)
        for layer in self.up:
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)

    def act(self, x: Tensor, condition: Tensor, task: Tensor) -> Tensor:
        h = join(x, condition)
        for layer, down, up in zip(self.layers, self.down, self.up, strict=True):
            h = torch.relu(layer(h))
            h = h + up(torch.relu(down(h, task)), task)
        return self.output(h)
