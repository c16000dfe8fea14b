"""The conflict matrix: known cosines, over several updates, on disk and after a resume."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: pip install 'skillkit[learn]'")
pytest.importorskip("scipy", reason="scipy is not installed: pip install 'skillkit[learn]'")

from skillkit.learn.gradients import ConflictMatrix  # noqa: E402

GRADIENTS = torch.tensor([[2.0, 0.0], [0.0, 1.0], [-3.0, 0.0], [0.0, 0.0]])
TASKS = ["push", "pull", "lift", "idle"]


def updated() -> ConflictMatrix:
    matrix = ConflictMatrix(TASKS)
    matrix.update(GRADIENTS, 0)
    matrix.update(torch.tensor([[1.0, 0.0], [1.0, 1.0], [1.0, 0.0], [0.0, 0.0]]), 10)
    return matrix


def test_cosines_are_averaged_and_conflicts_counted() -> None:
    matrix, half = updated(), np.sqrt(0.5) / 2
    np.testing.assert_allclose(matrix.mean(), [[1, half, 0, 0], [half, 1, half, 0], [0, half, 1, 0], [0, 0, 0, 0]], atol=1e-6)
    np.testing.assert_allclose(matrix.conflicting()[0], [0, 0, 0.5, 0])
    assert matrix.as_dict()["course"][0] == {"step": 0, "mean_cosine": pytest.approx(-1 / 6, abs=1e-4), "conflicting_share": pytest.approx(1 / 6, abs=1e-4)}


def test_it_is_saved_as_picture_and_numbers(tmp_path: Path) -> None:
    image = pytest.importorskip("PIL.Image", reason="Pillow is not installed: pip install 'skillkit[learn]'")
    updated().save(tmp_path)
    found = json.loads((tmp_path / "conflict.json").read_text())
    assert found["worst"][0][2] <= found["worst"][-1][2]
    assert found["updates"] == 2
    assert np.load(tmp_path / "conflict.npy").shape == (2, 4, 4)
    with image.open(tmp_path / "conflict.png") as picture:
        colours = {colour for _, colour in picture.convert("RGB").getcolors(1 << 16)}
    assert (33, 102, 172) in colours, "a task agrees with itself: full blue"


def test_the_picture_is_red_where_tasks_conflict() -> None:
    pytest.importorskip("PIL.Image", reason="Pillow is not installed: pip install 'skillkit[learn]'")
    from skillkit.learn.heat_map import heat_map

    names = [str(number) for number in range(50)]
    picture = heat_map(-np.ones((50, 50)), names, "all against all")
    assert (178, 24, 43) in {colour for _, colour in picture.getcolors(1 << 16)}


def test_it_goes_on_after_a_resume() -> None:
    first, second = updated(), ConflictMatrix(TASKS)
    second.load_state_dict(first.state_dict())
    for matrix in (first, second):
        matrix.update(GRADIENTS, 20)
    assert first.as_dict() == second.as_dict()
