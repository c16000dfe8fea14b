"""Tasks that fail get more of the batch, by how well they are done during the training."""

from __future__ import annotations

from collections.abc import Sequence

from numpy.typing import ArrayLike

from skillkit.learn.sampling.sampler import Floats, Sampler, measured, normalised


class DifficultyWeighted(Sampler):
    """∝ (1 − performanceᵢ)^power + floor; uniform until something has been measured.

    Args:
        floor: what a task keeps that is done perfectly, against forgetting; power: how strongly failing tasks are preferred.
    """

    def __init__(self, sizes: Sequence[int], lengths: ArrayLike | None = None, floor: float = 0.1, power: float = 1.0) -> None:
        super().__init__(sizes, lengths)
        self.floor, self.power = floor, power

    def shares(self, progress: float = 0.0, performance: ArrayLike | None = None) -> Floats:
        return normalised((1.0 - measured(performance, len(self.sizes))) ** self.power + self.floor)
