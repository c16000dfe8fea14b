"""``skillkit check``: every problem of task, skill, robot and cell files, with line and column, before anything moves."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from skillkit.cli.arguments import AsJson, SkillsFolder, skills_folder
from skillkit.cli.output import print_json
from skillkit.exceptions import InvalidFile, Problem, SkillkitError, did_you_mean

if TYPE_CHECKING:
    from skillkit.option import Option

EXAMPLE = "skillkit check tasks/ skills/grasp/skill.yaml"
KINDS = ("task", "skill", "robot", "cell")
ENDINGS = (".yaml", ".yml")


def check(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="YAML files, or folders to search for them.")],
    skills: SkillsFolder = None,
    as_json: AsJson = False,
) -> int:
    """Check task, skill, robot and cell files; what a file is, its first word says."""
    problems: list[Problem] = []
    checker = Checker(skills)
    count = 0
    for path in files:
        for file, asked in _files(path):
            count += 1
            problems.extend(checker.check(file, asked))
    errors = sum(problem.severity == "error" for problem in problems)
    if as_json:
        print_json([problem.as_dict() for problem in problems])
    else:
        for problem in problems:
            print(problem)
        print(f"{count} {'file' if count == 1 else 'files'}, {errors} {'error' if errors == 1 else 'errors'}", file=sys.stderr)
    if not all(path.exists() for path in files):
        return 2
    return 1 if errors else 0


def _files(path: Path) -> Iterator[tuple[Path, bool]]:
    """The files to check, and whether each was named itself rather than found in a folder."""
    if path.is_dir():
        found = (file for file in sorted(path.rglob("*")) if file.suffix in ENDINGS and file.is_file())
        yield from ((file, False) for file in found if not any(part.startswith(".") for part in file.relative_to(path).parts))
    else:
        yield path, True


class Checker:
    """Checks one file after another; the skills that tasks are checked against are loaded once."""

    def __init__(self, skills: Path | None = None) -> None:
        self.skills_folder = skills
        self._skills: dict[str, Option] | None = None
        self.by_kind: dict[str, Callable[[Path], Sequence[Problem]]] = {"task": self._task, "skill": _skill, "robot": _robot, "cell": _cell}

    def check(self, file: Path, asked: bool = True) -> list[Problem]:
        """Every problem of a file. A file of another kind is an error only when it was ``asked`` for by name. Never raises."""
        from skillkit import documents

        document = documents.load(file)
        if document.problems:
            return document.problems
        words = list(document.data) if isinstance(document.data, dict) else []
        kind = next((word for word in words if word in KINDS), "")
        if not kind:
            return [_unknown_kind(str(file), words)] if asked else []
        try:
            return list(self.by_kind[kind](file))
        except InvalidFile as error:
            return list(error.problems)
        except SkillkitError as error:
            return [Problem(str(file), 1, 1, f"invalid-{kind}", "error", str(error))]
        except Exception as error:  # a file must not be able to end the check of the others
            return [Problem(str(file), 1, 1, "bug", "error", f"this is a bug in skillkit: {type(error).__name__}: {error}")]

    def _task(self, file: Path) -> Sequence[Problem]:
        from skillkit.trees import check_task

        return check_task(file, self._options())

    def _options(self) -> dict[str, Option]:
        """Every skill that is itself without errors, as an option."""
        from skillkit.library import check_skill

        if self._skills is None:
            folder = skills_folder(self.skills_folder)
            found = (check_skill(path.parent)[0] for path in sorted(Path(folder).glob("*/skill.yaml")))
            self._skills = {skill.name: skill.option() for skill in found if skill is not None}
        return self._skills


def _unknown_kind(file: str, words: Sequence[str]) -> Problem:
    hint = did_you_mean(words[0], KINDS) if words else f"allowed: {', '.join(KINDS)}"
    found = f"it begins with '{words[0]}:'" if words else "it is not a mapping"
    return Problem(file, 1, 1, "unknown-kind", "error", f"the first word says what a file is: task, skill, robot or cell; {found}", hint)


def _skill(file: Path) -> Sequence[Problem]:
    from skillkit.library import check_skill

    return check_skill(file)[1]


def _robot(file: Path) -> Sequence[Problem]:
    from skillkit.embodiment import Embodiment

    Embodiment.load(file)
    return ()


def _cell(file: Path) -> Sequence[Problem]:
    from skillkit.cell import Cell

    Cell.load(file)
    return ()
