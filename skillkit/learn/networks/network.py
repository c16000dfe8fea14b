"""What every network for many tasks is: batches of slots in, actions out.

A batch has S slots of b samples, each slot from one task; a task may have several slots or none. So weights that belong to a task are looked up
once per slot and applied with one batched product, however many tasks there are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import sqrt

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class Shape:
    """What a network is made for.

    Attributes:
        inputs: features of an observation. conditions: numbers that say which task it is; 0 for none.
        actions: of each task, which may differ; the network puts out the largest, zeros behind a task's own.
        hidden: width of each hidden layer. groups: sizes of the parts that the features consist of, adding up to ``inputs``.
    """

    inputs: int
    conditions: int
    actions: tuple[int, ...]
    hidden: tuple[int, ...] = (400, 400, 400)
    groups: tuple[int, ...] = ()

    @property
    def tasks(self) -> int:
        """How many tasks there are."""
        return len(self.actions)

    @property
    def widest(self) -> int:
        """The largest action size."""
        return max(self.actions)


class Network(nn.Module):
    """Base of the networks; subclasses say how tasks share.

    ``features`` must give the last hidden layer where the default output layer is used.
    """

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        mask = torch.zeros(shape.tasks, shape.widest)
        for task, size in enumerate(shape.actions):
            mask[task, :size] = 1.0
        self.register_buffer("mask", mask, persistent=False)

    def forward(self, x: Tensor, condition: Tensor, task: Tensor) -> Tensor:
        """(S, b, inputs), (S, conditions), (S,) → (S, b, actions)."""
        return self.act(x, condition, task) * self.mask[task][:, None, :]

    def act(self, x: Tensor, condition: Tensor, task: Tensor) -> Tensor:
        """The actions, before those that a task does not have are set to zero."""
        raise NotImplementedError

    def penalty(self) -> Tensor:
        """What is added to the loss, once per step."""
        return torch.zeros(())

    def statistics(self) -> dict[str, list[float]]:
        """What happened inside at the last forward pass, for the report."""
        return {}

    def shared(self) -> Iterator[nn.Parameter]:
        """The parameters that every task moves: all but those of :class:`TaskLinear` and :class:`OfTask`."""
        own = {id(p) for module in self.modules() if type(module) in (TaskLinear, OfTask) for p in module.parameters(recurse=False)}
        return (parameter for parameter in self.parameters() if id(parameter) not in own)


class OfTask(nn.Module):
    """A parameter with one value per task, (T, …); ``initial`` is its first value."""

    def __init__(self, initial: Tensor) -> None:
        super().__init__()
        self.value = nn.Parameter(initial)

    def forward(self, task: Tensor) -> Tensor:
        """(S, …) of each slot's task."""
        return self.value[task]


class TaskLinear(nn.Module):
    """A linear layer of its own for each task: y = W_t x + b_t; initialised as torch initialises one layer."""

    def __init__(self, tasks: int, inputs: int, outputs: int) -> None:
        super().__init__()
        bound = 1.0 / sqrt(inputs)
        self.weight = nn.Parameter(torch.empty(tasks, inputs, outputs).uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.empty(tasks, 1, outputs).uniform_(-bound, bound))

    def forward(self, x: Tensor, task: Tensor) -> Tensor:
        """(S, b, inputs) → (S, b, outputs)."""
        return torch.baddbmm(self.bias[task], x, self.weight[task])


class Trunk(nn.Module):
    """Hidden layers that a condition enters, by concatenation at the input or, with ``film``, in every layer.

    FiLM (Perez et al., "FiLM: Visual Reasoning with a General Conditioning Layer", AAAI 2018): h ← φ((1 + γ(c)) ⊙ (W h + b) + β(c)), where
    c is the condition, γ and β are linear, and zero at first, so that the layer begins as one without a condition.
    """

    def __init__(self, inputs: int, conditions: int, hidden: Sequence[int], film: bool = False) -> None:
        super().__init__()
        film = film and conditions > 0
        sizes = (inputs if film else inputs + conditions, *hidden)
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in pairwise(sizes))
        self.films = nn.ModuleList(nn.Linear(conditions, 2 * width) for width in hidden if film)
        for layer in self.films:
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        """(S, b, inputs), (S, conditions) → (S, b, hidden[-1])."""
        h = x if self.films else join(x, condition)
        for number, layer in enumerate(self.layers):
            h = layer(h)
            if self.films:
                scale, shift = self.films[number](condition)[:, None, :].chunk(2, dim=-1)
                h = (1.0 + scale) * h + shift
            h = torch.relu(h)
        return h


def join(x: Tensor, condition: Tensor) -> Tensor:
    """(S, b, d) and (S, k) → (S, b, d + k)."""
    return torch.cat([x, condition[:, None, :].expand(-1, x.shape[1], -1)], dim=-1) if condition.shape[-1] else x
