"""Robot models and cells: every shipped one loads; every wrong one is refused with its place; any URDF gives an arm."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from skillkit import share
from skillkit.cell import Cell
from skillkit.embodiment import Embodiment
from skillkit.exceptions import InvalidFile, InvalidValue, UnknownName
from skillkit.urdf import UrdfTree

URDF = """<robot name="two"><link name="base"/><link name="upper"/><link name="fore"/><link name="tip"/>
<joint name="shoulder" type="continuous"><parent link="base"/><child link="upper"/><axis xyz="0 0 1"/><limit velocity="2" effort="10"/></joint>
<joint name="elbow" type="revolute"><parent link="upper"/><child link="fore"/><axis xyz="0 0 1"/><limit lower="-1" upper="2" velocity="3" effort="5"/></joint>
<joint name="end" type="fixed"><parent link="fore"/><child link="tip"/></joint></robot>"""
MODEL = """robot: two
urdf: two.urdf
base: base
tool: tip
joints: [shoulder, elbow]
home: [0, 0.5]
limits:
  acceleration: [5, 6]
gripper: {joints: [elbow], open: 0.04, closed: 0.0, width: 0.08, force: 20, speed: 0.1}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "two.urdf").write_text(URDF)
    (tmp_path / "two.yaml").write_text(MODEL)
    return tmp_path


@pytest.mark.parametrize("name", sorted(path.stem for path in share.folders("urdf")[0].glob("*.yaml")))
def test_every_shipped_robot_loads_and_is_consistent(name: str) -> None:
    arm = Embodiment.load(name)
    assert arm.name == name
    assert np.all(arm.lower < arm.upper)
    assert np.all((arm.lower <= arm.home) & (arm.home <= arm.upper))
    assert np.all(arm.velocity > 0)
    assert np.all(arm.acceleration > 0)
    assert np.all(arm.jerk > 0)
    assert len(arm.home) == arm.n


@pytest.mark.parametrize("name", sorted(path.stem for path in share.folders("cells")[0].glob("*.yaml")))
def test_every_shipped_cell_loads(name: str) -> None:
    assert Cell.load(name).arms


def test_what_the_model_leaves_out_is_read_from_the_urdf(folder: Path) -> None:
    arm = Embodiment.load(folder / "two.yaml")
    assert arm.velocity.tolist() == [2.0, 3.0]
    assert arm.acceleration.tolist() == [5.0, 6.0]
    assert (arm.lower[1], arm.upper[1]) == (-1.0, 2.0)


def test_any_urdf_gives_an_arm_from_its_root_to_its_deepest_link(folder: Path) -> None:
    arm = Embodiment.from_urdf(folder / "two.urdf")
    assert (arm.base, arm.joints) == ("base", ("shoulder", "elbow"))
    assert Embodiment.from_urdf(folder / "two.urdf", joints=["elbow"]).joints == ("elbow",)


def test_a_joint_that_mimics_another_is_not_one_of_the_arms(folder: Path) -> None:
    (folder / "two.urdf").write_text(URDF.replace('effort="5"/>', 'effort="5"/><mimic joint="shoulder" multiplier="2" offset="0.1"/>'))
    arm = Embodiment.from_urdf(folder / "two.urdf", tool="tip")
    assert arm.joints == ("shoulder",)
    follower = UrdfTree.read(folder / "two.urdf").joints["elbow"]
    assert (follower.mimics, follower.multiplier, follower.offset) == ("shoulder", 2.0, 0.1)


def test_a_joint_without_a_range_is_refused_with_what_to_do(folder: Path) -> None:
    (folder / "two.urdf").write_text(URDF.replace('lower="-1" upper="2" ', ""))
    with pytest.raises(InvalidValue, match="limits of elbow"):
        Embodiment.from_urdf(folder / "two.urdf")


def test_a_speed_that_the_urdf_leaves_at_zero_counts_as_unsaid(folder: Path) -> None:
    (folder / "two.urdf").write_text(URDF.replace('velocity="3"', 'velocity="0"'))
    assert Embodiment.from_urdf(folder / "two.urdf").velocity.tolist() == [2.0, 1.0]


@pytest.mark.parametrize(
    ("arguments", "words"), [({"base": "bse"}, "did you mean 'base'"), ({"tool": "tap"}, "did you mean 'tip'"), ({"joints": ["elbo"]}, "did you mean 'elbow'")]
)
def test_a_wrong_name_gets_the_nearest_one(folder: Path, arguments: dict[str, object], words: str) -> None:
    with pytest.raises(UnknownName, match=words):
        Embodiment.from_urdf(folder / "two.urdf", **arguments)  # type: ignore[arg-type]


def test_a_tool_that_does_not_hang_on_the_base_is_refused(folder: Path) -> None:
    with pytest.raises(InvalidValue, match="below 'tip'"):
        Embodiment.from_urdf(folder / "two.urdf", base="tip", tool="upper")


@pytest.mark.parametrize(
    ("old", "new", "code", "line"),
    [
        ("joints: [shoulder, elbow]", "joints: [shoulder, elbo]", "unknown-joint", 5),
        ("tool: tip", "tool: tap", "unknown-link", 4),
        ("tool: tip\n", "", "missing", 1),
        ("home: [0, 0.5]", "home: [0, 2.5]", "out-of-range", 6),
        ("home: [0, 0.5]", "home: [0]", "wrong-type", 6),
        ("acceleration: [5, 6]", "acceleration: [5, -6]", "out-of-range", 8),
        ("acceleration: [5, 6]", "acceleration: [5, .nan]", "wrong-type", 8),
        ("closed: 0.0", "closed: 0.04", "out-of-range", 9),
        ("urdf: two.urdf", "urdf: three.urdf", "unknown-file", 2),
        ("home:", "hom:", "unknown-word", 6),
        ("robot: two", "- robot", "yaml-syntax", 2),
    ],
)
def test_a_wrong_model_is_refused_at_its_line(folder: Path, old: str, new: str, code: str, line: int) -> None:
    (folder / "two.yaml").write_text(MODEL.replace(old, new))
    with pytest.raises(InvalidFile) as caught:
        Embodiment.load(folder / "two.yaml")
    assert (code, line) in [(problem.code, problem.line) for problem in caught.value.problems]


@pytest.mark.parametrize("text", ["", "<robot", "<a/>", "<robot name='x'/>", URDF.replace('"3"', '"fast"'), "\x00"])
def test_a_broken_urdf_is_refused_without_a_traceback(folder: Path, text: str) -> None:
    (folder / "two.urdf").write_text(text)
    with pytest.raises((InvalidFile, InvalidValue, UnknownName)):
        Embodiment.load(folder / "two.yaml")


def test_two_arms_of_one_cell_need_two_names(folder: Path) -> None:
    (folder / "cell.yaml").write_text("cell: c\narms:\n  - {name: a, model: panda}\n  - {name: a, model: panda}\n")
    with pytest.raises(InvalidFile, match="two arms are named 'a'"):
        Cell.load(folder / "cell.yaml")


def test_a_cell_with_an_unknown_robot_names_the_nearest(folder: Path) -> None:
    (folder / "cell.yaml").write_text("cell: c\narms:\n  - {name: a, model: pandas}\n")
    with pytest.raises(InvalidFile, match="did you mean 'panda'"):
        Cell.load(folder / "cell.yaml")
