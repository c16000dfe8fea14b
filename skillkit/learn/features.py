"""From raw observations to what a network sees: a choice of columns, differences between points, and scales.

What a policy must know precisely is where things are *relative* to each other, and most precisely when they are close. So the features are the chosen
columns and the differences of all pairs of points, standardised, and for each scale s every difference once more as tanh(δ/s), which is fine near zero and
says only the direction far away.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import torch
from torch import Tensor, nn

from skillkit.exceptions import UnknownName
from skillkit.learn.dataset import Space

FLOOR = 1e-3  # a feature that varies less is not blown up
FAR = 5.0  # standard deviations beyond which a feature says no more


@dataclass(frozen=True)
class Chosen:
    """Which features there are: a linear map of the raw observation.

    Attributes:
        matrix: (features, raw). differences: the number of the first difference; what is before is as observed.
        groups: sizes of the parts that belong together.
    """

    matrix: Tensor
    differences: int
    groups: tuple[int, ...]


def choose(space: Space, kind: str) -> Chosen:
    """``plain``: every column. ``relative``: without history, and with the differences of all pairs of points of the space.

    Raises:
        UnknownName: no such kind.
    """
    count = len(space.observation)
    identity = torch.eye(count)
    points: Mapping[str, Sequence[int]] = space.details.get("points", {})
    if kind == "plain":
        return Chosen(identity, count, (count,))
    if kind != "relative":
        raise UnknownName("kind of features", kind, ("plain", "relative"))
    groups = [list(group) for group in space.details.get("groups", [range(count)])]
    rows = [identity[column] for group in groups for column in group]
    pairs = [identity[b] - identity[a] for one, other in combinations(points.values(), 2) for a, b in zip(one, other, strict=True)]
    sizes = [len(group) for group in groups] + [3] * (len(pairs) // 3)
    return Chosen(torch.stack([*rows, *pairs]), len(rows), tuple(sizes))


class Features(nn.Module):
    """(…, raw) → (…, features); its numbers are part of the model's weights.

    Args:
        scales: s [m] of the tanh features; none without differences.
    """

    def __init__(self, chosen: Chosen, scales: Sequence[float] = ()) -> None:
        super().__init__()
        self.matrix: Tensor
        self.mean: Tensor
        self.deviation: Tensor
        self.scales, self.first = tuple(scales), chosen.differences
        self.register_buffer("matrix", chosen.matrix.clone())
        self.register_buffer("mean", torch.zeros(len(chosen.matrix)))
        self.register_buffer("deviation", torch.ones(len(chosen.matrix)))
        per_scale = [size for size, end in zip(chosen.groups, _ends(chosen.groups), strict=True) if end > chosen.differences]
        self.groups = (*chosen.groups, *per_scale * len(self.scales))

    @property
    def size(self) -> int:
        """How many features there are."""
        return sum(self.groups)

    def fit(self, raw: Tensor) -> None:
        """Take mean and deviation from observations (n, raw)."""
        found = raw @ self.matrix.T
        self.mean.copy_(found.mean(0))
        self.deviation.copy_(found.std(0, unbiased=False).clamp_min(FLOOR))

    def forward(self, raw: Tensor) -> Tensor:
        found = raw @ self.matrix.T
        near = [torch.tanh(found[..., self.first :] / scale) for scale in self.scales]
        return torch.cat([((found - self.mean) / self.deviation).clamp(-FAR, FAR), *near], dim=-1)


def _ends(sizes: Sequence[int]) -> list[int]:
    return [sum(sizes[: number + 1]) for number in range(len(sizes))]
