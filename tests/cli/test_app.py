from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

import pytest

from skillkit.cli import app
from skillkit.cli.app import BUG, COMMANDS, NOT_SUCCESSFUL, SUCCESS, WRONG_USAGE

NAMES = [module.__name__.rpartition(".")[2].rstrip("_").replace("_", "-") for module in COMMANDS]
WRONG = [
    (["chekc"], "Did you mean 'check'?"),
    (["run"], "TASK"),
    (["run", "prepare_cofee"], "did you mean 'prepare_coffee'?"),
    (["run", "prepare_coffee", "--robot", "pandas"], "did you mean 'panda'?"),
    (["run", "prepare_coffee", "--sed", "3"], "--seed"),
    (["run", "prepare_coffee", "--seed", "three"], "--seed"),
    (["run", "prepare_coffee", "--episodes", "0"], "greater than or equal to 1"),
    (["run", "prepare_coffee", "--set", "cup"], "name=value"),
    (["run", "prepare_coffee", "--set", "cpu=cup_1"], "did you mean 'cup'?"),
    (["run", "prepare_coffee", "--use", "graps=skills/grasp"], "did you mean 'grasp'?"),
    (["run", "prepare_coffee", "--cell", "two_panda"], "did you mean 'two_pandas'?"),
    (["run", "prepare_coffee", "--scene-option", "loked=true"], "did you mean 'locked'?"),
    (["run", "prepare_coffee", "--scene-option", "locked=maybe"], "true or false"),
    (["show", "prepare_tea"], "prepare_coffee"),
    (["show", "prepare_coffee", "--format", "pdf"], "svg"),
    (["replay", "no_such_file.mcap"], "no_such_file.mcap"),
    (["info", "no_such_file.mcap"], "no_such_file.mcap"),
    (["check"], "FILE"),
    (["show", "prepare_coffee", "-o", "no/such/folder/tree.svg"], "no/such/folder/tree.svg: No such file or directory"),
    (["skills", "--skills", "no_such_folder"], "no_such_folder"),
]


@pytest.mark.parametrize("name", NAMES)
def test_every_command_has_help_with_an_example(invoke: Callable, name: str) -> None:
    answer = invoke(name, "--help")
    assert answer.code == SUCCESS
    assert f"Example: skillkit {name}" in " ".join(answer.out.split())


@pytest.mark.parametrize(("arguments", "hint"), WRONG, ids=[" ".join(arguments) for arguments, _ in WRONG])
def test_wrong_usage_is_one_line_with_a_hint_and_exit_code_two(invoke: Callable, arguments: list[str], hint: str) -> None:
    answer = invoke(*arguments)
    assert answer.code == WRONG_USAGE
    assert answer.out == ""
    assert len(answer.err.strip().splitlines()) == 1
    assert hint in answer.err
    assert "Traceback" not in answer.err


def test_an_unexpected_exception_is_called_a_bug_and_shows_its_traceback_only_when_asked(invoke: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*arguments: object, **options: object) -> None:
        raise RuntimeError("boom")

    monkeypatch.setattr(app.typer.main, "get_command", broken)
    quiet = invoke("robots")
    assert quiet.code == BUG
    assert "bug in skillkit: RuntimeError: boom" in quiet.err
    assert "Traceback" not in quiet.err
    monkeypatch.setenv("SKILLKIT_DEBUG", "1")
    assert "Traceback" in invoke("robots").err


def test_the_version_is_printed(invoke: Callable) -> None:
    from skillkit import __version__

    assert invoke("--version").out == f"skillkit {__version__}\n"


def test_help_comes_without_loading_a_heavy_library() -> None:
    heavy = ["mujoco", "pinocchio", "py_trees", "mcap", "rclpy", "numpy"]
    code = f"import sys\nfrom skillkit.cli.app import call\ncall(['--help'])\nprint([name for name in {heavy} if name in sys.modules], file=sys.stderr)"
    begun = perf_counter()
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"
    assert perf_counter() - begun < 5.0  # 0.3 s on an idle machine


def test_a_reader_that_has_seen_enough_is_no_error() -> None:
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    command = f"{sys.executable} -m skillkit robots --json | true; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode in (SUCCESS, NOT_SUCCESSFUL)
    assert "Traceback" not in done.stderr


COMPLETIONS = [
    ("skillkit ru", "run"),
    ("skillkit run prep", "prepare_coffee"),
    ("skillkit run prepare_coffee --robot pan", "panda"),
    ("skillkit up --cell two", "two_pandas"),
]


@pytest.mark.parametrize(("words", "offered"), COMPLETIONS)
def test_a_shell_completes_commands_and_names(words: str, offered: str) -> None:
    environment = {**os.environ, "_SKILLKIT_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(len(words.split()) - 1)}
    environment["SKILLKIT_PATH"] = str(Path(__file__).resolve().parents[2])
    done = subprocess.run([Path(sys.executable).with_name("skillkit")], env=environment, capture_output=True, text=True, check=False)
    assert offered in done.stdout.split()
