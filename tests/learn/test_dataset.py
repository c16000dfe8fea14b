"""A dataset gives back what was written, answers questions, and refuses what does not fit."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("pyarrow", reason="the extra 'learn' is not installed")

from skillkit.exceptions import InvalidValue, SkillkitError, UnknownName
from skillkit.learn.dataset import ACTION, Dataset, Episode, Space, write_dataset

SPACE = Space(("a", "b"), ("c",), 20.0)


def episode(task: str = "push", length: int = 3, **fields: object) -> Episode:
    steps = np.arange(length * 2, dtype=np.float32).reshape(length, 2)
    plain = Episode(steps, -steps[:, :1], task, f"{task} it", "panda", "coffee", True, "someone", "MIT", 0)
    return replace(plain, **fields)  # type: ignore[arg-type]


def test_steps_come_back_bit_for_bit_and_in_order(tmp_path: Path) -> None:
    written = [episode("push", 3), episode("pull", 5), episode("push", 2)]
    dataset = write_dataset(tmp_path, written, SPACE)
    assert (dataset.steps() == np.concatenate([one.observations for one in written])).all()
    assert (dataset.steps(ACTION) == np.concatenate([one.actions for one in written])).all()
    assert dataset.tasks == ("push", "pull")
    assert dataset.space == SPACE


def test_a_query_gives_the_steps_of_its_episodes_only(tmp_path: Path) -> None:
    written = [episode("push", 3), episode("pull", 5, success=False), episode("push", 2, operator="somebody else")]
    dataset = write_dataset(tmp_path, written, SPACE)
    assert len(dataset.where(success=True)) == 2
    assert dataset.where(task="push", operator="somebody else").column("length") == [2]
    assert (dataset.where(task=["pull"]).steps() == written[1].observations).all()
    assert dataset.where(first=1).column("task") == ["push", "pull"]
    assert len(dataset.where(task="fly").steps()) == 0


def test_a_field_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match="did you mean 'task'"):
        write_dataset(tmp_path, [episode()], SPACE).where(taks="push")


@pytest.mark.parametrize(
    "wrong",
    [
        {"actions": np.zeros((3, 2), np.float32)},
        {"observations": np.zeros((4, 2), np.float32)},
        {"observations": np.full((3, 2), np.nan, np.float32)},
        {"observations": np.zeros((0, 2), np.float32), "actions": np.zeros((0, 1), np.float32)},
    ],
)
def test_an_episode_that_does_not_fit_is_refused(wrong: dict, tmp_path: Path) -> None:
    with pytest.raises(InvalidValue):
        write_dataset(tmp_path, [episode(**wrong)], SPACE)
    with pytest.raises(SkillkitError):
        Dataset.read(tmp_path)


def test_a_dataset_is_never_overwritten(tmp_path: Path) -> None:
    write_dataset(tmp_path, [episode()], SPACE)
    with pytest.raises(InvalidValue, match="never overwritten"):
        write_dataset(tmp_path, [episode()], SPACE)


def test_its_layout_is_that_of_lerobot(tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    write_dataset(tmp_path, [episode("push", 3), episode("pull", 2)], SPACE)
    info = json.loads((tmp_path / "meta/info.json").read_text())
    assert (info["codebase_version"], info["fps"], info["total_frames"], info["total_episodes"]) == ("v3.0", 20.0, 5, 2)
    steps = pq.read_table(tmp_path / "data/chunk-000/file-000.parquet")
    assert {"observation.state", "action", "timestamp", "frame_index", "episode_index", "index", "task_index"} == set(steps.column_names)
    assert steps.column("index").to_pylist() == [0, 1, 2, 3, 4]
    assert steps.column("episode_index").to_pylist() == [0, 0, 0, 1, 1]
    episodes = pq.read_table(tmp_path / "meta/episodes/chunk-000/file-000.parquet")
    assert episodes.column("dataset_from_index").to_pylist() == [0, 3]


def test_a_folder_without_a_dataset_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(SkillkitError, match="skillkit demos"):
        Dataset.read(tmp_path)
