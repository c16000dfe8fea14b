"""An evaluation counts the same wherever its processes run."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("torch", reason="the extra 'learn' is not installed")
pytest.importorskip("metaworld", reason="Meta-World is not installed")

from skillkit.demos.benchmark import SPACE
from skillkit.demos.evaluation import evaluate
from skillkit.learn.config import checked, from_dict
from skillkit.learn.model import Model, Task

TASKS = ("reach-v3", "drawer-close-v3")


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A model that has learned nothing, but acts."""
    config = checked(from_dict({"dataset": "none", "hidden": [16]}))
    Model(config, SPACE, [Task(name, name, len(SPACE.action)) for name in TASKS]).eval().save(tmp_path)
    return tmp_path


def test_processes_of_this_machine_do_not_change_the_count(run: Path) -> None:
    assert list(evaluate(run, TASKS, 2, 0, jobs=2)) == list(evaluate(run, TASKS, 2, 0))


def test_nor_does_a_cluster(run: Path) -> None:
    pytest.importorskip("ray", reason="the extra 'ray' is not installed")
    assert list(evaluate(run, TASKS, 2, 0, jobs=2, cluster="local")) == list(evaluate(run, TASKS, 2, 0))
