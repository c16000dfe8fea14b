"""How a batch is shared out among tasks."""

from __future__ import annotations

from skillkit.learn.sampling.curriculum import Curriculum
from skillkit.learn.sampling.difficulty import DifficultyWeighted
from skillkit.learn.sampling.oversample_rare import OversampleRare
from skillkit.learn.sampling.power import Proportional, SquareRoot, Uniform
from skillkit.learn.sampling.sampler import Sampler, counts, rows

SAMPLERS: dict[str, type[Sampler]] = {
    "proportional": Proportional,
    "uniform": Uniform,
    "square_root": SquareRoot,
    "oversample_rare": OversampleRare,
    "curriculum": Curriculum,
    "difficulty": DifficultyWeighted,
}

__all__ = ["SAMPLERS", "Curriculum", "DifficultyWeighted", "OversampleRare", "Proportional", "Sampler", "SquareRoot", "Uniform", "counts", "rows"]
