"""Latents that attend to many inputs (Jaegle et al., "Perceiver: General Perception with Iterative Attention", ICML 2021).

Each group of features (tool, objects, goal, image …) and the condition become a token; a few learned latents look at the tokens by cross-attention,
at each other by self-attention, and an output layer reads them: the cost of an input is linear in its number of tokens.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from skillkit.learn.networks.network import Network, Shape


class Latents(Network):
    """A small Perceiver.

    Args:
        latents: how many. width: of each. heads: of the attention. rounds: of cross- and self-attention.
    """

    def __init__(self, shape: Shape, latents: int = 4, width: int = 64, heads: int = 4, rounds: int = 2) -> None:
        super().__init__(shape)
        self.groups = shape.groups or (shape.inputs,)
        self.tokens = nn.ModuleList(nn.Linear(size, width) for size in self.groups)
        self.condition = nn.Linear(max(1, shape.conditions), width)
        self.latents = nn.Parameter(torch.randn(latents, width) / width**0.5)
        self.cross = nn.ModuleList(nn.MultiheadAttention(width, heads, batch_first=True) for _ in range(rounds))
        options = {"dim_feedforward": 2 * width, "dropout": 0.0, "batch_first": True, "norm_first": True}
        self.within = nn.ModuleList(nn.TransformerEncoderLayer(width, heads, **options) for _ in range(rounds))
        size, hidden = latents * width, shape.hidden[-1]
        self.output = nn.Sequential(nn.LayerNorm(size), nn.Linear(size, hidden), nn.ReLU(), nn.Linear(hidden, shape.widest))

    def act(self, x: Tensor, condition: Tensor, task: Tensor) -> Tensor:
        known = condition if condition.shape[-1] else condition.new_ones(len(condition), 1)
        parts = [token(part) for token, part in zip(self.tokens, x.split(self.groups, dim=-1), strict=True)]
        parts.append(self.condition(known)[:, None, :].expand(-1, x.shape[1], -1))
        seen = torch.stack(parts, dim=2).flatten(0, 1)  # (N, tokens, width)
        h = self.latents.expand(len(seen), -1, -1)
        for cross, within in zip(self.cross, self.within, strict=True):
            h = within(h + cross(h, seen, seen, need_weights=False)[0])
        return self.output(h.flatten(1)).unflatten(0, x.shape[:2])
