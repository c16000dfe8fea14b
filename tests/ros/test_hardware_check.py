"""First contact, rehearsed: ``hardware-check`` and the runtime's way of meeting real arms, against simulated and emulated drivers over real DDS."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("rclpy")
pytestmark = [pytest.mark.ros, pytest.mark.timeout(180)]

import rclpy  # noqa: E402

from skillkit.assembly import replay  # noqa: E402
from skillkit.bags import open_bag  # noqa: E402
from skillkit.cell import Cell  # noqa: E402
from skillkit.cli.app import call  # noqa: E402
from skillkit.ros.arm_record import allowed_speed, note_success  # noqa: E402
from skillkit.ros.children import Children  # noqa: E402
from skillkit.ros.frames import hand_eye  # noqa: E402
from skillkit.ros.hardware_check import LIMITS, Check, HardwareReport, check_cell, report_html  # noqa: E402
from skillkit.ros.names import ArmTopics  # noqa: E402
from skillkit.ros.probe import Probe  # noqa: E402
from skillkit.ros.processes import Setup, bringup  # noqa: E402

TIMED = ("joint state gap", "reaction", "stop time", "kill stop time", "loop jitter", "observation age")
"""Checks whose values depend on how busy this machine is."""

CELL = "cell: bench\narms: [{name: panda, model: panda, namespace: '', hardware: {serial: P-1, first_speed: 0.2}}]\n"
CAMERAS = "cameras: [{name: wrist, frame: wrist_optical, on: panda, xyz: [0.05, 0, -0.1]}]\n"


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state"


def test_the_check_measures_everything_and_every_check_has_a_limit(state: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = call(["hardware-check", "--cell", "one_panda", "--emulated", "--json", "--html", str(tmp_path / "report.html")])
    document = json.loads(capsys.readouterr().out)
    checks = {check["name"].removeprefix("panda: "): check for check in document["checks"]}
    assert set(checks) == set(LIMITS)
    assert all(check["value"] is not None and check["limit"] == LIMITS[name] for name, check in checks.items())
    assert [name for name, check in checks.items() if not check["passed"] and name not in TIMED] == []
    assert code == (0 if document["passed"] else 1)
    assert (document["simulated"], document["emulated"]) == (False, True)
    assert "kill stop distance" in (tmp_path / "report.html").read_text()


def test_an_arm_whose_clock_or_calibration_is_off_is_not_moved(state: Path) -> None:
    report = check_cell("one_panda", simulated=False, manners={"clock_offset": 0.5, "calibration": 0.003})
    assert {check.name.removeprefix("panda: ") for check in report.checks if not check.passed} - set(TIMED) == {"clock offset", "tool calibration"}
    assert not any("moves" in check.name for check in report.checks)


def described(bag: Path) -> dict[str, Any]:
    with open_bag(bag) as found:
        return dict(json.loads(found.attachments["run.json"]))


def test_a_real_arm_describes_itself_and_its_first_run_is_slow_and_a_takeover_is_in_the_bag(state: Path, tmp_path: Path) -> None:
    file, bag = tmp_path / "bench.yaml", tmp_path / "run.mcap"
    file.write_text(CELL + CAMERAS)
    cell = Cell.load(file)
    setup = Setup(cell=str(file), scene="coffee", tasks=("prepare_coffee",), bag=str(bag), hardware=True)
    with Children(bringup(setup), tmp_path) as children, rclpy.init():
        probe = Probe(cell.arms[0], ArmTopics.in_cell(cell)["panda"])
        try:
            probe.ready(90.0, children.check)
            probe.lease()
            probe.move((0.0, 0.0, 0.02), 1.0)
            probe.listen(1.5)
        finally:
            probe.close()
    run = described(bag)
    assert run["hardware"] == {"panda": "P-1"}
    assert run["calibration"]["panda"]["agrees"] is True
    assert run["cameras"] == {"wrist": hand_eye(cell.cameras[0])}
    found = replay(bag)
    assert (found.differences, found.compared > 100) == (0, True)
    with open_bag(bag) as opened:
        transitions = [t for _, result in opened.steps() if result for t in result["transitions"] if t["path"] == "teleop/panda"]
    words = json.loads(transitions[0]["parameters"])
    assert (words["who"], words["why"], words["during"]) == ("hardware_check_panda", "hardware-check", "teleop")
    assert transitions[0]["duration"] == pytest.approx(2.0, abs=0.3)


def test_an_arm_is_slow_until_a_run_has_succeeded_on_it(state: Path, tmp_path: Path) -> None:
    file = tmp_path / "bench.yaml"
    file.write_text(CELL)
    hardware = Cell.load(file).arms[0].hardware
    assert allowed_speed(hardware) == 0.2
    assert allowed_speed(hardware, 0.05) == 0.05
    note_success(["", "P-1"])
    assert allowed_speed(hardware) == 1.0
    (state / "skillkit" / "arms.json").write_text("{broken")
    assert allowed_speed(hardware) == 0.2


def test_a_report_with_one_failed_check_has_not_passed_and_says_which() -> None:
    report = HardwareReport(
        "lab", False, checks=[Check("left: reaction", True, 1.0, 100.0, "ms"), Check("left: moves 1 mm", False, None, 0.5, "mm", "<silent>")]
    )
    assert not report.passed
    page = report_html(report)
    assert "&lt;silent&gt;" in page
    assert page.count("class=no") == 1
