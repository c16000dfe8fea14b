"""A contract over every folder in ``skills/``: it loads, explains itself, refuses wrong parameters, and is a folder one can copy."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from skillkit.exceptions import InvalidValue, UnknownName
from skillkit.library import check_skill
from skillkit.option import Parameter, fill_parameters
from skillkit.policies.phases import Phases
from skillkit.share import PACKAGE
from skillkit.skill import Skill

FOLDERS = sorted(path.parent for path in (PACKAGE.parent / "skills").glob("*/skill.yaml"))
each_folder = pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)


def skill_in(folder: Path) -> Skill:
    skill, problems = check_skill(folder)
    assert not problems
    assert skill is not None
    return skill


def good(parameter: Parameter) -> object:
    return parameter.default if parameter.default is not None else "something"


def wrong(parameter: Parameter) -> list[object]:
    """Values that do not fit."""
    values: list[object] = [None, float("nan"), []]
    if parameter.type == "number":
        values += ["far", True]
        values += [parameter.minimum - 0.01] if parameter.minimum is not None else []
        values += [parameter.maximum + 0.01] if parameter.maximum is not None else []
    return values if parameter.default is None else values[1:]


@each_folder
def test_it_loads_and_is_named_as_its_folder(folder: Path) -> None:
    assert skill_in(folder).name == folder.name


@each_folder
def test_it_explains_itself_and_every_parameter(folder: Path) -> None:
    skill = skill_in(folder)
    assert skill.description.endswith(".")
    assert all(parameter.description for parameter in skill.parameters)


@each_folder
def test_every_number_has_a_range(folder: Path) -> None:
    for parameter in skill_in(folder).parameters:
        if parameter.type == "number":
            assert parameter.minimum is not None, parameter.name
            assert parameter.maximum is not None, parameter.name


@each_folder
def test_wrong_parameters_are_refused(folder: Path) -> None:
    declared = skill_in(folder).parameters
    right = {parameter.name: good(parameter) for parameter in declared}
    assert fill_parameters(declared, right, folder.name) == right
    with pytest.raises(UnknownName):
        fill_parameters(declared, {**right, "colour": "red"}, folder.name)
    for parameter in declared:
        for value in wrong(parameter):
            with pytest.raises(InvalidValue, match=parameter.name):
                fill_parameters(declared, {**right, parameter.name: value}, folder.name)


@each_folder
def test_a_missing_object_is_refused(folder: Path) -> None:
    declared = skill_in(folder).parameters
    required = [parameter.name for parameter in declared if parameter.default is None]
    assert required
    for name in required:
        with pytest.raises(InvalidValue, match=name):
            fill_parameters(declared, {other: "something" for other in required if other != name}, folder.name)


@each_folder
def test_the_policy_steps_at_the_rate_that_the_folder_declares(folder: Path) -> None:
    skill = skill_in(folder)
    policy = skill.policy()
    assert isinstance(policy, Phases)
    assert skill.rate == pytest.approx(1.0 / policy.PERIOD)
    assert all(callable(getattr(policy, phase)) for phase in policy.order)


@each_folder
def test_the_folder_alone_is_the_whole_skill(folder: Path, tmp_path: Path) -> None:
    copy = tmp_path / folder.name
    shutil.copytree(folder, copy, ignore=shutil.ignore_patterns("__pycache__"))
    assert skill_in(copy).digest == skill_in(folder).digest
