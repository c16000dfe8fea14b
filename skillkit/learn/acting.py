"""A trained model acting, one observation at a time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from skillkit.exceptions import InvalidValue
from skillkit.learn.condition import Language
from skillkit.learn.model import Model
from skillkit.learn.sentences import sentence_vectors

Act = Callable[..., NDArray[np.float64]]  # (observation (d,), image (H, W, 3) where the model sees one) → action (a,)


class Acting:
    """A model from a run's folder, for one thread.

    Raises:
        SkillkitError: there is no model.
    """

    def __init__(self, folder: str | Path) -> None:
        torch.set_num_threads(1)
        self.model = Model.load(folder)

    def of(self, task: str, language: str = "", goal: NDArray[Any] | None = None) -> Act:
        """The policy of one task: observation (d,), and image (H, W, 3) of bytes where it sees one → action (a,).

        A model that is told tasks in words also acts for one that it was not trained on, if its actions are not pulls, which each task has to be shown.

        Args:
            goal: what is to be seen in the end, an observation (d,) or an image (H, W, 3), where the model was trained with goals.

        Raises:
            UnknownName: the model does not know the task, and is not told tasks in words. InvalidValue: it needs a goal and got none, or the other way.
        """
        if (goal is not None) is not (self.model.config.goal != "none"):
            raise InvalidValue("goal", None if goal is None else goal.shape, f"what the model was trained with: {self.model.config.goal}")
        known = [one.name for one in self.model.tasks]
        condition = self.model.condition
        config = self.model.config
        if task not in known and isinstance(condition, Language) and language and not config.pulls:
            vector = torch.from_numpy(sentence_vectors([language], config.sentence_encoder, config.encoder_sha256))
            return self._act(0, vector, goal)
        return self._act(self.model.number(task), None, goal)

    def _act(self, number: int, words: torch.Tensor | None, goal: NDArray[Any] | None) -> Act:
        model, task = self.model, torch.tensor([number])
        state_goal = [goal] if model.config.goal == "state" and goal is not None else []
        image_goal = [goal] if model.config.goal == "image" and goal is not None else []
        condition = words if words is not None else model.condition(task)

        def act(observation: NDArray[np.float64], image: NDArray[np.uint8] | None = None) -> NDArray[np.float64]:
            with torch.inference_mode():
                raw = torch.from_numpy(np.concatenate([observation, *state_goal]).astype(np.float32)).reshape(1, 1, -1)
                images = None if image is None else torch.from_numpy(np.stack([image, *image_goal]))[None, None]
                return model.act(raw, condition, task, images).reshape(-1).numpy().astype(np.float64)

        return act
