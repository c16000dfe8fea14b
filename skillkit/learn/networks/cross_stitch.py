"""Cross-stitch units between columns (Misra et al., "Cross-stitch Networks for Multi-task Learning", CVPR 2016).

Every task has a column; after each layer h_i ← Σ_j α_ij h_j, learned, with α near the identity at first. Every sample runs through all T columns,
so the cost grows with T: the columns' widths are the hidden ones divided by √T, and with many tasks this is the slowest of the networks.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

from skillkit.learn.networks.mixture import ExpertLinear
from skillkit.learn.networks.network import Network, Shape, TaskLinear


class CrossStitch(Network):
    """Columns stitched after each hidden layer.

    Args:
        own: the diagonal of α at first; the rest is spread evenly.
    """

    def __init__(self, shape: Shape, own: float = 0.9) -> None:
        super().__init__(shape)
        tasks = shape.tasks
        sizes = (shape.inputs, *(max(8, round(width / tasks**0.5)) for width in shape.hidden))
        self.layers = nn.ModuleList(ExpertLinear(tasks, a, b) for a, b in pairwise(sizes))
        start = torch.full((tasks, tasks), (1.0 - own) / max(1, tasks - 1)).fill_diagonal_(own if tasks > 1 else 1.0)
        self.stitches = nn.ParameterList(nn.Parameter(start.clone()) for _ in self.layers)
        self.heads = TaskLinear(tasks, sizes[-1], shape.widest)

    def act(self, x: Tensor, condition: Tensor, task: Tensor) -> Tensor:
        flat = x.flatten(0, 1)
        h = flat.expand(self.shape.tasks, *flat.shape)  # (T, S·b, d)
        every = torch.arange(self.shape.tasks, device=x.device)
        for layer, stitch in zip(self.layers, self.stitches, strict=True):
            h = torch.einsum("ij,jnd->ind", stitch, torch.relu(layer(h, every)))
        slots = h.unflatten(1, x.shape[:2])[task, torch.arange(len(task), device=x.device)]  # (S, b, d) of each slot's own column
        return self.heads(slots, task)
