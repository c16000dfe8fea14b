"""Shares by a power of the size (Arivazhagan et al. 2019, "Massively Multilingual Neural Machine Translation in the Wild", with 1/exponent as temperature)."""

from __future__ import annotations

from numpy.typing import ArrayLike

from skillkit.learn.sampling.sampler import Floats, Sampler, normalised


class Power(Sampler):
    """Shares ∝ Nᵢ^exponent."""

    exponent = 0.5

    def shares(self, progress: float = 0.0, performance: ArrayLike | None = None) -> Floats:
        return normalised(self.sizes**self.exponent)


class Proportional(Power):
    """∝ Nᵢ: every row as often as every other; large tasks dominate."""

    exponent = 1.0


class SquareRoot(Power):
    """∝ √Nᵢ: between the two others."""


class Uniform(Power):
    """The same for every task, however large."""

    exponent = 0.0
