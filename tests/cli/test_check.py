from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from skillkit.cli.check import Checker

ROOT = Path(__file__).resolve().parents[2]
FIELDS = {"file", "line", "column", "code", "severity", "message", "hint"}


def test_everything_that_comes_with_skillkit_is_without_errors(invoke: Callable) -> None:
    answer = invoke("check", ROOT / "tasks", ROOT / "skills", ROOT / "urdf", ROOT / "cells", "--json")
    assert [problem for problem in answer.json if problem["severity"] == "error"] == []
    assert answer.code == 0


@pytest.mark.parametrize(
    ("name", "text", "line", "code"),
    [
        ("robot.yaml", "robot: x\nurdf: x.urdf\nbasse: a\n", 3, "unknown-word"),
        ("cell.yaml", "cell: x\narms:\n  - {name: a, model: pandas}\n", 3, "unknown-robot"),
        ("task.yaml", "task: x\ntree:\n  sequense: []\n", 3, "unknown-word"),
        ("skill.yaml", "skill: x\nskill: y\n", 2, "duplicate-key"),
        ("other.yaml", "tasks: []\n", 1, "unknown-kind"),
        ("broken.yaml", "task: [\n", 2, "yaml-syntax"),
        ("list.yaml", "- 1\n", 1, "unknown-kind"),
    ],
)
def test_a_mistake_is_found_where_it_stands(invoke: Callable, tmp_path: Path, name: str, text: str, line: int, code: str) -> None:
    file = tmp_path / name
    file.write_text(text)
    answer = invoke("check", file, "--json")
    assert answer.code == 1
    assert all(set(problem) == FIELDS and problem["file"] == str(file) for problem in answer.json)
    assert (line, code) in [(problem["line"], problem["code"]) for problem in answer.json]


def test_people_get_one_line_per_problem_and_the_totals(invoke: Callable, tmp_path: Path) -> None:
    file = tmp_path / "robot.yaml"
    file.write_text("robot: x\nurdf: x.urdf\nbasse: a\n")
    answer = invoke("check", file)
    assert answer.out.startswith(f"{file}:3:1: error: ")
    assert "1 file" in answer.err


def test_a_folder_is_searched_and_foreign_files_in_it_are_passed_over(invoke: Callable, tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "cell.yml").write_text("cell: x\narms: []\n")
    (tmp_path / "foreign.yaml").write_text("services: {}\n")
    (tmp_path / ".hidden").mkdir()
    (tmp_path / ".hidden" / "cell.yaml").write_text("cell: x\narms: []\n")
    answer = invoke("check", tmp_path, "--json")
    assert [Path(problem["file"]).name for problem in answer.json] == ["cell.yml"]


def test_a_file_that_is_not_there_is_wrong_usage(invoke: Callable, tmp_path: Path) -> None:
    answer = invoke("check", tmp_path / "nothing.yaml", "--json")
    assert answer.code == 2
    assert [problem["code"] for problem in answer.json] == ["unreadable-file"]


def test_a_crash_while_checking_one_file_is_a_problem_of_that_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def crash(file: Path) -> tuple[()]:
        raise ZeroDivisionError("boom")

    checker = Checker()
    monkeypatch.setitem(checker.by_kind, "robot", crash)
    (tmp_path / "robot.yaml").write_text("robot: x\n")
    [problem] = checker.check(tmp_path / "robot.yaml")
    assert problem.code == "bug"
    assert "boom" in problem.message


def test_a_folder_without_yaml_files_is_not_called_checked(invoke: Callable, tmp_path: Path) -> None:
    answer = invoke("check", tmp_path)
    assert answer.code == 2
    assert "nothing was checked" in answer.err


def test_what_is_no_regular_file_or_too_large_is_refused_at_once(invoke: Callable, tmp_path: Path) -> None:
    large = tmp_path / "large.yaml"
    large.write_text("task: x\n" + "# a comment that goes on\n" * 50_000)
    answer = invoke("check", "/dev/zero", large, "--json")
    assert answer.code == 1
    assert [(problem["file"], problem["code"]) for problem in answer.json] == [("/dev/zero", "unreadable-file"), (str(large), "too-large")]


def test_control_characters_of_a_file_are_shown_and_not_obeyed(invoke: Callable, tmp_path: Path) -> None:
    file = tmp_path / "task.yaml"
    file.write_text('task: t\ntree: {"\\e[2Jsequence": []}\n')
    answer = invoke("check", file)
    assert "\\x1b[2Jsequence" in answer.out
    assert "\x1b" not in answer.out + answer.err
