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
GAIN, FOLD, REACH = 10.0, 1.2, 0.2  # of attractors, as in training


def output_of(numbers: Numbers) -> Output:
    """The output that these numbers are for."""
    if "low" in numbers:
        return Bins(numbers["low"], numbers["step"])
    return Attractors(numbers["points"], numbers["largest"]) if "points" in numbers else Mean(numbers["unit"])


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


class Attractors:
    """Controllers that pull the tool to points, by their shares; the first point is the tool."""

    def __init__(self, points: Floats, largest: Floats) -> None:
        self.columns, self.largest = points.astype(np.int64), largest

    def __call__(self, members: list[Floats], observation: Array) -> Floats:
        """Numbers (modes · n,) of each member → (actions,)."""
        places = observation[self.columns].T  # (3, k); the origin is the point that adds nothing
        total = np.zeros_like(self.largest)
        count, others = len(self.columns) + 1, len(self.largest) - 3
        for found in members:
            modes = found.reshape(-1, 3 * count + 5 + others)
            weights = modes[:, : 3 * count].reshape(-1, 3, count)
            grown = np.exp(weights - weights.max(2, keepdims=True))
            target = (grown[..., :-1] / grown.sum(2, keepdims=True) * places).sum(2) + REACH * modes[:, 3 * count : 3 * count + 3]
            gain = GAIN * np.exp(FOLD * np.tanh(modes[:, 3 * count + 3 : 3 * count + 4]))
            done = np.concatenate([gain * (target - places[:, 0]), modes[:, 3 * count + 4 : -1]], axis=1).clip(-1.0, 1.0)
            shares = np.exp(modes[:, -1] - modes[:, -1].max())
            total = total + (shares / shares.sum() @ done).astype(np.float32)
        return total / np.float32(len(members)) * self.largest
