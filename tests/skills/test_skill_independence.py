"""No skill knows an arm, its joints, or the scene: its code holds no name of one, and no time or chance of its own."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from skillkit import share
from skillkit.embodiment import Embodiment
from skillkit.library import check_skill

SCENE = {"cup_1", "cabinet", "cabinet_handle", "dispenser", "dispenser_spot", "dispenser_button", "tray", "table"}
FORBIDDEN_IMPORTS = {"time", "random", "datetime", "os", "rclpy", "mujoco", "pinocchio"}
FILES = sorted([*share.folders("skills")[0].glob("*/*.py"), *Path(share.PACKAGE / "policies").glob("*.py")])


def words(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)} | {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    return names | {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}


def imports(path: Path) -> set[str]:
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    plain = {alias.name.split(".")[0] for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    return plain | {(node.module or "").split(".")[0] for node in nodes if isinstance(node, ast.ImportFrom)}


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_a_policy_names_no_arm_no_joint_and_no_object_of_the_scene(path: Path) -> None:
    robots = [Embodiment.load(name) for name in share.files("urdf")]
    forbidden = SCENE | {robot.name for robot in robots} | {joint for robot in robots for joint in robot.joints} | {"JointTarget", "embodiment"}
    assert not words(path) & forbidden


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_a_policy_reads_no_clock_no_chance_and_no_hardware(path: Path) -> None:
    assert not imports(path) & FORBIDDEN_IMPORTS


@pytest.mark.parametrize("folder", sorted(path.parent for path in share.folders("skills")[0].glob("*/skill.yaml")), ids=lambda path: path.name)
def test_a_skill_names_objects_only_through_its_parameters(folder: Path) -> None:
    skill, _ = check_skill(folder)
    assert skill is not None
    conditions = [skill.success, *([skill.initiation] if skill.initiation else []), *(failure.when for failure in skill.failures), *skill.effects]
    assert not {name for condition in conditions for name in condition.objects} & SCENE
