"""How a network is told which task it is: by a number, by a learned vector, or by the instruction in words.

A goal needs nothing here: goal positions, and their differences from the tool and the objects, are part of the observation.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Condition(nn.Module):
    """(S,) task numbers → (S, size) conditions; this one says nothing.

    Args:
        vectors: of the instructions, one row for each task.
    """

    size = 0

    def __init__(self, vectors: Tensor) -> None:
        super().__init__()
        self.tasks = len(vectors)

    def forward(self, task: Tensor) -> Tensor:
        return torch.zeros(len(task), 0, device=task.device)


class OneHot(Condition):
    """e_t, zeros but for a one at the task's place."""

    def __init__(self, vectors: Tensor) -> None:
        super().__init__(vectors)
        self.size = self.tasks

    def forward(self, task: Tensor) -> Tensor:
        return nn.functional.one_hot(task, self.tasks).to(torch.float32)


class Embedding(Condition):
    """A learned vector for each task."""

    size = 16

    def __init__(self, vectors: Tensor) -> None:
        super().__init__(vectors)
        self.table = nn.Embedding(self.tasks, self.size)

    def forward(self, task: Tensor) -> Tensor:
        return self.table(task)


class Language(Condition):
    """The instruction's vector, kept with the weights; a new task needs no more than its words."""

    def __init__(self, vectors: Tensor) -> None:
        super().__init__(vectors)
        self.size = vectors.shape[1]
        self.vectors: Tensor
        self.register_buffer("vectors", vectors)

    def forward(self, task: Tensor) -> Tensor:
        return self.vectors[task]


CONDITIONS: dict[str, type[Condition]] = {"none": Condition, "one_hot": OneHot, "embedding": Embedding, "language": Language}
