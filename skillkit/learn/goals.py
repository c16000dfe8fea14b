"""A goal as what is to be seen in the end, instead of a task's number: the last observation, or the last image, of a demonstration is the goal of all its
steps (Ding et al., "Goal-Conditioned Imitation Learning", NeurIPS 2019; Lynch et al., "Learning Latent Plans from Play", CoRL 2020).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from skillkit.exceptions import InvalidValue, UnknownName
from skillkit.learn.dataset import Space

GOALS = ("none", "state", "image")
WANTED = "goal."


def with_goal(space: Space, goal: str) -> Space:
    """The space of what a network sees: with ``state``, every number once more as it is to be, and its points among the points.

    Raises:
        UnknownName: no such kind of goal. InvalidValue: ``image``, where there is none.
    """
    if goal not in GOALS:
        raise UnknownName("kind of goal", goal, GOALS)
    if goal == "image" and space.image is None:
        raise InvalidValue("goal", goal, "none or state: the dataset has no images")
    if goal != "state":
        return space
    count, details = len(space.observation), dict(space.details)
    groups = details.get("groups", [list(range(count))])
    details["groups"] = [*groups, *([column + count for column in group] for group in groups)]
    details["points"] = {
        **details.get("points", {}),
        **{f"{WANTED}{name}": [column + count for column in columns] for name, columns in details.get("points", {}).items()},
    }
    return replace(space, observation=(*space.observation, *(f"{WANTED}{name}" for name in space.observation)), details=details)


def last_rows(lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    """(steps,) for each step the number of the last one of its episode."""
    return np.repeat(np.cumsum(lengths) - 1, lengths)
