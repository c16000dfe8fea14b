"""Hypernetwork: the condition is turned into the weights of a small policy (Ha, Dai & Le, "HyperNetworks", ICLR 2017).

θ(c) = H φ(V c + v) + h. H is initialised so that the policy's weights begin with the variance 1/fan-in (Chang, Flokas & Lipson, "Principled Weight
Initialization for Hypernetworks", ICLR 2020).
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

from skillkit.learn.networks.network import Network, Shape


class Hyper(Network):
    """A generated network with ``layers`` hidden layers of ``width``; the generator has one hidden layer.

    Args:
        width: of the generated policy. layers: its hidden layers. generator: hidden width of the generator.
    """

    def __init__(self, shape: Shape, width: int = 64, layers: int = 2, generator: int = 64) -> None:
        super().__init__(shape)
        sizes = (shape.inputs, *(width,) * layers, shape.widest)
        self.sizes = list(pairwise(sizes))
        self.hidden = nn.Linear(max(1, shape.conditions), generator)
        self.generators = nn.ModuleList(nn.Linear(generator, (a + 1) * b) for a, b in self.sizes)
        for (inputs, _), layer in zip(self.sizes, self.generators, strict=True):
            nn.init.normal_(layer.weight, std=(1.0 / (inputs * generator)) ** 0.5)
            nn.init.normal_(layer.bias, std=(1.0 / inputs) ** 0.5)

    def weights(self, condition: Tensor) -> list[tuple[Tensor, Tensor]]:
        """For each layer W (S, inputs, outputs) and b (S, 1, outputs)."""
        h = torch.relu(self.hidden(condition if condition.shape[-1] else condition.new_ones(len(condition), 1)))
        made = [layer(h).unflatten(-1, (a + 1, b)) for (a, b), layer in zip(self.sizes, self.generators, strict=True)]
        return [(both[:, :-1], both[:, -1:]) for both in made]

    def act(self, x: Tensor, condition: Tensor, task: Tensor) -> Tensor:
        layers = self.weights(condition)
        for weight, bias in layers[:-1]:
            x = torch.relu(torch.baddbmm(bias, x, weight))
        return torch.baddbmm(layers[-1][1], x, layers[-1][0])
