"""Pulls towards points: known answers, and places that were never shown."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the extra 'learn' is not installed")

from skillkit.exceptions import InvalidValue, UnknownName  # noqa: E402
from skillkit.learn.acting import Acting  # noqa: E402
from skillkit.learn.pulls import GAIN, PACE, REACH, WIDTH, Pulls  # noqa: E402
from skillkit.learn.training import Training  # noqa: E402

POINTS = {"goal": [3, 4, 5], "tool": [0, 1, 2]}
TOOL, SEEN, ORIGIN = range(3)  # the order of what is pulled to
FIRST = torch.tensor([0])


def sure_of(anchor: int, level: int = 0) -> torch.Tensor:
    """(1, 1, numbers) of a network that is sure of the only pull to one point, and of one level."""
    axis = [50.0 if number == anchor else 0.0 for number in range(3)]
    return torch.tensor([[[*axis * 3, 50.0 if level == 0 else 0.0]]])


def test_a_network_that_is_sure_pulls_the_tool_to_its_point() -> None:
    made, raw = Pulls(1, 3, 1, POINTS), torch.tensor([[[0.10, 0.20, 0.30, 0.12, 0.15, 0.90]]])
    assert made([sure_of(SEEN)[..., :9]], raw, FIRST)[0, 0].tolist() == pytest.approx([GAIN * 0.02, -GAIN * 0.05, 1.0], abs=1e-5)
    made.offsets.data[0, :, ORIGIN] = 0.1 / PACE
    assert made([sure_of(ORIGIN)[..., :9]], raw, FIRST)[0, 0].tolist() == pytest.approx([GAIN * (REACH * 0.1 - 0.1), -1.0, -1.0], abs=1e-5)


def test_each_task_has_pulls_of_its_own() -> None:
    made, raw = Pulls(2, 3, 1, POINTS), torch.zeros(2, 1, 6)
    made.offsets.data[1, :, SEEN] = 0.5 / (GAIN * REACH * PACE)
    found = made([sure_of(SEEN)[..., :9].expand(2, -1, -1)], raw, torch.tensor([0, 1]))
    assert found[:, 0, 0].tolist() == pytest.approx([0.0, 0.5], abs=1e-5)


def test_what_is_pulled_to_a_point_does_not_change_when_everything_is_moved() -> None:
    made, raw = Pulls(1, 3, 1, POINTS), torch.randn(1, 5, 6) * 0.05
    found = sure_of(SEEN)[..., :9].expand(1, 5, -1)
    torch.testing.assert_close(made([found], raw + 0.5, FIRST), made([found], raw, FIRST), atol=1e-4, rtol=1e-4)


def test_the_loss_is_the_negative_logarithm_of_the_mixture() -> None:
    made, raw = Pulls(1, 3, 1, POINTS), torch.zeros(1, 1, 6)  # whatever acts says: stay
    found, wanted = torch.randn(1, 1, 9), torch.tensor([[[0.05, 0.0, -0.1]]])
    assert made.loss(found, wanted, raw, FIRST)[0, 0].tolist() == pytest.approx([0.05 / WIDTH, 0.0, 0.1 / WIDTH], abs=1e-4)


def test_pulls_begin_where_demonstrations_of_a_controller_put_them() -> None:
    torch.manual_seed(0)
    made, raw = Pulls(1, 4, 2, POINTS), torch.rand(400, 6) * 0.1
    done = torch.cat([GAIN * (raw[:, 3:] + torch.tensor([0.01, 0.02, 0.03]) - raw[:, :3]), torch.ones(400, 1)], dim=1)
    done[0, :3] = torch.tensor([2.0, -2.0, 2.0])  # the largest action
    made.begin(raw, done, [400])
    known = made.of(FIRST)
    assert known.offsets[0, :, 2 * SEEN].tolist() == pytest.approx([0.005, 0.01, 0.015], abs=0.03)
    assert made.largest.tolist() == [2.0, 2.0, 2.0, 1.0]
    assert known.levels[0, 0].tolist() == [1.0, 1.0]


def test_levels_begin_at_both_ends_however_rare_one_of_them_is() -> None:
    made, done = Pulls(1, 4, 3, POINTS), torch.ones(400, 4)
    done[0, 3] = -1.0
    made.begin(torch.rand(400, 6), done, [400])
    assert made.of(FIRST).levels[0, 0].tolist() == pytest.approx([-1.0, 0.0, 1.0])


def test_a_point_that_was_found_is_reached_from_where_nothing_was_shown_once_samples_are_moved_together(configured: Callable, tmp_path: Path) -> None:
    Training(configured(tasks="approach", pulls=2, shift=1.0, steps=400, batch=64, rate=1e-2), tmp_path).run()
    seen = np.array([0.05, 0.02, -0.04, 0.1, -0.03, 0.0]) + np.tile([1.0, 1.0, 0.0], 2)
    assert Acting(tmp_path).of("approach")(seen)[:2] == pytest.approx((seen[3:] - seen[:3])[:2], abs=0.03)


def test_a_task_that_was_never_shown_has_no_pulls_whatever_it_is_called(configured: Callable, tmp_path: Path) -> None:
    Training(configured(pulls=2, condition="language", steps=1), tmp_path).run()
    with pytest.raises(UnknownName, match="approach"):
        Acting(tmp_path).of("approach_slowly", "approach the goal slowly")


def test_without_a_tool_there_is_nothing_to_pull() -> None:
    with pytest.raises(InvalidValue, match="tool"):
        Pulls(1, 3, 2, {"goal": [0, 1, 2]})
