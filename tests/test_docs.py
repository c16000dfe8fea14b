"""Every command and every program in the documentation runs.

Fenced blocks marked ``console`` or ``bash`` are executed line by line, ``python`` blocks as a program, each page in a folder of its
own that sees the repository's ``skills/ tasks/ cells/ urdf/``. A page that reads ``run.mcap`` finds a recorded run under that name.
``make`` lines are checked for their target only. What is not meant to be executed is marked ``text``, ``yaml`` or another language.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from skillkit.cli.check import Checker

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md")), ROOT / "benchmarks" / "README.md"]
FENCE = re.compile(r"^```(\w*)[^\n]*\n(.*?)^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\(([^)#]+)(?:#[^)]*)?\)")
SEEN = ("skills", "tasks", "cells", "urdf", "docs")
KNOWN = {"console", "bash", "python", "text", "yaml", "json", "mermaid", "xml", "sh"}
READS_A_RUN = re.compile(r"(?:info|replay|open_bag\(\"?) ?\"?run\.mcap")
SKIPPED = (". .venv/", "source ", "cd ")


class Block(NamedTuple):
    language: str
    text: str


def blocks(page: Path) -> list[Block]:
    return [Block(language, text) for language, text in FENCE.findall(page.read_text(encoding="utf-8"))]


def commands(block: Block) -> list[str]:
    lines = [line for line in block.text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    if block.language == "console":
        lines = [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]
    return [line.partition("  #")[0].strip() for line in lines]


def execute(command: list[str] | str, folder: Path) -> None:
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}", "SKILLKIT_PATH": str(folder)}
    shell = isinstance(command, str)
    done = subprocess.run(command, shell=shell, cwd=folder, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, f"{command}\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}"


def run_block(block: Block, folder: Path, makefile: str) -> None:
    if block.language == "python":
        execute([sys.executable, "-c", block.text], folder)
    for command in commands(block) if block.language in ("console", "bash") else ():
        if command.startswith("make "):
            for target in command.split()[1:]:
                assert re.search(rf"^{target}:", makefile, re.MULTILINE), f"the Makefile has no target '{target}'"
        elif not command.startswith(SKIPPED):
            execute(command, folder)


@pytest.fixture(scope="session")
def recorded_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("recorded")
    see_the_repository(folder)
    execute("skillkit run prepare_coffee --robot panda --seed 3 --record run.mcap --json", folder)
    return folder / "run.mcap"


def see_the_repository(folder: Path) -> None:
    for name in SEEN:
        (folder / name).symlink_to(ROOT / name)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_command_on_the_page_runs(page: Path, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    see_the_repository(tmp_path)
    if any(READS_A_RUN.search(block.text) for block in blocks(page) if block.language in ("console", "bash", "python")):
        shutil.copy(request.getfixturevalue("recorded_run"), tmp_path / "run.mcap")
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for block in blocks(page):
        run_block(block, tmp_path, makefile)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_block_says_what_it_is_and_every_link_leads_somewhere(page: Path) -> None:
    assert {block.language for block in blocks(page)} <= KNOWN
    for target in LINK.findall(page.read_text(encoding="utf-8")):
        assert target.startswith("http") or (page.parent / target).exists(), f"{page.name} links to {target}, which does not exist"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_whole_file_shown_on_the_page_is_without_errors(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SKILLKIT_PATH", str(ROOT))
    (tmp_path / "panda.urdf").symlink_to(ROOT / "urdf" / "panda.urdf")
    for program in [block.text for block in blocks(page) if block.language == "python" and "\nclass " in block.text]:
        (tmp_path / "policy.py").write_text(program, encoding="utf-8")
    shown = [block.text for block in blocks(page) if block.language == "yaml" and block.text.startswith(("robot:", "cell:", "task:", "skill:"))]
    for number, text in enumerate(shown):
        file = tmp_path / f"example_{number}.yaml"
        file.write_text(text, encoding="utf-8")
        assert [problem for problem in Checker().check(file) if problem.severity == "error"] == []


def test_the_first_result_is_less_than_sixty_lines_into_the_readme() -> None:
    lines = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    assert lines.index("make run     # makes .venv, builds the ROS 2 interfaces, prepares coffee on a simulated Panda over ROS 2") < 60


def test_the_readme_program_is_short() -> None:
    programs = [block.text for block in blocks(ROOT / "README.md") if block.language == "python"]
    assert programs
    assert all(len([line for line in text.splitlines() if line.strip()]) <= 12 for text in programs)


def test_every_command_of_the_command_line_is_documented() -> None:
    from skillkit.cli.app import COMMANDS

    page = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    for module in COMMANDS:
        assert f"`{module.__name__.rpartition('.')[2].rstrip('_').replace('_', '-')}" in page
