"""Nothing real moves before a person has typed yes."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))


@pytest.mark.parametrize("answer", ["", "no\n", "y\n", "YES\n", "yes please\n"])
@pytest.mark.parametrize("command", [("run", "prepare_coffee"), ("hardware-check",), ("up",)])
def test_any_answer_but_yes_moves_nothing(invoke: Callable, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...], answer: str) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(answer))
    found = invoke(*command, "--cell", "one_ur5e", "--hardware")
    assert found.code == 2
    assert "nothing has moved" in found.err


def test_the_question_names_every_arm_with_its_serial_and_its_first_speed(invoke: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("no\n"))
    said = invoke("up", "--cell", "lab", "--hardware", "--speed", "0.5").err
    assert "left: ur5e, serial UR-0000, 10 % of its speed, slow because" in said
    assert "right: fr3, serial FR3-0000" in said
    assert "no safety function" in said


def test_without_a_cell_there_is_nothing_to_move(invoke: Callable) -> None:
    found = invoke("up", "--robot", "panda", "--hardware", "--yes")
    assert (found.code, "--cell" in found.err) == (2, True)


def test_real_arms_get_no_simulator_and_the_runtime_is_told(invoke: Callable) -> None:
    lines = invoke("up", "--cell", "one_ur5e", "--hardware", "--speed", "0.3", "--dry-run").out.splitlines()
    assert not any("simulator" in line for line in lines)
    assert "hardware:=true" in lines[-1]
    assert "speed:=0.3" in lines[-1]


def test_several_episodes_on_real_arms_are_refused(invoke: Callable) -> None:
    assert invoke("run", "prepare_coffee", "--cell", "one_ur5e", "--hardware", "--yes", "--episodes", "2").code == 2
