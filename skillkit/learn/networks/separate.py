"""A network of its own for each task, and the same drawn together: soft parameter sharing.

Soft sharing (Duong et al., "Low Resource Dependency Parsing: Cross-lingual Parameter Sharing in a Neural Network Parser", ACL 2015) adds
λ/T · Σ_t ‖θ_t − θ̄‖², where θ_t are the parameters of task t, θ̄ their mean over the T tasks, and λ the strength.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

from skillkit.learn.networks.network import Network, Shape, TaskLinear


class Separate(Network):
    """Nothing shared; the condition is not used."""

    def __init__(self, shape: Shape) -> None:
        super().__init__(shape)
        sizes = (shape.inputs, *shape.hidden, shape.widest)
        self.layers = nn.ModuleList(TaskLinear(shape.tasks, a, b) for a, b in pairwise(sizes))

    def act(self, x: Tensor, condition: Tensor, task: Tensor) -> Tensor:
        for layer in self.layers[:-1]:
            x = torch.relu(layer(x, task))
        return self.layers[-1](x, task)


class Soft(Separate):
    """Separate networks that are pulled towards their mean; they begin at the same place."""

    def __init__(self, shape: Shape, strength: float = 1e-3) -> None:
        super().__init__(shape)
        self.strength = strength
        with torch.no_grad():
            for parameter in self.parameters():
                parameter.copy_(parameter[:1].expand_as(parameter))

    def penalty(self) -> Tensor:
        """λ/T · Σ_t ‖θ_t − θ̄‖²."""
        return self.strength * sum((((p - p.mean(0, keepdim=True)) ** 2).sum() for p in self.parameters()), torch.zeros(())) / self.shape.tasks
