"""Small arms written as URDF for these tests alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from skillkit.embodiment import Embodiment
from skillkit.pose import frozen


def _urdf(name: str, joints: list[tuple[str, str, str, str]], tip: str) -> str:
    """``joints`` as (name, type, origin attributes, axis); limits ±2.8 where the type has them."""
    links = ["base_link", *(f"link{i + 1}" for i in range(len(joints))), "tip"]
    parts = [f"<robot name='{name}'>", *(f"<link name='{link}'/>" for link in links)]
    for i, (joint, kind, origin, axis) in enumerate(joints):
        limit = "" if kind == "fixed" else "<limit lower='-2.8' upper='2.8' velocity='2' effort='50'/>"
        ends = f"<parent link='{links[i]}'/><child link='{links[i + 1]}'/>"
        parts.append(f"<joint name='{joint}' type='{kind}'>{ends}<origin {origin}/><axis xyz='{axis}'/>{limit}</joint>")
    parts.append(f"<joint name='tip_joint' type='fixed'><parent link='{links[-2]}'/><child link='tip'/><origin {tip}/></joint></robot>")
    return "".join(parts)


@pytest.fixture(scope="session")
def planar_arm(tmp_path_factory: pytest.TempPathFactory) -> Embodiment:
    """Three parallel joints, links of 0.5, 0.4 and 0.3 m along x."""
    joints = [
        ("j1", "revolute", "xyz='0 0 0'", "0 0 1"),
        ("j2", "revolute", "xyz='0.5 0 0'", "0 0 1"),
        ("j3", "revolute", "xyz='0.4 0 0'", "0 0 1"),
    ]
    path = Path(tmp_path_factory.mktemp("planar")) / "planar.urdf"
    path.write_text(_urdf("planar", joints, "xyz='0.3 0 0'"))
    return Embodiment.from_urdf(path, base="base_link", tool="tip")


@pytest.fixture(scope="session")
def odd_arm(tmp_path_factory: pytest.TempPathFactory) -> Embodiment:
    """Continuous joints, a slide, a base above the root, joints commanded in another order than the chain's, and one joint, named as its link, left locked."""
    joints = [
        ("pedestal", "fixed", "xyz='0.1 0.2 0.3' rpy='0.3 -0.2 0.5'", "0 0 1"),
        ("spin", "continuous", "xyz='0 0 0.3'", "0 0 1"),
        ("lift", "prismatic", "xyz='0 0 0.1'", "0 0 1"),
        ("shoulder", "revolute", "xyz='0.1 0 0' rpy='1.2 0 0'", "0 1 0"),
        ("link5", "revolute", "xyz='0.05 0 0'", "1 0 0"),
        ("elbow", "revolute", "xyz='0.3 0 0' rpy='0 0.4 0'", "0 0 1"),
        ("wrist", "continuous", "xyz='0.25 0 0'", "1 0 0"),
        ("bend", "revolute", "xyz='0.1 0 0'", "0 1 0"),
    ]
    path = Path(tmp_path_factory.mktemp("odd")) / "odd.urdf"
    path.write_text(_urdf("odd", joints, "xyz='0.1 0 0.05' rpy='0 1.5707963 0'"))
    return Embodiment.from_urdf(path, base="link1", tool="tip", joints=["wrist", "spin", "lift", "shoulder", "bend", "elbow"])


@pytest.fixture(scope="session")
def seven_arm(tmp_path_factory: pytest.TempPathFactory) -> Embodiment:
    """Seven joints, alternately about z and y, bent at home."""
    axes = ("0 0 1", "0 1 0", "0 0 1", "0 -1 0", "0 0 1", "0 -1 0", "0 0 -1")
    heights = (0.3, 0.0, 0.3, 0.0, 0.35, 0.0, 0.0)
    joints = [(f"j{i + 1}", "revolute", f"xyz='{0.08 if i == 6 else 0.0} 0 {heights[i]}'", axes[i]) for i in range(7)]
    path = Path(tmp_path_factory.mktemp("seven")) / "seven.urdf"
    path.write_text(_urdf("seven", joints, "xyz='0 0 -0.2' rpy='3.14159265 0 0'"))
    arm = Embodiment.from_urdf(path, base="base_link", tool="tip")
    home = np.array([0.0, 0.3, 0.0, -1.6, 0.0, 1.9, 0.0])
    return replace(arm, home=home)


@pytest.fixture(scope="session")
def following_arm(tmp_path_factory: pytest.TempPathFactory) -> Embodiment:
    """A palletiser: a wrist kept level by two joints that mimic the shoulder and the elbow; a slide mimicked by a second stage."""
    joints = [
        ("turn", "continuous", "xyz='0 0 0.2'", "0 0 1"),
        ("shoulder", "revolute", "xyz='0.1 0 0.2'", "0 1 0"),
        ("elbow", "revolute", "xyz='0.4 0 0'", "0 1 0"),
        ("level_a", "revolute", "xyz='0.4 0 0'", "0 1 0"),
        ("level_b", "revolute", "xyz='0 0 0'", "0 1 0"),
        ("stage_1", "prismatic", "xyz='0.05 0 0' rpy='0 0 0.3'", "1 0 0"),
        ("stage_2", "prismatic", "xyz='0.1 0 0'", "1 0 0"),
        ("wrist", "revolute", "xyz='0.1 0 0'", "0 0 1"),
    ]
    text = _urdf("following", joints, "xyz='0.1 0 -0.05'")
    for name, follow in (
        ("level_a", "joint='shoulder' multiplier='-1'"),
        ("level_b", "joint='elbow' multiplier='-1' offset='0.2'"),
        ("stage_2", "joint='stage_1' multiplier='0.5'"),
    ):
        end = text.index("</joint>", text.index(f"<joint name='{name}'"))
        text = text[:end] + f"<mimic {follow}/>" + text[end:]
    path = Path(tmp_path_factory.mktemp("following")) / "following.urdf"
    path.write_text(text)
    arm = Embodiment.from_urdf(path, base="base_link", tool="tip")
    short = np.where(np.array(arm.joints) == "stage_1", 0.2, 2.8)
    return replace(arm, lower=frozen(-short), upper=frozen(short))


@pytest.fixture(params=["planar_arm", "odd_arm", "seven_arm", "following_arm", "panda"])
def arm(request: pytest.FixtureRequest) -> Embodiment:
    """Every arm of these tests and the Panda that comes with the library."""
    return Embodiment.load("panda") if request.param == "panda" else request.getfixturevalue(request.param)
