"""Pulls towards points: known answers, and places that were never shown."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the extra 'learn' is not installed")

from skillkit.exceptions import InvalidValue  # noqa: E402
from skillkit.learn.acting import Acting  # noqa: E402
from skillkit.learn.attractors import GAIN, REACH, WIDTH, Attractors  # noqa: E402
from skillkit.learn.training import Training  # noqa: E402

POINTS = {"goal": [3, 4, 5], "tool": [0, 1, 2]}


def output_for(point: int, offset: float, share: float) -> list[float]:
    """One mode that is sure of a point: the tool is 0, the goal 1, the origin 2."""
    weights = [50.0 if number == point else 0.0 for number in range(3)] * 3
    return [*weights, offset, offset, offset, 0.0, share]


def test_a_mode_that_is_sure_pulls_the_tool_to_its_point() -> None:
    made = Attractors(3, 2, POINTS)
    found = torch.tensor([[[*output_for(1, 0.0, 20.0), *output_for(2, 0.1, 0.0)]]])
    raw = torch.tensor([[[0.10, 0.20, 0.30, 0.12, 0.15, 0.90]]])
    assert made([found], raw)[0, 0].tolist() == pytest.approx([GAIN * 0.02, -GAIN * 0.05, 1.0])
    other = torch.tensor([[[*output_for(1, 0.0, 0.0), *output_for(2, 0.1, 20.0)]]])
    assert made([other], raw)[0, 0].tolist() == pytest.approx([GAIN * (REACH * 0.1 - 0.1), -1.0, -1.0])


def test_what_is_pulled_to_a_point_does_not_change_when_everything_is_moved() -> None:
    made, raw = Attractors(3, 1, POINTS), torch.randn(2, 5, 6) * 0.05
    found = torch.tensor(output_for(1, 0.2, 0.0)).expand(2, 5, -1)
    torch.testing.assert_close(made([found], raw + 0.5), made([found], raw), atol=1e-4, rtol=1e-4)


def test_the_loss_is_the_negative_logarithm_of_the_mixture() -> None:
    made = Attractors(3, 2, POINTS)
    found = torch.tensor([[[*output_for(1, 0.0, 0.0), *output_for(0, 0.0, 0.0)]]])
    raw, wanted = torch.zeros(1, 1, 6), torch.tensor([[[0.05, 0.0, 0.0]]])  # both modes say: stay
    assert float(made.loss(found, wanted, raw).sum()) == pytest.approx(0.05 / WIDTH, rel=1e-4)


def test_a_point_that_was_found_is_reached_from_where_nothing_was_shown(configured: Callable, tmp_path: Path) -> None:
    Training(configured(tasks="approach", modes=2, steps=200, batch=64, rate=1e-2), tmp_path).run()
    seen = np.array([0.05, 0.02, -0.04, 0.1, -0.03, 0.0]) + 1.0
    assert Acting(tmp_path).of("approach")(seen) == pytest.approx(seen[3:] - seen[:3], abs=0.15)


def test_without_a_tool_there_is_nothing_to_pull() -> None:
    with pytest.raises(InvalidValue, match="tool"):
        Attractors(3, 2, {"goal": [0, 1, 2]})
