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


def test_a_rate_is_suggested_without_training_anything(invoke: Callable, config: Path, tmp_path: Path) -> None:
    found = invoke("train", config, "--find-rate", "-o", tmp_path / "run")
    assert found.code == 0, found.err
    assert 1e-6 < float(found.out.partition("--set rate=")[2].split()[0]) < 1.0
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["rates.html"]
    assert "suggested" in (tmp_path / "run" / "rates.html").read_text()
    invoke("train", config, "-o", tmp_path / "run")
    assert "a RUN that has not begun" in invoke("train", config, "--find-rate", "-o", tmp_path / "run").err


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
    assert compare_outcomes([outcomes], [outcomes]).mean == (0.0, 0.0, 0.0)


def test_a_folder_of_runs_is_compared_over_its_trainings(invoke: Callable, tmp_path: Path) -> None:
    for side, per_seed in (("a", [[0] * 8, [1] * 8]), ("b", [[1] * 8, [1] * 8, [1] * 8])):
        for seed, outcomes in enumerate(per_seed):
            (tmp_path / side / f"seed{seed}").mkdir(parents=True)
            (tmp_path / side / f"seed{seed}" / RESULTS.format(seed=0)).write_text(json.dumps(summary([row("push", outcomes)], 0)))
    found = invoke("compare", tmp_path / "a", tmp_path / "b", "--json").json
    assert (found["runs"], found["episodes"], found["first"], found["second"]) == ([2, 3], 8, 0.5, 1.0)
    assert (found["difference"]["low"], found["difference"]["high"]) == (0.0, 1.0)  # goals never differ, trainings do: two draws of two are often alike
    assert "2 and 3 trainings" in invoke("compare", tmp_path / "a", tmp_path / "b").out


def test_an_interval_covers_the_true_difference_as_often_as_it_says() -> None:
    """Trainings and goals drawn from a known law; 95 % intervals from few of them are a little short, so nine in ten are asked for."""
    random, covered = np.random.default_rng(1), 0
    for trial in range(100):
        sides = [[{("t", 0, goal): int(random.random() < rate) for goal in range(60)} for _ in range(5)] for rate in (0.5, 0.7)]
        interval = compare_outcomes(sides[0], sides[1], draws=400, seed=trial).mean
        covered += interval.low <= 0.2 <= interval.high
    assert covered >= 90
