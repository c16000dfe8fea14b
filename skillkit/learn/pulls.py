"""Actions as pulls that are known once for each task, so that a network only has to say which one acts.

A practised skill is a few stretches, and in each of them the tool is pulled, along each axis, towards something that can be seen. So each task has, for
each axis and each point p (the tool itself and the origin among them), K pulls with an offset o and a gain κ of their own, and K levels of what is done
beside moving:

    aₖ = clip(κₖ (p + oₖ − tool))    along one axis of three,        aₖ = oₖ    of the gripper.

The network says from what it sees how likely each of them is; a demonstrated action is likely where one of them explains it (a mixture of Laplace
distributions, Bishop, "Mixture Density Networks", 1994), and the mean of the pulls by their shares acts. Offsets and gains are learned with the network
and begin where the task's own demonstrations put them: with the gain GAIN, an action a shown at a place asks for o = tool + a / κ − p.
What is pulled to a thing that is seen stays right wherever that thing stands, which a network that maps places to actions learns only from many places.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from skillkit.exceptions import InvalidValue

WIDTH = 0.05  # of the Laplace distributions, as a share of the largest action
GAIN, FOLD = 10.0, 4.0  # [1/m] at first, and the logarithm of the largest factor on it
REACH = 0.2  # [m] what an offset of 1 means
PACE = 5.0  # so many times faster than the weights of a network the offsets and gains are learned
LEAK = 0.02  # slope beyond the largest action, so that a wrong direction can still be unlearned
MOST, FEW = 0.95, 10  # of the largest action: a larger one was cut, and does not say where it leads, unless fewer than so many are left


class Known(NamedTuple):
    """Pulls of S tasks: offsets [m] and gains [1/m] (S, 3, anchors · K), levels (S, actions − 3, K)."""

    offsets: Tensor
    gains: Tensor
    levels: Tensor


class Choices(NamedTuple):
    """What might be done: moves (S, b, 3, anchors · K) before they are cut, levels (S, 1, actions − 3, K), and the log-shares of both."""

    moves: Tensor
    move_shares: Tensor
    levels: Tensor
    level_shares: Tensor


class Pulls(nn.Module):
    """The pulls of each task, and how a network's numbers choose among them.

    Args:
        pulls: K, of each axis to each point, and levels of what is beside moving. points: columns of each point, by name; one is ``tool``.

    Raises:
        InvalidValue: no tool among the points, or fewer than three actions.
    """

    def __init__(self, tasks: int, actions: int, pulls: int, points: Mapping[str, Sequence[int]]) -> None:
        super().__init__()
        if "tool" not in points or actions < 3:
            raise InvalidValue("pulls", pulls, "0 where the dataset has no point called 'tool' or fewer than three actions")
        self.pulls, self.actions = pulls, actions
        self.columns = [list(points["tool"]), *(list(columns) for name, columns in points.items() if name != "tool")]
        self.largest: Tensor
        self.register_buffer("largest", torch.ones(actions))
        self.anchors = len(self.columns) + 1
        self.offsets = nn.Parameter(torch.zeros(tasks, 3, self.anchors * pulls))
        self.gains = nn.Parameter(torch.zeros(tasks, 3, self.anchors * pulls))
        self.levels = nn.Parameter(torch.zeros(tasks, actions - 3, pulls))

    @property
    def numbers(self) -> int:
        """How many a network puts out: a share of each pull along each axis, and of each level."""
        return 3 * self.anchors * self.pulls + (self.actions - 3) * self.pulls

    def begin(self, raw: Tensor, actions: Tensor, counts: Sequence[int]) -> None:
        """Take the largest actions from demonstrations, (n, raw) and (n, a), and let the pulls of each task begin where its own ``counts`` rows put them."""
        self.largest.copy_(actions.abs().amax(0).clamp_min(1e-6))
        parts = zip(raw.split(list(counts)), (actions / self.largest).split(list(counts)), strict=True)
        with torch.no_grad():
            for task, (seen, done) in enumerate(parts):
                self.offsets[task] = self._asked(seen, done) / (REACH * PACE)
                low, high = done[:, 3:].amin(0)[:, None], done[:, 3:].amax(0)[:, None]
                self.levels[task] = (low + (high - low) * self._shares(ends=True)) / PACE

    def _asked(self, raw: Tensor, done: Tensor) -> Tensor:
        """(3, anchors · K) [m] offsets that actions (n, a) ask for, equally frequent ones, and equal steps from one end to the other for the tool itself."""
        offsets = (done[:, :3] / GAIN)[..., None] - self._apart(raw)  # (n, 3, anchors)
        found = torch.empty(3, self.anchors, self.pulls)
        for axis in range(3):
            free = done[:, axis].abs() < MOST
            some = offsets[free, axis] if int(free.sum()) >= FEW else offsets[:, axis]
            found[axis] = torch.quantile(some, self._shares(), dim=0).T
        found[:, 0] = (2.0 * self._shares(ends=True) - 1.0) / GAIN
        return found.flatten(1)

    def _shares(self, ends: bool = False) -> Tensor:
        """K numbers in equal steps from 0 to 1, both of them among them or half a step away."""
        return torch.linspace(0.0, 1.0, self.pulls) if ends and self.pulls > 1 else (torch.arange(self.pulls) + 0.5) / self.pulls

    def _apart(self, raw: Tensor) -> Tensor:
        """(…, 3, anchors) [m] from the tool to each point, the origin last."""
        tool = raw[..., self.columns[0]]
        return torch.stack([*(raw[..., columns] - tool for columns in self.columns), -tool], dim=-1)

    def of(self, task: Tensor) -> Known:
        """The pulls of tasks (S,)."""
        gains = GAIN * torch.exp(FOLD * torch.tanh(PACE / FOLD * self.gains[task]))
        return Known(REACH * PACE * self.offsets[task], gains, PACE * self.levels[task])

    def read(self, found: Tensor, raw: Tensor, task: Tensor) -> Choices:
        """Outputs (S, b, numbers) and observations (S, b, raw), in units of the largest actions."""
        known, own = self.of(task), 3 * self.anchors * self.pulls
        apart = self._apart(raw).repeat_interleave(self.pulls, dim=-1)  # (S, b, 3, anchors · K)
        shares = torch.log_softmax(found[..., :own].unflatten(-1, (3, -1)), dim=-1)
        others = torch.log_softmax(found[..., own:].unflatten(-1, (-1, self.pulls)), dim=-1)
        return Choices(known.gains[:, None] * (apart + known.offsets[:, None]), shares, known.levels[:, None], others)

    def loss(self, found: Tensor, wanted: Tensor, raw: Tensor, task: Tensor) -> Tensor:
        """(S, b, a) the negative logarithm of how likely each raw action was."""
        choices, wanted = self.read(found, raw, task), (wanted / self.largest)[..., None]
        cut = choices.moves.clamp(-1.0, 1.0)
        cut = cut + LEAK * (choices.moves - cut)
        moved = torch.logsumexp(choices.move_shares - (cut - wanted[..., :3, :]).abs() / WIDTH, dim=-1)
        rest = torch.logsumexp(choices.level_shares - (choices.levels - wanted[..., 3:, :]).abs() / WIDTH, dim=-1)
        return -torch.cat([moved, rest], dim=-1)

    def forward(self, members: Sequence[Tensor], raw: Tensor, task: Tensor) -> Tensor:
        """Outputs of the members → raw actions (S, b, a): the mean over members and, by their shares, over pulls."""
        done = []
        for found in members:
            choices = self.read(found, raw, task)
            moved = (choices.moves.clamp(-1.0, 1.0) * choices.move_shares.exp()).sum(-1)
            done.append(torch.cat([moved, (choices.levels * choices.level_shares.exp()).sum(-1)], dim=-1))
        return torch.stack(done).mean(0) * self.largest
