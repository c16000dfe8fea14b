"""Demonstrations by hand are kept or thrown away as the person says."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("rclpy")


def test_without_teleop_it_says_what_else_records(invoke: Callable) -> None:
    assert invoke("demos").code == 2


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
