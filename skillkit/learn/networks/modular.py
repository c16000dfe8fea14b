"""Soft modularisation (Yang et al., "Multi-Task Reinforcement Learning with Soft Modularization", NeurIPS 2020).

L layers of n modules each. Module i of layer l + 1 receives Σ_j p_l[i, j] · (output of module j of layer l), where p_l is a softmax over the senders of
what a routing network says; the last layer's modules are added up. Routing depends on the observation and the condition: their embeddings are multiplied.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from skillkit.learn.networks.mixture import ExpertLinear
from skillkit.learn.networks.network import Network, Shape


class Modular(Network):
    """Modules with learned routes between them.

    Args:
        modules: n per layer. routing: width of the embeddings that decide the routes.
    """

    def __init__(self, shape: Shape, modules: int = 4, routing: int = 64) -> None:
        super().__init__(shape)
        self.modules_per_layer = modules
        width = max(8, round(shape.hidden[0] / modules**0.5))
        depth = len(shape.hidden)
        self.embed = nn.Linear(shape.inputs, routing)
        self.task = nn.Linear(max(1, shape.conditions), routing)
        self.first = nn.Linear(shape.inputs, width)
        self.layers = nn.ModuleList(ExpertLinear(modules, width, width) for _ in range(depth))
        self.routes = nn.ModuleList(nn.Linear(routing, modules * modules) for _ in range(depth - 1))
        self.output = nn.Linear(width, shape.widest)

    def act(self, x: Tensor, condition: Tensor, task: Tensor) -> Tensor:
        known = condition if condition.shape[-1] else condition.new_ones(len(condition), 1)
        key = torch.relu((self.embed(x) * self.task(known)[:, None, :]).flatten(0, 1))  # (N, routing)
        every, n = torch.arange(self.modules_per_layer, device=x.device), self.modules_per_layer
        h = torch.relu(self.first(x.flatten(0, 1))).expand(n, -1, -1)
        for number, layer in enumerate(self.layers):
            h = torch.relu(layer(h, every))  # (n, N, w)
            if number < len(self.routes):
                h = torch.einsum("Nij,jNw->iNw", self.route(number, key), h)
        return self.output(h.sum(0)).unflatten(0, x.shape[:2])

    def route(self, layer: int, key: Tensor) -> Tensor:
        """(N, n, n) p: rows are receivers and add up to one."""
        return torch.softmax(self.routes[layer](key).unflatten(-1, (self.modules_per_layer,) * 2), dim=-1)
