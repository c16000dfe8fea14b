"""Arguments that several commands take, and the ``name=value`` pairs among them."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import typer

from skillkit.cli.output import one_document
from skillkit.exceptions import InvalidValue, UnknownName

if TYPE_CHECKING:
    from skillkit.option import Parameter


def _names(kind: str) -> Callable[[str], list[str]]:
    """What a shell offers for a word that is being typed: the names of the files in the folders ``kind``."""

    def complete(incomplete: str) -> list[str]:
        from skillkit import share

        return [name for name in sorted(share.files(kind)) if name.startswith(incomplete)]

    return complete


TaskName: TypeAlias = Annotated[str, typer.Argument(metavar="TASK", help="A task's name, or the path of its YAML.", autocompletion=_names("tasks"))]
ROBOT = "panda"  # where neither a robot nor a cell is named
NAMESPACE = re.compile(r"(/?[A-Za-z_][A-Za-z0-9_]*(/[A-Za-z_][A-Za-z0-9_]*)*/?)?")


def _namespace(given: str) -> str:
    """A namespace as ROS 2 allows it."""
    if NAMESPACE.fullmatch(given) is None:
        raise InvalidValue("--namespace", given, "letters, digits and underscores, no digit first, parts divided by /, such as left or lab/left")
    return given


def _one_document(context: typer.Context, wanted: bool) -> bool:
    if wanted:
        context.with_resource(one_document())
    return wanted


AlsoTopics: TypeAlias = Annotated[
    list[str] | None, typer.Option("--also", metavar="PATTERN", help="Record these topics in the bag too, as they come, such as '/camera/*'.")
]
Namespace: TypeAlias = Annotated[str, typer.Option("--namespace", metavar="NAME", help="Of every node and topic.", callback=_namespace)]
RobotName: TypeAlias = Annotated[
    str,
    typer.Option("--robot", metavar="ROBOT", help="A robot model's name, or the path of its YAML; panda, without a cell.", autocompletion=_names("urdf")),
]
CellName: TypeAlias = Annotated[
    str, typer.Option("--cell", metavar="CELL", help="A set-up of several arms instead of one robot.", autocompletion=_names("cells"))
]
AsJson: TypeAlias = Annotated[bool, typer.Option("--json", help="Print one JSON document on standard output, nothing else.", callback=_one_document)]
UseSkills: TypeAlias = Annotated[list[str] | None, typer.Option("--use", metavar="SKILL=FOLDER", help="Take this skill from another folder.")]
SkillsFolder: TypeAlias = Annotated[Path | None, typer.Option("--skills", metavar="FOLDER", help="The folder of skill folders.")]


def robot_or_cell(robot: str, cell: str) -> str:
    """The robot that is meant: the given one, none where a cell is given, else the first one a newcomer meets.

    Raises:
        InvalidValue: both are given.
    """
    if robot and cell:
        raise InvalidValue("--robot", robot, f"no robot beside --cell {cell}: the cell names its arms")
    return robot or ("" if cell else ROBOT)


def pairs(given: Sequence[str] | None, what: str) -> dict[str, str]:
    """``["a=1", "b=2"]`` → ``{"a": "1", "b": "2"}``.

    Raises:
        InvalidValue: one without ``=``, or a name given twice.
    """
    found: dict[str, str] = {}
    for text in given or ():
        name, equals, value = text.partition("=")
        if not equals or not name or name in found:
            raise InvalidValue(what, text, "name=value, each name once")
        found[name] = value
    return found


def own_skills(given: Path | None) -> str:
    """The given folder of skill folders for another process, empty where it is to look for itself.

    Raises:
        InvalidValue: there is no skill in it.
    """
    return str(skills_folder(given)) if given is not None else ""


def skills_folder(given: Path | None) -> Path | list[Path]:
    """The folder of skill folders: the given one, or all that are found.

    Raises:
        UnknownName, InvalidValue: there is no skill in it.
    """
    from skillkit import share

    if given is not None and not any(given.glob("*/skill.yaml")):
        raise InvalidValue("--skills", str(given), "a folder with skill folders in it (FOLDER/<name>/skill.yaml)")
    return given or share.folders("skills")


def task_parameters(declared: Sequence[Parameter], given: Sequence[str] | None) -> dict[str, Any]:
    """``--set name=value`` for the parameters of a task, turned into their types; a number may carry its unit.

    Raises:
        UnknownName, InvalidValue: with the allowed names or values.
    """
    known = {parameter.name: parameter for parameter in declared}
    values: dict[str, Any] = {}
    for name, text in pairs(given, "--set").items():
        if name not in known:
            raise UnknownName("parameter of the task", name, known)
        values[name] = _typed(known[name], text)
        expected = known[name].check(values[name])
        if expected:
            raise InvalidValue(f"--set {name}", text, expected)
    return values


def _typed(parameter: Parameter, text: str) -> Any:
    from skillkit.trees.values import quantity

    if parameter.type == "boolean" and text in ("true", "false"):
        return text == "true"
    if parameter.type in ("number", "integer"):
        bare = _number(text)
        number = quantity(text, parameter.unit) if bare is None else bare
        whole = number is not None and isfinite(number) and number == int(number)
        return int(number) if parameter.type == "integer" and number is not None and whole else number
    return text


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
