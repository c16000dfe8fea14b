from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from skillkit.cli import diagnosis
from skillkit.cli.diagnosis import Finding, Library

ROOT = Path(__file__).resolve().parents[2]


def test_robots_lists_every_model_with_its_joints(invoke: Callable) -> None:
    answer = invoke("robots", "--json")
    by_name = {row["robot"]: row for row in answer.json}
    assert set(by_name) >= {path.stem for path in (ROOT / "urdf").glob("*.yaml")}
    assert by_name["panda"]["joints"] == 7
    assert by_name["panda"]["gripper_m"] == pytest.approx(0.08)
    assert "panda" in invoke("robots").out


def test_a_robot_with_errors_is_listed_with_them_and_exit_code_one(invoke: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "urdf").mkdir()
    (tmp_path / "urdf" / "broken.yaml").write_text("robot: broken\n")
    monkeypatch.setenv("SKILLKIT_PATH", str(tmp_path))
    answer = invoke("robots", "--json")
    assert answer.code == 1
    assert "missing" in next(row for row in answer.json if row["robot"] == "broken")["error"]


def test_cells_lists_the_arms_that_stand_in_them(invoke: Callable) -> None:
    rows = {row["cell"]: row for row in invoke("cells", "--json").json}
    assert [arm["name"] for arm in rows["two_pandas"]["arms"]] == ["left", "right"]
    assert "left (panda)" in invoke("cells").out


def test_skills_lists_every_folder_with_its_parameters(invoke: Callable) -> None:
    rows = {row["skill"]: row for row in invoke("skills", "--json").json}
    assert set(rows) == {path.parent.name for path in (ROOT / "skills").glob("*/skill.yaml")}
    assert "object" in [parameter["name"] for parameter in rows["grasp"]["parameters"]]
    assert all(row["rate_hz"] > 0 and row["time_limit_s"] > 0 and len(row["digest"]) == 64 for row in rows.values())
    assert "grasp" in invoke("skills").out


# -- doctor ----------------------------------------------------------------------------------------------------------------------------

FEW = (diagnosis._core("yaml", "pyyaml", "every YAML file"), diagnosis._extra("no_such_library", "no-such-library", "nothing", "nothing"))


def test_doctor_finds_nothing_required_missing_in_this_environment(invoke: Callable) -> None:
    answer = invoke("doctor", "--json")
    assert [check for check in answer.json["checks"] if check["status"] == "missing"] == []
    assert answer.json["healthy"] is True
    assert answer.code == 0


def test_a_missing_extra_is_named_with_the_line_that_installs_it_and_is_no_failure(invoke: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(diagnosis, "LIBRARIES", FEW)
    answer = invoke("doctor", "--json")
    found = next(check for check in answer.json["checks"] if check["name"] == "no_such_library")
    assert (found["status"], found["fix"]) == ("optional", "pip install 'skillkit[nothing]'")
    assert answer.code == 0


def test_a_missing_required_library_fails(invoke: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(diagnosis, "LIBRARIES", (Library("no_such_library", "no-such-library", "everything", True, "pip install no-such-library"),))
    answer = invoke("doctor")
    assert answer.code == 1
    assert "pip install no-such-library" in answer.out


def test_a_library_that_crashes_the_interpreter_does_not_end_the_doctor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "crashing.py").write_text("import os\nos.kill(os.getpid(), 11)\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    found = diagnosis._library(Library("crashing", "crashing", "nothing", True, "pip install crashing"))
    assert found.status == "missing"
    assert "-11" in found.found


def test_ros_from_apt_beside_ros_from_wheels_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(diagnosis, "_version", lambda package: "9.1.2")
    monkeypatch.setenv("AMENT_PREFIX_PATH", "/opt/ros/kilted")
    assert diagnosis._one_ros().status == "missing"
    monkeypatch.setattr(diagnosis, "_version", lambda package: "installed")
    assert diagnosis._one_ros() == Finding("one ROS 2", "ok", "/opt/ros/kilted", "ros", "")


def test_missing_folders_are_named_with_the_variable_that_points_to_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(diagnosis.share, "roots", lambda: iter([tmp_path]))
    assert diagnosis._folder("skills").status == "missing"
    assert "SKILLKIT_PATH" in diagnosis._folder("skills").fix
    assert diagnosis._folder("cells").status == "optional"
