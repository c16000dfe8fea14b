"""``skillkit check``: every problem of task, skill, robot and cell files, with line and column, before anything moves."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from skillkit.cli.arguments import AsJson, CellName, RobotName, SkillsFolder, skills_folder
from skillkit.cli.output import print_json, say
from skillkit.exceptions import InvalidFile, Problem, SkillkitError, did_you_mean

if TYPE_CHECKING:
    from skillkit.cell import Cell
    from skillkit.option import Option
    from skillkit.skill import Skill

EXAMPLE = "skillkit check tasks/ skills/grasp/skill.yaml"
KINDS = ("task", "skill", "robot", "cell")
ENDINGS = (".yaml", ".yml")


class Format(str, Enum):
    """How problems are printed."""

    text = "text"
    json = "json"
    sarif = "sarif"
    github = "github"


def check(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="YAML files, or folders to search for them.")],
    skills: SkillsFolder = None,
    robot: RobotName = "",
    cell: CellName = "",
    format: Annotated[Format, typer.Option("--format", help="How to print what was found; 'github' makes annotations of it.")] = Format.text,
    strict: Annotated[bool, typer.Option("--strict", help="Count warnings as errors.")] = False,
    as_json: AsJson = False,
) -> int:
    """Check task, skill, robot and cell files; what a file is, its first word says. With --robot or --cell, tasks against its arms as well.

    Exit 1 where there are errors, 2 where a file is not there or there was nothing to check.
    """
    problems: list[Problem] = []
    checker = Checker(skills, _arms(robot, cell))
    count = 0
    for path in files:
        for file, asked in _files(path):
            count += 1
            problems.extend(checker.check(file, asked))
    errors = sum(strict or problem.severity == "error" for problem in problems)
    _print(problems, Format.json if as_json else format)
    print(f"{count} {'file' if count == 1 else 'files'}, {errors} {'error' if errors == 1 else 'errors'}", file=sys.stderr)
    if not all(path.exists() for path in files):
        return 2
    if not count:
        say(f"nothing was checked: no YAML file in {', '.join(str(path) for path in files)}", error=True)
        return 2
    return 1 if errors else 0


def _print(problems: Sequence[Problem], format: Format) -> None:
    from skillkit.cli.findings import annotation, sarif

    if format is Format.json:
        print_json([problem.as_dict() for problem in problems])
    elif format is Format.sarif:
        print_json(sarif(problems))
    else:
        for problem in problems:
            say(annotation(problem) if format is Format.github else problem)


def _arms(robot: str, cell: str) -> Cell | None:
    from skillkit.cell import Cell

    return Cell.load(cell) if cell else Cell.of_robot(robot) if robot else None


def _files(path: Path) -> Iterator[tuple[Path, bool]]:
    """The files to check, and whether each was named itself rather than found in a folder."""
    if path.is_dir():
        found = (file for file in sorted(path.rglob("*")) if file.suffix in ENDINGS and file.is_file())
        yield from ((file, False) for file in found if not any(part.startswith(".") for part in file.relative_to(path).parts))
    else:
        yield path, True


class Checker:
    """Checks one file after another; the skills that tasks are checked against are loaded once."""

    def __init__(self, skills: Path | None = None, cell: Cell | None = None) -> None:
        self.skills_folder, self.cell = skills, cell
        self._skills: dict[str, Skill] | None = None
        self._options: dict[str, Option] = {}
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
            return [_unknown_kind(str(file), words, document.position(tuple(words[:1]), key=True))] if asked else []
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

        skills = self._declared()
        return check_task(file, self._options, skills, self.cell)

    def _declared(self) -> dict[str, Skill]:
        """Every skill that is itself without errors."""
        from skillkit.library import check_skill, skill_folders

        if self._skills is None:
            found = (check_skill(path)[0] for path in skill_folders(skills_folder(self.skills_folder)).values())
            self._skills = {skill.name: skill for skill in found if skill is not None}
            self._options = {name: skill.option() for name, skill in self._skills.items()}
        return self._skills


def _unknown_kind(file: str, words: Sequence[str], place: tuple[int, int]) -> Problem:
    hint = did_you_mean(words[0], KINDS) if words else f"allowed: {', '.join(KINDS)}"
    found = f"it begins with '{words[0]}:'" if words else "it is not a mapping"
    return Problem(file, *place, "unknown-kind", "error", f"the first word says what a file is: task, skill, robot or cell; {found}", hint)


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
