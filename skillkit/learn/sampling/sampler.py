"""How much of each batch every task gets, and which of its rows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skillkit.exceptions import InvalidValue

Floats = NDArray[np.float64]


class Sampler:
    """Decides which share of a batch each task gets.

    Args:
        sizes: how many demonstrations (or rows) each task has; at least one each. lengths: (T,) mean steps of a task's demonstrations, where known.
    """

    def __init__(self, sizes: Sequence[int], lengths: ArrayLike | None = None) -> None:
        self.lengths = None if lengths is None else np.asarray(lengths, dtype=np.float64)
        self.sizes = np.asarray(sizes, dtype=np.float64)
        if self.sizes.ndim != 1 or not len(self.sizes) or not (self.sizes >= 1).all():
            raise InvalidValue("sizes of the tasks", list(sizes), "one number ≥ 1 for each task")

    def shares(self, progress: float = 0.0, performance: ArrayLike | None = None) -> Floats:
        """(T,) shares of the batch, adding up to 1.

        Args:
            progress: how much of the training is over, 0 to 1; performance: (T,) how well each task is done, 0 to 1, as last measured: a success
                rate, or the share of the loss that is gone; without it, nothing has been measured.
        """
        raise NotImplementedError


def normalised(amounts: Floats) -> Floats:
    """Amounts ≥ 0 as shares that add up to 1."""
    return amounts / amounts.sum()


def measured(performance: ArrayLike | None, tasks: int) -> Floats:
    """Performance (T,); all 0 where nothing has been measured yet."""
    if performance is None:
        return np.zeros(tasks)
    values = np.asarray(performance, dtype=np.float64)
    if values.shape != (tasks,) or not ((values >= 0) & (values <= 1)).all():
        raise InvalidValue("performance", values.tolist(), f"{tasks} numbers between 0 and 1")
    return values


def counts(shares: Floats, batch: int, rng: np.random.Generator, at_least: int = 0) -> NDArray[np.int64]:
    """(T,) whole numbers that add up to ``batch``, each in expectation its share of it and off by less than one (systematic sampling).

    Args:
        at_least: rows that every task gets before the rest is shared out, as methods that need every task's gradient ask for.
    """
    rest = batch - at_least * len(shares)
    if rest < 0:
        raise InvalidValue("batch", batch, f"at least {at_least * len(shares)} rows, {at_least} for each of {len(shares)} tasks")
    ends = np.floor(np.cumsum(shares) * rest + rng.random())
    ends[-1] = rest  # whatever the rounding of the sum
    return np.diff(ends, prepend=0.0).astype(np.int64) + at_least


def rows(numbers: NDArray[np.int64], available: Sequence[int], rng: np.random.Generator) -> list[NDArray[np.int64]]:
    """For each task that many row numbers, drawn with replacement from those it has."""
    return [rng.integers(0, size, number) for number, size in zip(numbers, available, strict=True)]
