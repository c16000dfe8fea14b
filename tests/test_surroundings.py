"""What a cell says of its arms' surroundings: read, checked, kept in a run's description, and kept clear of by the runtime's arms."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from skillkit.assembly import Description, System
from skillkit.assembly.system import arm_loop
from skillkit.cell import Cell
from skillkit.exceptions import InvalidFile

CELL = """\
cell: bench
boxes:
  - {name: bench, xyz: [0.5, 0, -0.05], size: [1.2, 1.6, 0.1]}
  - {name: rack, xyz: [0, 1, 0.5], rpy: [0, 0, 0.3], size: [0.2, 0.4, 1]}
arms:
  - name: left
    model: ur5e
    base: {xyz: [0, 0.6, 0]}
    avoid: {margin: 0.02, workspace: {lower: [-0.8, -0.8, 0], upper: [0.8, 0.8, 1.2]}, touching: [[base_link, bench]]}
  - {name: right, model: panda, base: {xyz: [0, -0.6, 0]}}
"""


def written(folder: Path, text: str) -> Path:
    (folder / "bench.yaml").write_text(text)
    return folder / "bench.yaml"


def test_boxes_of_the_world_are_seen_from_the_base_of_each_arm_that_avoids(tmp_path: Path) -> None:
    left, right = Cell.load(written(tmp_path, CELL)).arms
    assert right.avoid is None
    assert left.avoid is not None
    assert left.avoid.margin == 0.02
    assert left.avoid.workspace == ((-0.8, -0.8, 0.0), (0.8, 0.8, 1.2))
    np.testing.assert_allclose(left.avoid.boxes[0].pose.position, (0.5, -0.6, -0.05))
    assert [box.name for box in left.avoid.boxes] == ["bench", "rack"]


@pytest.mark.parametrize(
    ("was", "instead", "code", "line"),
    [
        ("margin: 0.02", "margin: 2", "out-of-range", 9),
        ("margin: 0.02", "margins: 0.02", "unknown-word", 9),
        ("lower: [-0.8, -0.8, 0]", "lower: [-0.8, -0.8, 2]", "out-of-range", 9),
        ("touching: [[base_link, bench]]", "touching: [base_link, bench]", "wrong-type", 9),
        ("size: [1.2, 1.6, 0.1]", "size: [1.2, 1.6, 0]", "out-of-range", 3),
        ("size: [1.2, 1.6, 0.1]", "size: 1.2", "wrong-type", 3),
        ("name: rack", "name: bench", "duplicate-name", 4),
    ],
)
def test_a_wrong_word_is_found_on_its_line(tmp_path: Path, was: str, instead: str, code: str, line: int) -> None:
    with pytest.raises(InvalidFile) as found:
        Cell.load(written(tmp_path, CELL.replace(was, instead)))
    assert (code, line) in [(problem.code, problem.line) for problem in found.value.problems]


def test_boxes_that_no_arm_avoids_are_refused(tmp_path: Path) -> None:
    text = "\n".join(line for line in CELL.splitlines() if "avoid" not in line)
    with pytest.raises(InvalidFile, match="no arm of the cell avoids them"):
        Cell.load(written(tmp_path, text))


def test_a_run_says_what_its_arms_avoided_and_is_rebuilt_with_it(tmp_path: Path) -> None:
    cell = Cell.load(written(tmp_path, CELL))
    description = Description.from_attachments(Description.of(System(cell, {}), {}).attachments())
    description.write_to(tmp_path / "scratch")
    left, right = description.cell_in(tmp_path / "scratch").arms
    assert right.avoid is None
    assert left.avoid is not None
    assert cell.arms[0].avoid is not None
    assert left.avoid.plain() == cell.arms[0].avoid.plain()


def test_the_runtime_drives_the_arm_around_them(tmp_path: Path) -> None:
    loop = arm_loop(Cell.load(written(tmp_path, CELL)).arms[0])
    control, position = loop.controller, loop.embodiment.home
    lowest, words = 1.0, set()
    for _ in range(400):
        step = control.step(position, np.array([0.0, 0.0, -0.002, 0.0, 0.0, 0.0]))
        position = step.position
        words.update(step.active_limits)
        lowest = min(lowest, float(loop.kinematics.forward(position).position[2]))
    assert lowest > 0.02
    assert any(word.startswith("collision:") for word in words)
