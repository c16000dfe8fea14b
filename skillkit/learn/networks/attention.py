"""Multi-task attention network (Liu, Johns & Davison, "End-to-End Multi-Task Learning with Attention", CVPR 2019).

A shared trunk u_l, and for each task a soft mask over it in every layer: a_l = σ(G_t [u_l, â_{l−1}]) and â_l = φ(F_t (a_l ⊙ u_l)); the last â is what the
task's head sees. Deviation: dense layers instead of convolutions, and G a bottleneck, so that a mask costs less than the trunk.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

from skillkit.learn.networks.network import Network, Shape, TaskLinear, join


class Attention(Network):
    """Masks of each task over shared features.

    Args:
        bottleneck: width between the two layers of G, and of â.
    """

    def __init__(self, shape: Shape, bottleneck: int = 32) -> None:
        super().__init__(shape)
        tasks = shape.tasks
        sizes = (shape.inputs + shape.conditions, *shape.hidden)
        before = (0, *(bottleneck,) * (len(shape.hidden) - 1))
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in pairwise(sizes))
        self.look = nn.ModuleList(TaskLinear(tasks, width + past, bottleneck) for width, past in zip(shape.hidden, before, strict=True))
        self.mask_of = nn.ModuleList(TaskLinear(tasks, bottleneck, width) for width in shape.hidden)
        self.take = nn.ModuleList(TaskLinear(tasks, width, bottleneck) for width in shape.hidden)
        self.heads = TaskLinear(tasks, bottleneck, shape.widest)

    def act(self, x: Tensor, condition: Tensor, task: Tensor) -> Tensor:
        h, attended = join(x, condition), x[..., :0]
        for layer, look, mask, take in zip(self.layers, self.look, self.mask_of, self.take, strict=True):
            h = torch.relu(layer(h))
            share = torch.sigmoid(mask(torch.relu(look(torch.cat([h, attended], dim=-1), task)), task))
            attended = torch.relu(take(share * h, task))
        return self.heads(attended, task)
