"""Broken task and skill files are refused, or accepted, but never raise: a hundredth of ``benchmarks/mutated_files.py``, with other seeds."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def mutated_files() -> ModuleType:
    spec = importlib.util.spec_from_file_location("mutated_files", ROOT / "benchmarks" / "mutated_files.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_five_hundred_broken_files_raise_nothing_and_take_no_time(mutated_files: ModuleType) -> None:
    result = mutated_files.run(500, seed=1000)
    assert result["first"] == []
    assert result["files"] >= 500
    assert result["median_ms"] < 50.0
    assert result["refused"] > result["accepted"] > 0


def test_the_same_seed_gives_the_same_broken_files(mutated_files: ModuleType) -> None:
    text = (ROOT / "tasks" / "prepare_coffee.yaml").read_text()
    one, two, other = (list(mutated_files.mutants(text, 40, seed)) for seed in (1, 1, 2))
    assert one == two != other
    assert sum(data != text.encode() for data in one) > 30
