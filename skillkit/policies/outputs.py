"""What the last numbers of a trained network mean, without torch; the same as in training."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from skillkit.policies.tensors import Numbers
from skillkit.pose import Array

Floats: TypeAlias = NDArray[np.float32]
Output: TypeAlias = Callable[[list[Floats], Array], Floats]  # numbers of each member, raw observation → actions


def output_of(numbers: Numbers) -> Output:
    """The output that these numbers are for."""
    if "low" in numbers:
        return Bins(numbers["low"], numbers["step"])
    if "points" in numbers:
        return Pulls(*(numbers[name] for name in ("points", "offsets", "gains", "levels", "largest")))
    return Mean(numbers["unit"])


class Mean:
    """The mean of the members' numbers, in units of the actions."""

    def __init__(self, unit: Floats) -> None:
        self.unit = unit

    def __call__(self, members: list[Floats], observation: Array) -> Floats:
        """Numbers (actions,) of each member → (actions,)."""
        total = np.zeros_like(self.unit)
        for found in members:
            total = total + found
        action: Floats = total * (self.unit / np.float32(len(members)))
        return action


class Bins:
    """Shares of bins along each action → the mean around the likeliest two neighbours and the bins beside them, as in training."""

    def __init__(self, low: Floats, step: Floats) -> None:
        self.low, self.step, self.rows = low, step, np.arange(len(low))

    def __call__(self, members: list[Floats], observation: Array) -> Floats:
        """Numbers (actions · bins,) of each member → (actions,)."""
        shares = np.zeros((len(self.low), len(members[0]) // len(self.low)), dtype=np.float32)
        for found in members:
            each = found.reshape(shares.shape)
            grown = np.exp(each - each.max(1, keepdims=True))
            shares += grown / grown.sum(1, keepdims=True)
        best = (shares[:, :-1] + shares[:, 1:]).argmax(1)
        padded = np.pad(shares, ((0, 0), (1, 1)))  # bin k stands at k + 1; beyond the ends there is nothing
        near = best[:, None] + np.arange(-1, 3)
        weight = padded[self.rows[:, None], near + 1]
        action: Floats = self.low + self.step * ((weight * near).sum(1) / weight.sum(1)).astype(np.float32)
        return action


class Pulls:
    """Controllers of one task that pull the tool along each axis to what is seen, by their shares; the first point is the tool.

    Args:
        points: (p, 3) columns of each point. offsets, gains: (3, pulls) [m], [1/m], pulls to the tool first, then to each other point, then to the origin.
        levels: (others, k) of what is done beside moving. largest: (actions,).
    """

    def __init__(self, points: Floats, offsets: Floats, gains: Floats, levels: Floats, largest: Floats) -> None:
        self.columns, self.largest = points.astype(np.int64), largest
        self.offsets, self.gains, self.levels = offsets, gains, levels
        self.each = offsets.shape[1] // (len(points) + 1)

    def __call__(self, members: list[Floats], observation: Array) -> Floats:
        """Numbers (3 · pulls + others · k,) of each member → (actions,)."""
        places = observation[self.columns].astype(np.float32)  # (p, 3)
        apart = np.concatenate([places - places[0], -places[:1]]).T.repeat(self.each, axis=1)
        moved = (self.gains * (apart + self.offsets)).clip(-1.0, 1.0)
        total = np.zeros_like(self.largest)
        for found in members:
            shares = found[: moved.size].reshape(moved.shape), found[moved.size :].reshape(self.levels.shape)
            total = total + np.concatenate([_mean(moved, shares[0]), _mean(self.levels, shares[1])])
        action: Floats = total / np.float32(len(members)) * self.largest
        return action


def _mean(values: Floats, logits: Floats) -> Floats:
    """Of each row, by the shares that these are the logarithms of."""
    shares = np.exp(logits - logits.max(1, keepdims=True))
    found: Floats = (values * shares).sum(1) / shares.sum(1)
    return found
