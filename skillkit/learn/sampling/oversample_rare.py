"""Proportional sampling with rare tasks repeated until they are as large as a typical one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from skillkit.learn.sampling.sampler import Floats, Sampler, normalised


class OversampleRare(Sampler):
    """∝ min(max(Nᵢ, m), repeats Nᵢ), with m the given quantile of all N.

    Unlike uniform sampling it leaves tasks that are common alone, and no demonstration is seen more often than ``repeats`` times as much as elsewhere.
    """

    def __init__(self, sizes: Sequence[int], lengths: ArrayLike | None = None, quantile: float = 0.5, repeats: float = 10.0) -> None:
        super().__init__(sizes, lengths)
        self.quantile, self.repeats = quantile, repeats

    def shares(self, progress: float = 0.0, performance: ArrayLike | None = None) -> Floats:
        return normalised(np.minimum(np.maximum(self.sizes, np.quantile(self.sizes, self.quantile)), self.repeats * self.sizes))
