"""Every wrong file of the corpus is answered with exactly the problems that stand in its first lines, each at its place."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from skillkit.cli.check import Checker
from skillkit.exceptions import Problem

ROOT = Path(__file__).resolve().parents[2]
WRONG = sorted((ROOT / "tests" / "corpus" / "wrong").glob("*.yaml"))
EXPECTED = re.compile(r"^# expect (\d+):(\d+) ([a-z0-9-]+)$", re.MULTILINE)
WARNINGS = {"unreachable", "halted-cleanup", "endless-loop", "unmet-precondition"}


@pytest.fixture(scope="module")
def checker() -> Checker:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SKILLKIT_PATH", str(ROOT))
        made = Checker(ROOT / "skills")
        made.check(ROOT / "tasks" / "prepare_coffee.yaml")
    return made


def beside_what_it_names(path: Path, folder: Path) -> Path:
    """The file where a robot finds its URDF and a skill its policy."""
    shutil.copy(ROOT / "urdf" / "panda.urdf", folder)
    (folder / "policy.py").write_text("class Wrong:\n    def start(self, s): ...\n    act = snapshot = restore = start\n")
    return Path(shutil.copy(path, folder))


@pytest.mark.parametrize("path", WRONG, ids=lambda path: path.stem)
def test_every_problem_is_found_at_its_place_and_no_other(path: Path, checker: Checker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SKILLKIT_PATH", str(ROOT))
    expected = [(int(line), int(column), code) for line, column, code in EXPECTED.findall(path.read_text())]
    found = checker.check(beside_what_it_names(path, tmp_path))
    assert [(problem.line, problem.column, problem.code) for problem in found] == expected
    assert all(is_told_well(problem) for problem in found)


def is_told_well(problem: Problem) -> bool:
    return (problem.severity == "warning") is (problem.code in WARNINGS) and len(problem.message) > 8 and "Traceback" not in problem.message


def test_the_corpus_is_large_and_covers_every_kind_of_file() -> None:
    words = {re.sub(EXPECTED, "", path.read_text()).split(":")[0].strip() for path in WRONG}
    assert len(WRONG) >= 60
    assert {"task", "skill", "robot", "cell"} <= words
