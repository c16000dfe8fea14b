from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from skillkit.cli import over_ros
from skillkit.exceptions import SkillkitError

ROOT = Path(__file__).resolve().parents[2]
TASK = """
task: wait_a_little
description: Leave everything as it is.
scene: coffee
judge: coffee_made
tree:
  wait: 0.5 s
"""


def test_up_says_which_processes_it_would_start(invoke: Callable) -> None:
    answer = invoke("up", "--robot", "panda", "--record", "x.mcap", "--scene-option", "locked=true", "--dry-run")
    assert answer.code == 0
    lines = answer.out.splitlines()
    assert [line.split(" -m ")[1].split()[0] for line in lines] == ["skillkit.ros.simulator", "skillkit.ros.recorder", "skillkit.ros.runtime_node"]
    assert "locked=true" in lines[0]


@pytest.mark.parametrize(
    ("arguments", "hint"), [(["--robot", "pandas"], "'panda'"), (["--scene", "cofee"], "'coffee'"), (["--scene-option", "loked=true"], "'locked'")]
)
def test_up_refuses_a_wrong_name_before_anything_starts(invoke: Callable, arguments: list[str], hint: str) -> None:
    answer = invoke("up", *arguments, "--dry-run")
    assert answer.code == 2
    assert f"did you mean {hint}?" in answer.err


@pytest.mark.parametrize("command", [("up", "--dry-run"), ("watch",), ("answer", "yes"), ("play", "x.mcap")])
@pytest.mark.parametrize("name", ["two words", "9lives", "a//b", "a-b", "/"])
def test_a_namespace_that_ros_does_not_know_is_refused(invoke: Callable, command: tuple[str, ...], name: str) -> None:
    refused = invoke(*command, "--namespace", name)
    assert refused.code == 2
    assert f"--namespace is {name!r}; allowed: letters, digits and underscores" in refused.err


def test_a_robot_beside_a_cell_is_refused(invoke: Callable) -> None:
    for command in (("run", "prepare_coffee"), ("up", "--dry-run")):
        refused = invoke(*command, "--cell", "two_pandas", "--robot", "ur5e")
        assert refused.code == 2
        assert "no robot beside --cell two_pandas" in refused.err


def test_watching_where_nothing_runs_says_where_it_listens() -> None:
    pytest.importorskip("rclpy")
    command = [sys.executable, "-m", "skillkit", "watch", "--namespace", "nowhere", "--for", "0.2"]
    answer = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert answer.returncode == 1
    assert f"nothing heard of a runtime in namespace '/nowhere', ROS_DOMAIN_ID {os.environ['ROS_DOMAIN_ID']}; is one up?" in answer.stderr


def test_without_ros_the_line_that_installs_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(over_ros, "find_spec", lambda name: None)
    with pytest.raises(SkillkitError, match=r"pip install 'skillkit\[ros\]'"):
        over_ros.require_ros()
    monkeypatch.setattr(over_ros, "find_spec", lambda name: object() if name == "rclpy" else None)
    with pytest.raises(SkillkitError, match="make setup"):
        over_ros.require_ros()


def test_episodes_over_ros_do_not_run_side_by_side(invoke: Callable) -> None:
    answer = invoke("run", "prepare_coffee", "--ros", "--jobs", "2", "--episodes", "2")
    assert answer.code == 2
    assert "real time" in answer.err


@pytest.mark.ros
def test_a_run_over_ros_is_reported_like_one_in_process_and_its_bag_is_decided_again(invoke: Callable, tmp_path: Path) -> None:
    pytest.importorskip("rclpy")
    (tmp_path / "wait_a_little.yaml").write_text(TASK)
    command = [sys.executable, "-m", "skillkit", "run", str(tmp_path / "wait_a_little.yaml"), "--ros", "--json"]
    done = subprocess.run([*command, "--record", str(tmp_path / "x.mcap")], cwd=ROOT, capture_output=True, text=True, timeout=110, check=False)
    assert done.returncode == 1, done.stderr  # nothing was done to the cup
    over = json.loads(done.stdout)
    here = invoke("run", tmp_path / "wait_a_little.yaml", "--json").json
    assert set(over) == set(here)
    assert set(over["runs"][0]) == set(here["runs"][0])
    assert set(over["runs"][0]["checks"]) == set(here["runs"][0]["checks"])
    replayed = invoke("replay", over["bags"][0], "--json")
    assert (replayed.code, replayed.json["differences"]) == (0, 0)


@pytest.mark.ros
def test_an_interrupt_stops_every_process_that_up_started(tmp_path: Path) -> None:
    pytest.importorskip("rclpy")
    command = [sys.executable, "-m", "skillkit", "up", "--robot", "panda"]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        while "running" not in (line := process.stderr.readline()):
            assert line, "it ended before it ran"
        children = [int(pid) for pid in (Path("/proc") / str(process.pid) / "task" / str(process.pid) / "children").read_text().split()]
        assert len(children) == 2
        process.send_signal(signal.SIGINT)
        assert process.wait(30.0) == 0
    for pid in children:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
