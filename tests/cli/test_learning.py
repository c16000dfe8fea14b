"""From demonstrations to a skill's folder on the command line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="torch is not installed: pip install 'skillkit[learn]'")

from skillkit.learn.dataset import Episode, Space, write_dataset
from skillkit.learn.results import RESULTS, compare_outcomes, summary


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A training in a blink."""
    seen = np.random.default_rng(0).uniform(-1, 1, (40, 2)).astype(np.float32)
    write_dataset(tmp_path / "data", [Episode(seen, seen[:, :1], "follow", "follow it", "none", "line", True, "me", "MIT", 0)], Space(("a", "b"), ("c",), 20.0))
    file = tmp_path / "t.yaml"
    file.write_text(f"dataset: {tmp_path / 'data'}\nfeatures: plain\nscales: []\nhidden: [8]\nsteps: 20\n")
    return file


def test_train_and_export_leave_a_run_and_a_folder(invoke: Callable, config: Path, tmp_path: Path) -> None:
    trained = invoke("train", config, "--set", "steps=30", "-o", tmp_path / "run")
    assert trained.code == 0, trained.err
    assert "30 steps" in trained.out
    assert {"weights.safetensors", "model.json", "log.jsonl", "report.html", "checkpoint.safetensors"} <= {path.name for path in (tmp_path / "run").iterdir()}
    exported = invoke("export", tmp_path / "run", "-o", tmp_path / "skill")
    assert exported.code == 0, exported.err
    assert "follow it" in (tmp_path / "skill" / "CARD.md").read_text()


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("train", "{config}", "--set", "stps=3", "-o", "r"), "did you mean 'steps'"),
        (("train", "{config}", "--set", "steps=none", "-o", "r"), "a whole number"),
        (("eval", "nowhere"), "skillkit train"),
        (("compare", "nowhere", "nowhere"), "skillkit eval"),
        (("export", "nowhere", "-o", "x"), "skillkit train"),
        (("demos", "prepare_tea:transport", "-o", "x"), "prepare_tea"),
        (("demos", "prepare_coffee:transport", "--teleop"), "SOURCE"),
    ],
)
def test_wrong_usage_is_one_line(arguments: tuple[str, ...], word: str, invoke: Callable, config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(config.parent)
    found = invoke(*(one.format(config=config) for one in arguments))
    assert found.code == 2, found.err
    assert word in found.err


def row(task: str, outcomes: list[int]) -> dict:
    return {"task": task, "episodes": len(outcomes), "successes": sum(outcomes), "low": 0.0, "high": 1.0, "outcomes": outcomes, "steps": outcomes}


def test_compare_pairs_episodes_with_the_same_goal(invoke: Callable, tmp_path: Path) -> None:
    for name, outcomes in (("a", [0, 1, 0, 1, 0, 1, 0, 1]), ("b", [1, 1, 0, 1, 1, 1, 1, 1])):
        (tmp_path / name).mkdir()
        (tmp_path / name / RESULTS.format(seed=0)).write_text(json.dumps(summary([row("push", outcomes), row("pull", [1] * 8)], 0)))
    found = invoke("compare", tmp_path / "a", tmp_path / "b", "--json").json
    assert found["episodes"] == 16
    assert (found["first"], found["second"]) == (0.75, 0.9375)
    assert found["difference"]["estimate"] == pytest.approx(0.1875)
    assert 0.0 < found["difference"]["low"] < 0.1875 < found["difference"]["high"]
    assert invoke("compare", tmp_path / "b", tmp_path / "a").out.count("+0.00") >= 1


def test_two_equal_runs_differ_by_nothing() -> None:
    outcomes = {("push", 0, number): number % 2 for number in range(10)}
    assert compare_outcomes([(outcomes, outcomes)] * 3).mean == (0.0, 0.0, 0.0)


def test_runs_of_several_seeds_are_paired_by_name_and_widen_the_interval(invoke: Callable, tmp_path: Path) -> None:
    for side, seeds in (("a", ([0, 1] * 10, [0, 1] * 10)), ("b", ([1] * 20, [0, 1] * 10))):
        for number, outcomes in enumerate(seeds):
            folder = tmp_path / side / f"seed{number}"
            folder.mkdir(parents=True)
            (folder / RESULTS.format(seed=0)).write_text(json.dumps(summary([row("push", outcomes)], 0)))
    found = invoke("compare", tmp_path / "a", tmp_path / "b", "--json").json
    assert found["episodes"] == 40
    assert found["difference"]["estimate"] == pytest.approx(0.25)
    assert found["difference"]["low"] == 0.0  # both draws may be the seed that gained nothing
    one = invoke("compare", tmp_path / "a" / "seed0", tmp_path / "b" / "seed0", "--json").json
    assert one["difference"]["low"] > 0.2
    assert invoke("compare", tmp_path / "a", tmp_path / "b" / "seed0").code == 2


def test_a_search_for_a_learning_rate_names_one_and_leaves_nothing(invoke: Callable, config: Path, tmp_path: Path) -> None:
    found = invoke("train", config, "-o", tmp_path / "run", "--find-rate")
    assert found.code == 0, found.err
    assert 1e-6 <= float(found.out.split("--set rate=")[1].split()[0]) <= 1.0
    assert not (tmp_path / "run").exists()
