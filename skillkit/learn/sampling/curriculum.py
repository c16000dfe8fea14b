"""Easy tasks first, harder ones joining (Bengio et al. 2009, "Curriculum Learning"; pacing as in Hacohen and Weinshall 2019)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from skillkit.exceptions import InvalidValue
from skillkit.learn.sampling.sampler import Floats, Sampler, measured, normalised


class Curriculum(Sampler):
    """Uniform over the tasks let in so far: the easiest ⌈T (first + (1 − first) p/until)⌉ of them at progress p, all from ``until`` on.

    Args:
        difficulty: (T,) of each task, larger is harder; without it the lengths of the demonstrations, and where these are not known either, the
            performance measured last. first: share of the tasks at the start; until: progress at which all are in.
    """

    def __init__(
        self,
        sizes: Sequence[int],
        lengths: ArrayLike | None = None,
        difficulty: ArrayLike | None = None,
        first: float = 0.3,
        until: float = 0.5,
    ) -> None:
        super().__init__(sizes, lengths)
        self.difficulty = self.lengths if difficulty is None else np.asarray(difficulty, dtype=np.float64)
        self.first, self.until = first, until
        if self.difficulty is not None and self.difficulty.shape != self.sizes.shape:
            raise InvalidValue("difficulty", self.difficulty.tolist(), f"one number for each of {len(self.sizes)} tasks")

    def shares(self, progress: float = 0.0, performance: ArrayLike | None = None) -> Floats:
        tasks = len(self.sizes)
        harder = -measured(performance, tasks) if self.difficulty is None else self.difficulty
        paced = self.first + (1.0 - self.first) * (min(1.0, progress / self.until) if self.until > 0 else 1.0)
        let_in = np.zeros(tasks)
        let_in[np.argsort(harder, kind="stable")[: max(1, int(np.ceil(tasks * paced - 1e-9)))]] = 1.0
        return normalised(let_in)
