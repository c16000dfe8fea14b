"""Mixture of experts with a router (Jacobs et al., "Adaptive Mixtures of Local Experts", Neural Computation 3, 1991; sparse with a balancing loss:
Shazeer et al., "Outrageously Large Neural Networks", ICLR 2017).

y = Σ_e g_e(x, c) f_e(x, c), g = softmax of the router's scores over the k best experts, and the penalty λ · CV², the squared coefficient of variation
of the experts' loads Σ_samples g_e.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

from skillkit.learn.networks.network import Network, Shape, TaskLinear, join


class Mixture(Network):
    """Experts of the hidden sizes divided by √experts, so that all together cost about what one shared network does.

    Args:
        experts: how many. top: how many of them a sample uses. balance: λ.
    """

    def __init__(self, shape: Shape, experts: int = 4, top: int = 2, balance: float = 1e-2) -> None:
        super().__init__(shape)
        self.experts, self.top, self.balance = experts, min(top, experts), balance
        inputs = shape.inputs + shape.conditions
        sizes = (inputs, *(max(8, round(width / experts**0.5)) for width in shape.hidden), shape.widest)
        self.router = nn.Linear(inputs, experts)
        self.layers = nn.ModuleList(ExpertLinear(experts, a, b) for a, b in pairwise(sizes))
        self.load = torch.full((experts,), 1.0 / experts)

    def act(self, x: Tensor, condition: Tensor, task: Tensor) -> Tensor:
        flat = join(x, condition).flatten(0, 1)  # (S·b, d)
        shares = self.shares(flat)  # (S·b, E)
        self.load = shares.mean(0)
        h = flat.expand(self.experts, *flat.shape)
        every = torch.arange(self.experts, device=x.device)
        for number, layer in enumerate(self.layers):
            h = layer(h, every)
            h = torch.relu(h) if number < len(self.layers) - 1 else h
        return torch.einsum("ne,ena->na", shares, h).unflatten(0, x.shape[:2])

    def shares(self, inputs: Tensor) -> Tensor:
        """(n, E) g: not negative, each row adds up to one, zero but for the best ``top``."""
        scores = self.router(inputs)
        best = scores.topk(self.top, dim=-1).indices
        hidden = torch.full_like(scores, float("-inf")).scatter(-1, best, 0.0)
        return torch.softmax(scores + hidden, dim=-1)

    def penalty(self) -> Tensor:
        """λ · (E · Σ load² − 1), which is λ · CV² and zero when every expert carries the same."""
        return self.balance * (self.experts * (self.load**2).sum() - 1.0)

    def statistics(self) -> dict[str, list[float]]:
        return {"load of experts": self.load.detach().tolist()}


class ExpertLinear(TaskLinear):
    """The same arithmetic, but every task uses every expert; so its parameters are shared."""
