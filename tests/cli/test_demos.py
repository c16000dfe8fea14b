"""Demonstrations by hand are kept or thrown away as the person says."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("rclpy")


def test_without_teleop_it_says_what_else_records(invoke: Callable) -> None:
    assert invoke("demos").code == 2


@pytest.mark.ros
def test_each_key_keeps_or_throws_away_what_it_says(invoke: Callable, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def recorded(setup: Any, cell: Any, ask: Callable[[], str]) -> str:
        Path(setup.bag).write_bytes(b"bag")
        return ask()

    monkeypatch.setattr("skillkit.ros.teleop_demo.record_demo", recorded)
    monkeypatch.setattr("sys.stdin", io.StringIO("k\nwhat\nd\ns\nk\nq\n"))
    found = invoke("demos", "--teleop", "--cell", "one_panda", "--episodes", "4", "--output", tmp_path)
    lines = [json.loads(line) for line in (tmp_path / "demos.jsonl").read_text().splitlines()]
    assert [(line["bag"], line["success"]) for line in lines] == [(f"one_panda-seed{n}.mcap", n == 2) for n in (0, 2, 3)]
    assert sorted(path.name for path in tmp_path.glob("*.mcap")) == [line["bag"] for line in lines]
    assert found.code == 1  # quit before four were kept


@pytest.mark.ros
@pytest.mark.timeout(240)
def test_a_discarded_demonstration_leaves_nothing_and_a_success_is_listed(invoke: Callable, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("what\nd\ns\n"))
    found = invoke("demos", "--teleop", "--cell", "one_panda", "--output", tmp_path)
    assert found.code == 0, found.err
    (line,) = (tmp_path / "demos.jsonl").read_text().splitlines()
    assert json.loads(line) == {"bag": "one_panda-seed1.mcap", "success": True, "seed": 1}
    assert [path.name for path in tmp_path.glob("*.mcap")] == ["one_panda-seed1.mcap"]


@pytest.mark.ros
@pytest.mark.timeout(240)
def test_the_end_of_the_keys_discards_what_runs(invoke: Callable, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    assert invoke("demos", "--teleop", "--cell", "one_panda", "--output", tmp_path).code == 1
    assert list(tmp_path.glob("*.mcap")) == []
