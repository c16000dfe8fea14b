"""A small dataset whose right answer is known: three tasks, each a linear function of where the goal is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

NAMES = ("tool_x", "tool_y", "tool_z", "goal_x", "goal_y", "goal_z")
GAINS = {"approach": 1.0, "flee": -1.0, "sideways": 0.5}


@pytest.fixture(scope="session")
def demonstrations(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the dataset."""
    pytest.importorskip("pyarrow", reason="the extra 'learn' is not installed")
    from skillkit.learn.dataset import Episode, Space, write_dataset

    random = np.random.default_rng(0)
    episodes = []
    for number in range(12):
        task = list(GAINS)[number % 3]
        seen = random.uniform(-1, 1, (30, 6)).astype(np.float32)
        done = (GAINS[task] * (seen[:, 3:] - seen[:, :3]) + (0.3 if task == "sideways" else 0.0)).astype(np.float32)
        episodes.append(Episode(seen, done, task, f"{task} the goal", "none", "plane", number != 11, "a formula", "CC0-1.0", number))
    points = {"tool": [0, 1, 2], "goal": [3, 4, 5]}
    folder = tmp_path_factory.mktemp("data") / "linear"
    write_dataset(folder, episodes, Space(NAMES, ("dx", "dy", "dz"), 20.0, {"points": points, "groups": [[0, 1, 2], [3, 4, 5]]}))
    return folder


@pytest.fixture
def configured(demonstrations: Path) -> Callable:
    """A configuration over that dataset, small enough to train in a blink."""
    from skillkit.learn.config import Config, checked, from_dict

    def make(**changes: object) -> Config:
        small = {"dataset": str(demonstrations), "hidden": [16, 16], "steps": 40, "batch": 8, "log_every": 10, "checkpoint_every": 10, "scales": [0.5]}
        return checked(from_dict({**small, **changes}))

    return make
