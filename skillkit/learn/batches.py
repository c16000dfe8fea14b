"""Demonstrations of the chosen tasks as tensors, and batches drawn from them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from skillkit.exceptions import InvalidValue, UnknownName
from skillkit.learn.config import Config
from skillkit.learn.dataset import ACTION, STATE, Dataset, Space
from skillkit.learn.goals import last_rows, with_goal
from skillkit.learn.model import Task

NO_IMAGES = torch.empty(0, dtype=torch.uint8)


class Batch(NamedTuple):
    """S slots of b samples, ordered by task."""

    observations: Tensor  # (S, b, raw)
    actions: Tensor  # (S, b, actions)
    task: Tensor  # (S,)
    images: Tensor  # (S, b, views, H, W, 3) bytes: what is seen, and what is to be seen; no views without an encoder


class Demonstrations:
    """Everything a training draws from.

    Raises:
        UnknownName: a task that the dataset does not have. InvalidValue: a task without demonstrations.
    """

    def __init__(self, config: Config) -> None:
        dataset = Dataset.read(config.dataset)
        self.space: Space = with_goal(dataset.space, config.goal)
        self.digest = dataset.digest()
        self.sources = {name: sorted(set(dataset.column(name))) for name in ("operator", "licence", "embodiment", "scene")}
        names = chosen_tasks(config, dataset)
        parts = [chosen_episodes(config, dataset, name) for name in names]
        self.tasks = [Task(name, part.column("language")[0], len(self.space.action), len(part)) for name, part in zip(names, parts, strict=True)]
        self.counts = np.array([int(part.lengths().sum()) for part in parts])
        self.starts = np.concatenate([[0], np.cumsum(self.counts)[:-1]])
        self.observations = torch.from_numpy(np.concatenate([part.steps(STATE) for part in parts]))
        self.actions = torch.from_numpy(np.concatenate([part.steps(ACTION) for part in parts]))
        last = torch.from_numpy(last_rows(np.concatenate([part.lengths() for part in parts])))
        if config.goal == "state":
            self.observations = torch.cat([self.observations, self.observations[last]], dim=-1)
        self.images = torch.from_numpy(np.concatenate([part.images() for part in parts])) if config.encoder != "none" else NO_IMAGES
        self.views = [lambda rows: rows, lambda rows: last[rows]][: (config.encoder != "none") + (config.goal == "image")]
        self.noise = config.jitter * self.observations.std(0, unbiased=False)
        self.shift, self.points = config.shift, torch.tensor([list(point) for point in self.space.details.get("points", {}).values()], dtype=torch.int64)

    def draw(self, slots: np.ndarray, samples: int, random: np.random.Generator) -> Batch:
        """A batch with ``slots`` (T,) slots of each task."""
        task = np.repeat(np.arange(len(slots)), slots)
        rows = self.starts[task][:, None] + (random.random((len(task), samples)) * self.counts[task][:, None]).astype(np.int64)
        chosen = torch.from_numpy(rows)
        observations = self.observations[chosen]
        if bool(self.noise.any()):
            observations = observations + self.noise * torch.from_numpy(random.standard_normal(observations.shape, dtype=np.float32))
        if self.shift:
            moves = torch.from_numpy(random.standard_normal((*observations.shape[:-1], 2), dtype=np.float32))
            observations = moved(observations, self.points, self.shift * moves)
        images = torch.stack([self.images[view(chosen)] for view in self.views], dim=2) if self.views else NO_IMAGES.expand(*chosen.shape, 0)
        return Batch(observations, self.actions[chosen], torch.from_numpy(task), images)


def moved(observations: Tensor, points: Tensor, moves: Tensor) -> Tensor:
    """Observations (…, raw) whose points, given by their columns (p, 3), are all moved along x and y by (…, 2); a point at the origin is not there."""
    columns = points[:, :2]
    there = (observations[..., points] != 0.0).any(-1, keepdim=True)  # (…, p, 1)
    found = observations.clone()
    found[..., columns] = observations[..., columns] + there * moves[..., None, :]
    return found


def chosen_tasks(config: Config, dataset: Dataset) -> tuple[str, ...]:
    """The tasks that the configuration names.

    Raises:
        UnknownName: the dataset does not have one of them.
    """
    known = dataset.tasks
    wanted = known if config.tasks == "all" else tuple(config.tasks.split(","))
    for name in (*wanted, *config.limits):
        if name not in known:
            raise UnknownName("task of the dataset", name, known)
    return wanted


def chosen_episodes(config: Config, dataset: Dataset, task: str) -> Dataset:
    """The demonstrations of one task that the configuration allows."""
    limits: Mapping[str, int] = config.limits
    first = limits.get(task, config.demonstrations) or None
    wanted = {"task": task, **({"success": True} if config.success_only else {})}
    found = dataset.where(first=first, **wanted)
    if not len(found):
        raise InvalidValue(f"demonstrations of '{task}'", 0, "at least one" + (" that succeeded" if config.success_only else ""))
    return found
