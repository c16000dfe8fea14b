"""Fewer joints than the command: what is left free, what comes first, and what the residual says was lost."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from skillkit import share
from skillkit.embodiment import Embodiment
from skillkit.execution import Execution
from skillkit.kinematics import CartesianController
from skillkit.library import check_skill
from skillkit.option import Option
from skillkit.pose import Pose, rotation_from_vector
from skillkit.spaces import CartesianDelta

RATE = 100.0  # [Hz]
PRESS = share.folders("skills")[0] / "press"
LINE = next(i for i, line in enumerate((PRESS / "skill.yaml").read_text().splitlines(), 1) if line.startswith("action:"))


def followed(control: CartesianController, shift: tuple[float, float, float], turn: tuple[float, float, float], ticks: int = 400) -> np.ndarray:
    """The residual (6,) after steering to the present pose moved and turned in base axes."""
    start = control.target
    goal = Pose(start.position + np.array(shift), rotation_from_vector(np.array(turn)) @ start.rotation)
    sent = []
    for _ in range(ticks):
        sent.append(control.track(control.arm.home, goal).position)
    assert (np.abs(np.diff(sent, axis=0)) * RATE <= control.arm.velocity * (1.0 + 1e-9)).all()
    assert np.abs(np.diff(sent[-50:], axis=0)).mean() * RATE < 1e-3
    return control.residual


def test_five_joints_do_the_position_first_unless_rotation_is_asked_for() -> None:
    arm = Embodiment.load("so101")
    lost = {}
    for first in ("", "position", "rotation"):
        control = CartesianController(arm, RATE)
        control.aim((), first)
        residual = followed(control, (0.0, 0.03, 0.02), (0.0, 0.0, 0.3))
        lost[first] = np.linalg.norm(residual[:3]), np.linalg.norm(residual[3:])
    assert lost[""] == lost["position"]
    assert lost["position"][0] < 1e-5
    assert lost["position"][1] > 1e-2
    assert lost["rotation"][1] < 0.1 * lost["position"][1]
    assert lost["rotation"][0] > lost["position"][0]


def test_five_joints_with_the_turn_about_the_tool_free_reach_position_and_direction() -> None:
    arm = Embodiment.load("so101")
    control = CartesianController(arm, RATE)
    control.aim(("rx", "ry", "rz"))
    residual = followed(control, (0.0, 0.03, 0.02), (0.1, 0.2, 0.3))
    assert np.linalg.norm(residual[:3]) < 1e-6
    assert np.linalg.norm(residual[3:]) > 0.05


def test_a_scara_leaves_its_turn_free_and_reports_it() -> None:
    arm = Embodiment.load("scara4")
    control = CartesianController(arm, RATE)
    control.aim(("rz",))
    residual = followed(control, (-0.05, 0.05, 0.0), (0.0, 0.0, 0.5))
    assert np.linalg.norm(residual[:3]) < 1e-6
    assert abs(residual[5]) > 0.1


def test_a_planar_arm_whose_turn_is_free_has_a_joint_to_spare() -> None:
    arm = Embodiment.load("planar3")
    control = CartesianController(replace(arm, free=("rz",)), RATE)  # declared by the arm
    residual = followed(control, (-0.2, 0.05, 0.0), (0.0, 0.0, 1.0))
    assert np.linalg.norm(residual[:3]) < 1e-6
    assert abs(residual[5]) > 0.1


def test_a_free_turn_of_a_six_joint_arm_disturbs_nothing_that_is_steered() -> None:
    arm = Embodiment.load("ur5e")
    control = CartesianController(arm, RATE)
    control.aim(("rz",))
    start = control.target
    residual = followed(control, (0.05, -0.05, 0.03), tuple((start.rotation @ np.array([0.0, 0.0, 1.0])).tolist()))
    in_tool = control.target.rotation.T @ residual[3:]
    assert np.linalg.norm(residual[:3]) < 1e-6
    assert np.linalg.norm(in_tool[:2]) < 0.02  # the axis is that of the tool where it stands, not of its target
    control.aim()
    back = [control.track(arm.home, start).position for _ in range(800)]
    assert np.linalg.norm(control.residual) < 1e-6
    assert (np.abs(np.diff(back, 2, axis=0)) * RATE**2 <= arm.acceleration * (1.0 + 1e-9)).all()


def test_a_controller_restored_in_the_middle_goes_on_bit_for_bit() -> None:
    arm = Embodiment.load("ur5e")
    control, twin = CartesianController(arm, RATE), CartesianController(arm, RATE)
    control.aim(("rz", "x"), "position")
    delta = np.array([0.001, 0.001, 0.0, 0.0, 0.01, 0.02])
    for _ in range(30):
        control.step(arm.home, delta)
    twin.restore(control.snapshot())
    for _ in range(30):
        np.testing.assert_array_equal(control.step(arm.home, delta).position, twin.step(arm.home, delta).position)


def skill_with(folder: Path, action: str) -> Path:
    """The skill that presses, with more said of its action."""
    shutil.copytree(PRESS, folder)
    file = folder / "skill.yaml"
    file.write_text(file.read_text().replace("rate: 20 Hz}", f"rate: 20 Hz{action}}}"))
    return folder


def test_a_skill_declares_what_it_leaves_free_and_its_deltas_carry_it(tmp_path: Path) -> None:
    skill, problems = check_skill(skill_with(tmp_path / "press", ", free: [rz], first: position"))
    assert skill is not None, problems
    assert (skill.free, skill.first) == (("rz",), "position")
    assert (skill.option().free, skill.option().first) == (("rz",), "position")
    run = Execution(Option("press", object, free=("rz",), first="position"), {}, {"arm": "left"})  # type: ignore[arg-type]
    run._accept({"arm": CartesianDelta((0.0, 0.0, 0.0))}, 0.0)
    assert run.directives["left"].free == ("rz",)  # type: ignore[union-attr]
    assert run.directives["left"].first == "position"  # type: ignore[union-attr]


@pytest.mark.parametrize("action", [", free: [rq]", ", free: rz", ", free: [rz, rz]", ", first: speed", ", free: [x, y, z, rx, ry, rz]"])
def test_a_wrong_declaration_is_refused_on_its_line(tmp_path: Path, action: str) -> None:
    skill, problems = check_skill(skill_with(tmp_path / "press", action))
    assert skill is None
    assert [problem.line for problem in problems if problem.severity == "error"] == [LINE]
