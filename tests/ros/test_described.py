"""What a robot says of itself, at activation."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("rclpy")
pytestmark = pytest.mark.ros

from skillkit.cell import Cell  # noqa: E402
from skillkit.ros.described import WrongRobot, described_model  # noqa: E402

ARM = Cell.of_robot("panda").arms[0]


def with_tool_at(height: float) -> str:
    return ARM.embodiment.urdf.read_text(encoding="utf-8").replace('xyz="0 0 0.1034"', f'xyz="0 0 {height}"')


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))


def test_a_calibration_that_is_off_by_3_mm_is_measured_and_the_robots_own_is_used() -> None:
    model, difference = described_model(ARM, with_tool_at(0.1064))
    assert difference.distance == pytest.approx(0.003, abs=1e-9)
    assert not difference.agrees
    assert "0.1064" in model.urdf.read_text(encoding="utf-8")


def test_a_robot_that_is_8_cm_off_is_another_robot() -> None:
    with pytest.raises(WrongRobot, match="not the 'panda' of the cell"):
        described_model(ARM, with_tool_at(0.1834))
