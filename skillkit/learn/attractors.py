"""Actions as pulls towards points: a mixture of proportional controllers.

Each of M modes says where the tool should go, along each axis as a mixture of what can be seen plus an offset, and how hard it is pulled there:

    aₘ = clip(κₘ (Σₖ wₘₖ pₖ + oₘ − tool)),   w = softmax over the points, the tool itself and the origin,

and the gripper's command beside it. A demonstrated action is likely where one mode explains it (a mixture of Laplace distributions, Bishop, "Mixture
Density Networks", 1994). What acts is the mean of the modes by their shares: the likeliest one alone comes to rest where it hands over to the next.
Where a regression has to learn every direction from every place, a controller that found its point is right for places that were never shown, too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from skillkit.exceptions import InvalidValue

WIDTH = 0.1  # of the Laplace distributions, as a share of the largest action
GAIN, FOLD = 10.0, 1.2  # [1/m] of an undecided network, and the logarithm of the largest factor on it
REACH = 0.2  # [m] what an offset of 1 means
LEAK = 0.05  # slope beyond the largest action, so that a wrong direction can still be unlearned


class Modes(NamedTuple):
    """What the numbers of a network mean: actions (…, M, a) before they are cut, and log-shares (…, M)."""

    actions: Tensor
    shares: Tensor


class Attractors(nn.Module):
    """Modes of a tool that is pulled; what is beyond the first three actions is put out as it is.

    Args:
        points: columns of each point of the observation, by name; one is ``tool``.

    Raises:
        InvalidValue: no tool among the points, or fewer than three actions.
    """

    def __init__(self, actions: int, modes: int, points: Mapping[str, Sequence[int]]) -> None:
        super().__init__()
        if "tool" not in points or actions < 3:
            raise InvalidValue("modes", modes, "0 where the dataset has no point called 'tool' or fewer than three actions")
        self.modes, self.actions = modes, actions
        self.columns = [list(points["tool"]), *(list(columns) for name, columns in points.items() if name != "tool")]
        self.largest: Tensor
        self.register_buffer("largest", torch.ones(actions))

    @staticmethod
    def size(actions: int, modes: int, points: int) -> int:
        """How many numbers a network puts out: per mode weights, offsets and gain, other actions, and its share."""
        return modes * (3 * (points + 1) + 3 + 1 + (actions - 3) + 1)

    def fit(self, actions: Tensor) -> None:
        """Take the largest actions from demonstrated ones (n, a)."""
        self.largest.copy_(actions.abs().amax(0).clamp_min(1e-6))

    def read(self, found: Tensor, raw: Tensor) -> Modes:
        """Outputs (S, b, …) and observations (S, b, raw), in units of the largest actions."""
        places = torch.stack([raw[..., columns] for columns in self.columns] + [torch.zeros_like(raw[..., :3])], dim=-1)  # (S, b, 3, k)
        count = places.shape[-1]
        each = found.unflatten(-1, (self.modes, -1))  # (S, b, M, n)
        weights, offsets, gains, others, shares = each.split([3 * count, 3, 1, self.actions - 3, 1], dim=-1)
        mixed = (torch.softmax(weights.unflatten(-1, (3, count)), dim=-1) * places[..., None, :, :]).sum(-1)  # (S, b, M, 3)
        target = mixed + REACH * offsets
        pull = GAIN * torch.exp(FOLD * torch.tanh(gains)) * (target - raw[..., None, self.columns[0]])
        return Modes(torch.cat([pull, others], dim=-1), torch.log_softmax(shares[..., 0], dim=-1))

    def loss(self, found: Tensor, wanted: Tensor, raw: Tensor) -> Tensor:
        """(S, b, a) the negative logarithm of how likely the raw actions were, the same for each of them."""
        modes = self.read(found, raw)
        cut = modes.actions.clamp(-1.0, 1.0)
        cut = cut + LEAK * (modes.actions - cut)
        distance = (cut - (wanted / self.largest)[..., None, :]).abs().sum(-1) / WIDTH
        return -torch.logsumexp(modes.shares - distance, dim=-1)[..., None].expand_as(wanted) / self.actions

    def forward(self, members: Sequence[Tensor], raw: Tensor) -> Tensor:
        """Outputs of the members → raw actions (S, b, a): the mean over members and, by their shares, over modes."""
        done = []
        for found in members:
            modes = self.read(found, raw)
            done.append((modes.shares.exp()[..., None] * modes.actions.clamp(-1.0, 1.0)).sum(-2))
        return torch.stack(done).mean(0) * self.largest
