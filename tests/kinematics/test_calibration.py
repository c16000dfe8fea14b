"""Kinematics from a robot's own description, and how far it is from the model."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from skillkit.embodiment import Embodiment
from skillkit.exceptions import InvalidFile, UnknownName
from skillkit.hardware import GripperHardware, Hardware
from skillkit.kinematics import ArmKinematics
from skillkit.kinematics.calibration import tool_difference
from skillkit.pose import Pose
from skillkit.robot_description import robot_as_described, slowed

PANDA = Embodiment.load("panda")
URDF = PANDA.urdf.read_text(encoding="utf-8")


def lengthened(by: float) -> str:
    """The Panda's URDF with its tool ``by`` metres further out."""
    joint = re.search(r'<child link="panda_tool"/>\s*<origin xyz="0 0 ([\d.]+)"', URDF)
    assert joint is not None
    return URDF.replace(joint.group(0), joint.group(0).replace(joint.group(1), str(float(joint.group(1)) + by)))


def prefixed(text: str, prefix: str) -> str:
    return re.sub(r'((?:name|link|joint)=")(panda_\w+")', rf"\g<1>{prefix}\g<2>", text)


def test_a_description_equal_to_the_model_differs_by_nothing(tmp_path: Path) -> None:
    described = robot_as_described(PANDA, URDF, Hardware(), "same", tmp_path)
    difference = tool_difference(PANDA, described)
    assert difference.distance < 1e-12
    assert difference.agrees


@pytest.mark.parametrize("off", [0.0009, 0.0011, 0.003])
def test_a_tool_that_is_longer_differs_by_just_that_everywhere(tmp_path: Path, off: float) -> None:
    difference = tool_difference(PANDA, robot_as_described(PANDA, lengthened(off), Hardware(), "longer", tmp_path))
    assert difference.distance == pytest.approx(off, abs=1e-9)
    assert difference.agrees is (off <= 0.001)
    assert f"{1e3 * off:.2f} mm" in str(difference)


def test_a_prefixed_description_gives_prefixed_joints_and_the_same_kinematics(tmp_path: Path) -> None:
    described = robot_as_described(PANDA, prefixed(URDF, "left_"), Hardware(prefix="left_"), "left", tmp_path)
    assert described.joints == tuple(f"left_{joint}" for joint in PANDA.joints)
    assert tool_difference(PANDA, described).distance < 1e-12


def test_a_tool_fixed_to_a_link_of_the_robot_stands_where_the_cell_says(tmp_path: Path) -> None:
    tool = Pose.from_rpy([0.01, -0.02, 0.15], [0.3, -0.2, 0.7])
    described = robot_as_described(PANDA, URDF.replace("panda_tool", "other"), Hardware(tool_parent="panda_link8", tool=tool), "own", tmp_path)
    flange = ArmKinematics(replace(described, tool="panda_link8")).forward(PANDA.home)
    found = ArmKinematics(described).forward(PANDA.home)
    np.testing.assert_allclose(found.position, (flange @ tool).position, atol=1e-12)
    np.testing.assert_allclose(found.rotation, (flange @ tool).rotation, atol=1e-12)


def test_a_description_without_the_fingers_still_gives_a_model_with_a_gripper(tmp_path: Path) -> None:
    hardware = Hardware(gripper=GripperHardware(joint="knuckle_joint"))
    described = robot_as_described(PANDA, URDF, hardware, "gripped", tmp_path)
    assert described.gripper is not None
    assert described.gripper.joints == ("knuckle_joint",)


def test_the_tighter_limits_of_model_and_description_count(tmp_path: Path) -> None:
    tight = replace(PANDA, lower=PANDA.lower + 0.1)
    described = robot_as_described(tight, URDF.replace('velocity="2.175"', 'velocity="1.0"'), Hardware(), "tight", tmp_path)
    np.testing.assert_allclose(described.lower, PANDA.lower + 0.1)
    assert described.velocity.min() == 1.0
    np.testing.assert_allclose(described.acceleration, PANDA.acceleration)


def test_a_described_robot_is_a_model_that_can_be_loaded_by_its_file(tmp_path: Path) -> None:
    described = robot_as_described(PANDA, URDF, Hardware(), "robot_7", tmp_path)
    again = Embodiment.load(tmp_path / "robot_7.yaml")
    assert (again.name, again.joints) == (described.name, described.joints)
    np.testing.assert_array_equal(slowed(again, 0.1).velocity, described.velocity * 0.1)


def test_a_link_or_joint_that_the_robot_does_not_have_is_named(tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match="panda_link9"):
        robot_as_described(PANDA, URDF, Hardware(tool_parent="panda_link9"), "x", tmp_path)
    with pytest.raises(UnknownName, match="right_panda_joint1"):
        robot_as_described(PANDA, URDF, Hardware(prefix="right_"), "x", tmp_path)
    with pytest.raises(InvalidFile):
        robot_as_described(PANDA, "no xml", Hardware(), "x", tmp_path)
