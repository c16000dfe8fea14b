"""A trained model acting, one observation at a time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from skillkit.learn.condition import Language
from skillkit.learn.language import embed
from skillkit.learn.model import Model

Act = Callable[[NDArray[np.float64]], NDArray[np.float64]]


class Acting:
    """A model from a run's folder, for one thread.

    Raises:
        SkillkitError: there is no model.
    """

    def __init__(self, folder: str | Path) -> None:
        torch.set_num_threads(1)
        self.model = Model.load(folder)

    def of(self, task: str, language: str = "") -> Act:
        """The policy of one task: observation (d,) → action (a,).

        A model that is told tasks in words also acts for one that it was not trained on.

        Raises:
            UnknownName: the model does not know the task, and is not told tasks in words.
        """
        known = [one.name for one in self.model.tasks]
        condition = self.model.condition
        if task not in known and isinstance(condition, Language) and language:
            vector = torch.from_numpy(embed([language]))
            return self._act(0, vector)
        return self._act(self.model.number(task), None)

    def _act(self, number: int, words: torch.Tensor | None) -> Act:
        model, task = self.model, torch.tensor([number])
        condition = words if words is not None else model.condition(task)

        def act(observation: NDArray[np.float64]) -> NDArray[np.float64]:
            with torch.inference_mode():
                raw = torch.from_numpy(np.asarray(observation, dtype=np.float32)).reshape(1, 1, -1)
                return model.act(raw, condition, task).reshape(-1).numpy().astype(np.float64)

        return act
