"""Tasks written in one line, over scripted skills."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from scripted import SKILLS, Bench

from skillkit.option import Option
from skillkit.trees import Task, load_task


@pytest.fixture
def task(tmp_path: Path) -> Callable[..., Task]:
    def make(tree: str, header: str = "", name: str = "t", options: Mapping[str, Option] | None = SKILLS) -> Task:
        path = tmp_path / f"{name}.yaml"
        path.write_text(f"task: {name}\n{header}\ntree:\n {tree}\n")
        return load_task(path, options)

    return make


@pytest.fixture
def bench(task: Callable[..., Task]) -> Callable[..., Bench]:
    def make(tree: str, header: str = "", signals: Callable[[float], Mapping[str, float]] = lambda _: {}, **parameters: Any) -> Bench:
        return Bench(task(tree, header), signals, parameters)

    return make
