"""Which tasks pull against each other: cosines between the gradients of every pair, followed over a training."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from skillkit.learn.heat_map import heat_map


class ConflictMatrix:
    """Collects, whenever it is updated, cos(gᵢ, gⱼ) and the ratio of magnitudes Φᵢⱼ = 2 ‖gᵢ‖ ‖gⱼ‖ / (‖gᵢ‖² + ‖gⱼ‖²) of all pairs (Yu et al. 2020).

    Two tasks conflict where their cosine is negative. A task without any gradient has cosine 0 with all others.

    Args:
        tasks: their names, in the order of the gradients.
    """

    def __init__(self, tasks: Sequence[str]) -> None:
        self.tasks = tuple(tasks)
        self.steps: list[int] = []
        self.cosines: list[NDArray[np.float32]] = []
        self.magnitudes = np.zeros((len(self.tasks), len(self.tasks)))

    def update(self, gradients: Tensor, step: int) -> None:
        """Take in gradients (T, P) of one training step."""
        gramian = (gradients @ gradients.T).to("cpu", torch.float64).numpy()
        squared = np.diag(gramian)
        product = np.sqrt(np.outer(squared, squared))
        self.cosines.append(np.divide(gramian, product, out=np.zeros_like(gramian), where=product > 0).clip(-1, 1).astype(np.float32))
        mean = (squared[:, None] + squared[None, :]) / 2
        self.magnitudes += np.divide(product, mean, out=np.zeros_like(gramian), where=mean > 0)
        self.steps.append(step)

    def mean(self) -> NDArray[np.float64]:
        """(T, T) cosines, averaged over all updates."""
        if not self.cosines:
            return np.eye(len(self.tasks))
        return np.mean(self.cosines, axis=0, dtype=np.float64)

    def conflicting(self) -> NDArray[np.float64]:
        """(T, T) share of the updates in which two tasks conflicted."""
        return np.mean([cosines < 0 for cosines in self.cosines], axis=0) if self.cosines else np.zeros((len(self.tasks),) * 2)

    def as_dict(self) -> dict[str, Any]:
        """What ``save`` writes as JSON: over all pairs how often and how much; the worst pairs; all pairs; the course over the training."""
        rows, columns = np.triu_indices(len(self.tasks), 1)
        mean, often, ratio = self.mean(), self.conflicting(), self.magnitudes / max(1, len(self.steps))
        order = np.argsort(mean[rows, columns], kind="stable")[:10]
        pairs = [cosines[rows, columns] for cosines in self.cosines]
        return {
            "tasks": list(self.tasks),
            "updates": len(self.steps),
            "mean_cosine": _rounded(mean[rows, columns].mean() if len(rows) else 0.0),
            "conflicting_share": _rounded(often[rows, columns].mean() if len(rows) else 0.0),
            "magnitude_similarity": _rounded(ratio[rows, columns].mean() if len(rows) else 1.0),
            "worst": [[self.tasks[rows[k]], self.tasks[columns[k]], _rounded(mean[rows[k], columns[k]])] for k in order],
            "cosines": _rounded(mean),
            "conflicting": _rounded(often),
            "course": [
                {"step": step, "mean_cosine": _rounded(pair.mean()), "conflicting_share": _rounded((pair < 0).mean())}
                for step, pair in zip(self.steps, pairs, strict=True)
                if len(pair)
            ],
        }

    def save(self, folder: Path) -> None:
        """Write ``conflict.json``, ``conflict.png``, and ``conflict.npy`` with the cosines of every update (updates, T, T)."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "conflict.json").write_text(json.dumps(self.as_dict(), indent=1) + "\n", encoding="utf-8")
        np.save(folder / "conflict.npy", np.array(self.cosines, np.float16).reshape(-1, len(self.tasks), len(self.tasks)))
        heat_map(self.mean(), self.tasks, "cosine of the gradients, mean over training").save(folder / "conflict.png")

    def state_dict(self) -> dict[str, Tensor]:
        cosines = np.array(self.cosines, np.float32).reshape(-1, len(self.tasks), len(self.tasks))
        return {
            "steps": torch.tensor(self.steps, dtype=torch.int64),
            "cosines": torch.from_numpy(cosines),
            "magnitudes": torch.from_numpy(self.magnitudes.copy()),
        }

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        self.steps, self.cosines = state["steps"].tolist(), list(state["cosines"].numpy().copy())
        self.magnitudes = state["magnitudes"].numpy().copy()


def _rounded(value: Any) -> Any:
    return np.round(np.asarray(value, np.float64), 4).tolist()
