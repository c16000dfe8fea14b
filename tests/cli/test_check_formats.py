"""What ``skillkit check`` prints for machines, and the schemas that editors check with."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from skillkit import documents

ROOT = Path(__file__).resolve().parents[2]
WRONG = 'task: wrong\ntree:\n  sequence:\n    - skill: {graps: {object: "50 %, or: so"}}\n    - fallback: [{wait: 1 s}, {wait: 2 s}]\n'
STRUCTURAL = {"unknown-header", "misspelt_word", "two_words", "empty_sequence", "retry_without_do", "guard_without_when", "budget_word", "unknown_header"}


@pytest.fixture
def wrong(tmp_path: Path) -> Path:
    (tmp_path / "wrong.yaml").write_text(WRONG)
    return tmp_path / "wrong.yaml"


def test_sarif_names_rule_file_and_region(invoke: Callable, wrong: Path) -> None:
    answer = invoke("check", wrong, "--format", "sarif")
    [run] = answer.json["runs"]
    assert answer.json["version"] == "2.1.0"
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == ["unknown-skill"]
    [result] = run["results"]
    assert (result["ruleId"], result["level"]) == ("unknown-skill", "error")
    place = result["locations"][0]["physicalLocation"]
    assert place == {"artifactLocation": {"uri": wrong.as_posix()}, "region": {"startLine": 4, "startColumn": 15}}


def test_github_gets_one_annotation_per_problem_on_one_line(invoke: Callable, wrong: Path) -> None:
    wrong.write_text(WRONG.replace("graps: {object", "retreat: {distance"))
    answer = invoke("check", wrong, "--format", "github")
    lines = answer.out.splitlines()
    assert answer.code == 1
    assert all(line.startswith(f"::error file={wrong},line=4,col=") for line in lines)
    assert any("50 %25, or: so" in line for line in lines)


def test_warnings_count_as_errors_only_when_asked(invoke: Callable, wrong: Path) -> None:
    wrong.write_text("task: wrong\ntree: {fallback: [{wait: 1 s}, {wait: 2 s}]}\n")
    assert invoke("check", wrong).code == 0
    assert invoke("check", wrong, "--strict").code == 1


def test_a_skill_whose_arm_lacks_its_action_space_is_an_error(invoke: Callable, tmp_path: Path) -> None:
    text = (ROOT / "urdf" / "panda.yaml").read_text().replace("urdf: panda.urdf", f"urdf: {ROOT / 'urdf' / 'panda.urdf'}")
    (tmp_path / "mute.yaml").write_text(text + "actions: [joint_target]\n")
    found = invoke("check", ROOT / "tasks" / "prepare_coffee.yaml", "--robot", tmp_path / "mute.yaml", "--json").json
    assert {problem["code"] for problem in found} == {"action-space"}
    assert invoke("check", ROOT / "tasks" / "prepare_coffee.yaml", "--robot", "panda").code == 0


def test_a_skill_that_uses_a_camera_is_checked_against_those_of_the_cell(invoke: Callable, tmp_path: Path) -> None:
    text = (ROOT / "skills" / "release" / "skill.yaml").read_text()
    (tmp_path / "release").mkdir()
    (tmp_path / "release" / "policy.py").write_text((ROOT / "skills" / "release" / "policy.py").read_text())
    (tmp_path / "task.yaml").write_text("task: look\ntree: {skill: {release: {object: cup_1}}, arm: left}\n")
    for camera, cell, hint in (("wrist", "lab", None), ("wrst", "lab", "did you mean 'wrist'?"), ("wrist", "two_pandas", "give the cell its cameras")):
        (tmp_path / "release" / "skill.yaml").write_text(f"{text}uses: [{camera}]\n")
        found = invoke("check", tmp_path / "task.yaml", "--skills", tmp_path, "--cell", cell, "--json").json
        problems = [(problem["code"], problem["hint"]) for problem in found if problem["severity"] == "error"]
        assert problems == ([] if hint is None else [("unknown-camera", hint)])


@pytest.mark.parametrize(("kind", "pattern"), [("task", "tasks/*.yaml"), ("skill", "skills/*/skill.yaml"), ("robot", "urdf/*.yaml")])
def test_every_file_that_comes_with_skillkit_fits_its_schema(invoke: Callable, kind: str, pattern: str) -> None:
    validator = pytest.importorskip("jsonschema").Draft7Validator(invoke("schema", kind).json)
    files = sorted(ROOT.glob(pattern))
    assert files
    for file in files:
        assert list(validator.iter_errors(documents.load(file).data)) == [], file.name


def test_the_schema_refuses_what_a_typing_author_gets_wrong(invoke: Callable) -> None:
    validator = pytest.importorskip("jsonschema").Draft7Validator(invoke("schema", "task").json)
    for name in sorted(STRUCTURAL - {"unknown-header"}):
        data = yaml.safe_load((ROOT / "tests" / "corpus" / "wrong" / f"{name}.yaml").read_text())
        assert not validator.is_valid(data), name


def test_the_schema_offers_words_skills_and_their_parameters(invoke: Callable) -> None:
    from skillkit.trees import WORDS

    schema = invoke("schema", "task").json
    assert set(WORDS) <= set(schema["definitions"]["node"]["properties"])
    call = json.dumps(schema["definitions"]["skill_call"])
    assert '"grasp"' in call
    assert '"clearance"' in call
