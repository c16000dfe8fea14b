"""Learning rates over a training: warm-up and decay, and a search for a rate to start from."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from skillkit.exceptions import InvalidValue


@dataclass(frozen=True)
class Schedule:
    """The learning rate rises from ``start`` to ``peak``, stays there, and falls to ``end``.

    Args:
        peak: highest rate; steps: of the whole training.
        warm_up: share of the steps in which it rises, on a line (Goyal et al. 2017, "Accurate, Large Minibatch SGD"); start: rate at the first step.
        decay: share of the steps, at the end, in which it falls; end: rate at the last step; 0 unless the shape is exponential.
        shape: how it falls: ``cosine`` (Loshchilov and Hutter 2017, "SGDR"), ``linear``, ``exponential``, or ``constant``, which is not to fall.
    """

    peak: float = 1e-3
    steps: int = 10_000
    warm_up: float = 0.02
    start: float = 0.0
    decay: float = 0.98
    end: float = 0.0
    shape: str = "cosine"

    def __post_init__(self) -> None:
        if self.shape not in SHAPES:
            raise InvalidValue("shape of the schedule", self.shape, ", ".join(SHAPES))
        if not (self.peak > 0 and self.steps >= 1 and 0 <= self.start <= self.peak and 0 <= self.end <= self.peak):
            raise InvalidValue("rates of the schedule", (self.start, self.peak, self.end), "0 ≤ start ≤ peak, 0 ≤ end ≤ peak, peak > 0, steps ≥ 1")
        if not (self.warm_up >= 0 and self.decay >= 0 and self.warm_up + self.decay <= 1 + 1e-9):
            raise InvalidValue("warm_up and decay", (self.warm_up, self.decay), "shares of the training, ≥ 0, together at most 1")
        if self.shape == "exponential" and not self.end > 0:
            raise InvalidValue("end of the schedule", self.end, "a rate > 0: an exponential never reaches 0")

    def rate(self, step: int) -> float:
        """The rate of a step, counted from 0; after the last step that of the last."""
        done = min(max(step, 0), self.steps - 1) / max(1, self.steps - 1)
        if done < self.warm_up:
            return self.start + (self.peak - self.start) * done / self.warm_up
        fallen = (done - (1.0 - self.decay)) / self.decay if self.decay > 0 else 0.0
        return SHAPES[self.shape](self.peak, self.end, min(1.0, max(0.0, fallen)))


SHAPES: dict[str, Callable[[float, float, float], float]] = {
    "cosine": lambda peak, end, fallen: end + (peak - end) * (1.0 + math.cos(math.pi * fallen)) / 2.0,
    "linear": lambda peak, end, fallen: peak + (end - peak) * fallen,
    "exponential": lambda peak, end, fallen: peak * (end / peak) ** fallen,
    "constant": lambda peak, end, fallen: peak,
}


class RateSearch(NamedTuple):
    """What the search for a learning rate tried and saw."""

    rates: list[float]
    losses: list[float]  # smoothed
    suggested: float


def find_rate(train_step: Callable[[float], float], low: float = 1e-6, high: float = 1.0, steps: int = 100, smoothing: float = 0.9) -> RateSearch:
    """A learning rate from one short run with ever larger ones (Smith 2017, "Cyclical Learning Rates for Training Neural Networks").

    The rate grows by the same factor at each step, until the smoothed loss is four times the lowest so far. Suggested is the rate at which that loss, over
    log rate, falls fastest.

    Args:
        train_step: does one training step at the given rate and returns its loss; what it trains is of no use afterwards.
    """
    if not (0 < low < high and steps >= 3):
        raise InvalidValue("low, high and steps", (low, high, steps), "0 < low < high, steps ≥ 3")
    rates: list[float] = []
    losses: list[float] = []
    average = 0.0
    for step in range(steps):
        rate = low * (high / low) ** (step / (steps - 1))
        average = smoothing * average + (1.0 - smoothing) * train_step(rate)
        smooth = average / (1.0 - smoothing ** (step + 1))
        if not math.isfinite(smooth) or (losses and smooth > 4.0 * min(losses)):
            break
        rates.append(rate)
        losses.append(smooth)
    if not rates:
        raise InvalidValue("loss at the lowest rate", average, f"a finite number; lower 'low', which is {low}")
    falls = [losses[i + 1] - losses[i] for i in range(len(losses) - 1)]
    return RateSearch(rates, losses, rates[falls.index(min(falls))] if falls else rates[0])
