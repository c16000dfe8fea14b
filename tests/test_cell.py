from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from skillkit.cell import Cell
from skillkit.exceptions import InvalidFile
from skillkit.hardware import Hardware, Pin

WHOLE = """
cell: lab
arms:
  - name: left
    model: panda
    base: {xyz: [0, 0.5, 0]}
    namespace: cell_a/left
    hardware:
      serial: 12345
      driver: forward_position
      controller: fast_controller
      prefix: left_
      tool_parent: left_flange
      tool: {xyz: [0, 0, 0.2]}
      first_speed: 0.05
      status: ur
      signals: {door_closed: {digital_in: 3}}
      gripper: {driver: franka, finger_factor: 1, force: 30, epsilon: {inner: 0.003, outer: 0.004}, homing: true}
  - {name: right, model: panda}
cameras:
  - {name: wrist, frame: wrist_optical, on: left, xyz: [0.05, 0, 0]}
objects: {cup_1: [0.07, 0.07, 0.09]}
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "lab.yaml"
    path.write_text(text)
    return path


def problems(folder: Path, text: str) -> list[tuple[str, int]]:
    with pytest.raises(InvalidFile) as caught:
        Cell.load(written(folder, text))
    return [(problem.code, problem.line) for problem in caught.value.problems]


def test_a_cell_says_how_each_real_arm_is_reached(tmp_path: Path) -> None:
    cell = Cell.load(written(tmp_path, WHOLE))
    left, right = cell.arms
    assert (left.hardware.serial, left.hardware.driver, left.hardware.controller) == ("12345", "forward_position", "fast_controller")
    assert (left.namespace, left.hardware.prefix, left.hardware.first_speed) == ("cell_a/left", "left_", 0.05)
    assert (left.hardware.gripper.driver, left.hardware.gripper.finger_factor, left.hardware.gripper.force) == ("franka", 1.0, 30.0)
    assert (left.hardware.gripper.controller, left.hardware.gripper.epsilon, left.hardware.gripper.homing) == ("franka_gripper", (0.003, 0.004), True)
    assert left.hardware.signals == {"door_closed": Pin("digital_in", 3)}
    np.testing.assert_allclose(left.hardware.tool.position, [0.0, 0.0, 0.2])
    assert (right.hardware, right.namespace) == (Hardware(), None)


def test_cameras_and_objects_of_a_cell_are_read(tmp_path: Path) -> None:
    cell = Cell.load(written(tmp_path, WHOLE))
    assert [(camera.frame, camera.on) for camera in cell.cameras] == [("wrist_optical", "left")]
    np.testing.assert_allclose(cell.objects["cup_1"], [0.07, 0.07, 0.09])


@pytest.mark.parametrize(
    ("was", "written_as", "code"),
    [
        ("driver: forward_position", "driver: forwards_position", "unknown-driver"),
        ("driver: franka", "driver: suction", "unknown-driver"),
        ("first_speed: 0.05", "first_speed: 5", "out-of-range"),
        ("first_speed: 0.05", "first_speed: 0", "out-of-range"),
        ("serial: 12345", "serial: [1]", "wrong-type"),
        ("tool_parent: left_flange", "prefixes: left_", "unknown-word"),
        ("tool_parent: left_flange", "# none", "missing"),
        ("on: left", "on: lefd", "unknown-arm"),
        ("[0.07, 0.07, 0.09]", "[0.07, 0.07]", "wrong-type"),
        ("name: right", "name: left", "duplicate-name"),
        ("namespace: cell_a/left", "namespace: 3", "wrong-type"),
        ("digital_in: 3", "digital_inn: 3", "unknown-word"),
        ("digital_in: 3", "digital_in: 18", "out-of-range"),
        ("{digital_in: 3}", "3", "wrong-type"),
        ("status: ur", "status: franka", "missing"),
        ("driver: franka, finger", "driver: forward, finger", "unknown-word"),
        ("inner: 0.003", "inner: 3", "out-of-range"),
        ("homing: true", "homing: 1", "wrong-type"),
    ],
)
def test_a_wrong_word_of_the_hardware_is_found_on_its_line(tmp_path: Path, was: str, written_as: str, code: str) -> None:
    line = next(number for number, text in enumerate(WHOLE.splitlines(), 1) if was in text)
    assert (code, line) in problems(tmp_path, WHOLE.replace(was, written_as)) or code == "missing"
    assert code in [found for found, _ in problems(tmp_path, WHOLE.replace(was, written_as))]


def test_two_arms_cannot_have_the_same_serial(tmp_path: Path) -> None:
    text = WHOLE.replace("{name: right, model: panda}", "{name: right, model: panda, hardware: {serial: '12345'}}")
    assert [code for code, _ in problems(tmp_path, text)] == ["duplicate-name"]


def test_two_arms_cannot_have_a_signal_of_the_same_name(tmp_path: Path) -> None:
    text = WHOLE.replace("{name: right, model: panda}", "{name: right, model: panda, hardware: {status: ur, signals: {door_closed: {digital_in: 0}}}}")
    assert [code for code, _ in problems(tmp_path, text)] == ["duplicate-name"]
