"""Bags as regression tests on the command line and in pytest."""

from __future__ import annotations

import json
import shutil
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from skillkit import share
from skillkit.assembly import System, run_episode
from skillkit.assembly.worlds import simulated_world
from skillkit.cell import Cell
from skillkit.cli.app import call
from skillkit.testing import assert_decides_as_recorded

TASK = "task: near\ntree:\n  skill: {reach: {object: cup_1}}\n"


@pytest.fixture(scope="module")
def bag(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("verify")
    (folder / "near.yaml").write_text(TASK)
    cell, world = simulated_world(Cell.of_robot("panda"), "coffee", 1)
    run_episode(System.build(cell, folder / "near.yaml"), world, "near", record=str(folder / "run.mcap"))
    return folder / "run.mcap"


def test_a_bag_that_decides_as_recorded_passes(bag: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(["verify", str(bag), "--junit", str(tmp_path / "junit.xml")]) == 0
    assert capsys.readouterr().out.startswith("passed")
    suite = ElementTree.parse(tmp_path / "junit.xml").getroot()
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("1", "0", "0")
    assert_decides_as_recorded(bag)


def test_a_file_that_is_no_bag_is_an_error_in_the_report(bag: Path, tmp_path: Path) -> None:
    (tmp_path / "none.mcap").write_bytes(b"nothing")
    assert call(["verify", str(bag), str(tmp_path / "none.mcap"), "--junit", str(tmp_path / "junit.xml")]) == 2
    suite = ElementTree.parse(tmp_path / "junit.xml").getroot()
    assert [suite.get(key) for key in ("tests", "failures", "errors")] == ["2", "0", "1"]
    assert call(["verify", str(bag), str(tmp_path / "none.mcap"), "--jobs", "2"]) == 2


def test_a_change_fails_until_the_bag_is_updated(bag: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    copy = tmp_path / "run.mcap"
    shutil.copy(bag, copy)
    shutil.copytree(share.folders("skills")[0] / "reach", tmp_path / "reach", ignore=shutil.ignore_patterns("__pycache__"))
    file = tmp_path / "reach" / "skill.yaml"
    file.write_text(file.read_text().replace("rate: 20 Hz", "rate: 10 Hz"))
    use = ["--use", f"reach={tmp_path / 'reach'}"]
    assert call(["verify", str(copy), "--json", *use]) == 1
    found = json.loads(capsys.readouterr().out)[0]
    assert found["differences"] > 0
    assert found["first_difference"]["class"]
    with pytest.raises(AssertionError, match="steps differ, first at step"):
        assert_decides_as_recorded(copy, use={"reach": tmp_path / "reach"})
    assert call(["verify", str(copy), "--update", *use]) == 0
    assert call(["verify", str(copy), *use]) == 0
    assert call(["verify", str(tmp_path / "run.mcap.old")]) == 0


def test_recover_states_what_it_saved(bag: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "cut.mcap").write_bytes(bag.read_bytes()[:-2000])
    assert call(["recover", str(tmp_path / "cut.mcap"), "-o", str(tmp_path / "whole.mcap"), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["messages_saved"] > 100
    assert {"bytes_lost", "seconds_lost"} <= set(found)
    assert call(["recover", str(tmp_path / "cut.mcap"), "-o", str(tmp_path / "whole.mcap")]) == 2
