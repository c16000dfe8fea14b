"""Skill folders: a good one becomes an option; every fault of a bad one is found at its place; nothing in it can raise."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from skillkit import share
from skillkit.exceptions import InvalidFile, UnknownName
from skillkit.library import check_skill, load_skills
from skillkit.option import Situation
from skillkit.pose import Pose, frozen
from skillkit.skill import Skill
from skillkit.spaces import ArmState, ObjectState, Observation, Outcome

YAML = """skill: touch
description: Move the tool to an object.
parameters:
  object: {type: object}
  depth: {type: number, unit: m, minimum: 0, maximum: 0.2, default: 0.05}
action: {space: cartesian_delta, rate: 20 Hz}
initiation: distance(tool, $object) < 1 m
success: {when: "distance(tool, $object) < $depth", for: 0.2 s}
failure:
  - {when: "distance(tool, $object) > 2 m", reason: out of reach}
time_limit: 10 s
effects: ["distance(tool, $object) < $depth"]
policy: {python: "policy:Touch"}
"""
POLICY = """
class Touch:
    def start(self, situation): pass
    def act(self, situation): return {}
    def snapshot(self): return {}
    def restore(self, snapshot): pass
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "touch").mkdir()
    (tmp_path / "touch" / "skill.yaml").write_text(YAML)
    (tmp_path / "touch" / "policy.py").write_text(POLICY)
    return tmp_path


def situation(distance: float) -> Situation:
    six, pose = frozen(np.zeros(6)), Pose.from_vector()
    arm = ArmState(six, six, pose, pose, pose, 0.08, 0.08, 0.0, 0.0, 0.0, six)
    thing = ObjectState(Pose.from_vector((distance, 0.0, 0.0)), frozen([0.05, 0.05, 0.1]), 0.0, 0.0)
    return Situation(Observation(0.0, {"panda": arm}, {"cup_1": thing}, {}), {"arm": "panda"}, {"object": "cup_1", "depth": 0.05})


def touch(folder: Path) -> Skill:
    return load_skills(folder)["touch"]


def test_a_skill_folder_becomes_an_option(folder: Path) -> None:
    option = touch(folder).option()
    assert (option.name, option.rate, option.time_limit, option.hold_success) == ("touch", 20.0, 10.0, 0.2)
    assert [parameter.name for parameter in option.parameters] == ["object", "depth"]
    assert option.initiation(situation(0.5)).allowed
    refused = option.initiation(situation(1.5))
    assert not refused.allowed
    assert "1.5" in refused.reason


def test_its_termination_is_its_success_and_failure_conditions(folder: Path) -> None:
    terminate = touch(folder).option().termination
    success, failure = terminate(situation(0.04)), terminate(situation(2.5))
    assert terminate(situation(0.5)) is None
    assert success is not None
    assert success.outcome is Outcome.SUCCEEDED
    assert failure is not None
    assert (failure.outcome, failure.reason) == (Outcome.FAILED, "out of reach")


@pytest.mark.parametrize(
    ("old", "new", "code", "line"),
    [
        ("skill: touch", "skil: touch", "unknown-word", 1),
        ("time_limit: 10 s\n", "", "missing", 1),
        ("time_limit: 10 s", "time_limit: 10 m", "wrong-type", 11),
        ("time_limit: 10 s", "time_limit: 0 s", "out-of-range", 11),
        ("rate: 20 Hz", "rate: 2000 Hz", "out-of-range", 6),
        ("space: cartesian_delta", "space: joints", "unknown-word", 6),
        ("type: object", "type: objekt", "unknown-word", 4),
        ("unit: m", "unit: inch", "unknown-word", 5),
        ("default: 0.05", "default: 0.5", "out-of-range", 5),
        ("minimum: 0", "minimum: low", "wrong-type", 5),
        ("initiation: distance(tool, $object) < 1 m", "initiation: distance(tool, $objekt) < 1 m", "expression", 7),
        ("< 1 m", "< 1", "expression", 7),
        ("reason: out of reach", "reasn: out of reach", "wrong-type", 10),
        ("policy:Touch", "policy:Tuch", "not-a-policy", 13),
        ("policy:Touch", "polici:Touch", "unknown-file", 13),
        ("policy:Touch", "policy", "wrong-type", 13),
        ('effects: ["distance(tool, $object) < $depth"]', "effects: distance", "wrong-type", 12),
    ],
)
def test_a_fault_is_found_at_its_line(folder: Path, old: str, new: str, code: str, line: int) -> None:
    (folder / "touch" / "skill.yaml").write_text(YAML.replace(old, new, 1))
    skill, problems = check_skill(folder / "touch")
    assert skill is None
    assert (code, line) in [(problem.code, problem.line) for problem in problems]


def test_an_error_inside_an_expression_has_its_column(folder: Path) -> None:
    (folder / "touch" / "skill.yaml").write_text(YAML.replace("initiation: distance(", "initiation: distanse("))
    _, (problem,) = check_skill(folder / "touch")
    assert (problem.line, problem.column) == (7, 13)
    assert "distance" in problem.hint


def test_a_comma_that_yaml_took_is_explained(folder: Path) -> None:
    (folder / "touch" / "skill.yaml").write_text(YAML.replace('"distance(tool, $object) > 2 m"', "distance(tool, $object) > 2 m"))
    _, problems = check_skill(folder / "touch")
    assert any("needs quotes" in problem.hint for problem in problems)


@pytest.mark.parametrize("code", ["raise SystemExit('no')", "import nothing_of_this_name", "Touch = 3", "class Touch: pass", "def ("])
def test_code_that_does_not_import_is_a_problem_and_no_traceback(folder: Path, code: str) -> None:
    (folder / "touch" / "policy.py").write_text(code)
    skill, problems = check_skill(folder / "touch")
    assert skill is None
    assert problems[0].code in ("policy-import", "not-a-policy")


def test_the_digest_changes_with_every_file_and_with_nothing_else(folder: Path) -> None:
    before = touch(folder).digest
    assert touch(folder).digest == before
    (folder / "touch" / "policy.py").write_text(POLICY + "\n")
    assert touch(folder).digest != before


def test_use_replaces_one_skill_by_another_folder(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    other = tmp_path_factory.mktemp("elsewhere")
    (other / "skill.yaml").write_text(YAML.replace("10 s", "20 s"))
    (other / "policy.py").write_text(POLICY)
    assert load_skills(folder, {"touch": other})["touch"].time_limit == 20.0
    with pytest.raises(UnknownName, match="did you mean 'touch'"):
        load_skills(folder, {"tuch": other})


def test_a_folder_and_its_skill_have_one_name(folder: Path) -> None:
    (folder / "touch").rename(folder / "tap")
    with pytest.raises(InvalidFile, match="its folder 'tap'"):
        load_skills(folder)


@pytest.mark.parametrize("name", sorted(path.parent.name for path in share.folders("skills")[0].glob("*/skill.yaml")))
def test_every_shipped_skill_is_free_of_problems(name: str) -> None:
    skill, problems = check_skill(share.folders("skills")[0] / name)
    assert not problems
    assert skill is not None
    assert skill.effects or skill.name in ("reach", "retreat")
