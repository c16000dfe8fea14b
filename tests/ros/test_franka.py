"""A Franka Research 3 as its driver shows it, with the real messages over DDS in separate processes: hand, robot mode, fingers on their own topic."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("rclpy")
pytest.importorskip("franka_msgs")
pytestmark = [pytest.mark.ros, pytest.mark.timeout(240)]

import rclpy  # noqa: E402
from fault_bench import Bench  # noqa: E402
from ros_observer import Observer  # noqa: E402
from skillkit_interfaces.msg import Step  # noqa: E402

from skillkit.ros.children import Children  # noqa: E402
from skillkit.ros.client import TaskClient  # noqa: E402
from skillkit.ros.names import EVERY  # noqa: E402
from skillkit.ros.processes import Setup, bringup  # noqa: E402

HARDWARE = {
    "serial": "F-1", "first_speed": 1.0, "status": "franka", "controller": "fr3_arm_controller", "joint_states": "franka/joint_states",
    "gripper": {"driver": "franka", "joint_states": "franka_gripper/joint_states", "force": 20},
}  # fmt: skip
TREE = "sequence: [skill: {reach: {object: cabinet_handle, distance: 0.25}}, skill: {grasp: {object: cabinet_handle, facing: cabinet}}]"


def test_a_handle_is_grasped_by_grasp_and_a_stopped_robot_waits_for_its_operator(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    cell, task = tmp_path / "bench.yaml", tmp_path / "take.yaml"
    cell.write_text(json.dumps({"cell": "bench", "arms": [{"name": "fr3", "model": "fr3", "namespace": "", "hardware": HARDWARE}]}))
    task.write_text(f"task: take\nscene: coffee\ntree:\n  {TREE}\n")
    signals: list[tuple[str, float]] = []
    stages: list[str] = []
    setup = Setup(cell=str(cell), seed=1, tasks=(str(task),), hardware=True, manners={})
    with Observer("franka/joint_states") as observer, Children(bringup(setup), tmp_path) as children, rclpy.init():
        client = TaskClient()
        bench = Bench(observer, client)

        def heard(message: Any) -> None:
            signals.extend((given.name, given.values[0]) for given in message.inputs if given.kind == "signal")

        def stop_once() -> None:
            if not stages and observer.speed > 0.3:
                bench.manners({"robot_mode": 5})
                time.sleep(0.8)
                stages.append(bench.resume().message)
                bench.manners({"robot_mode": 2})
                observer.until(lambda: bench.resume().success, 5.0, "an operator may resume")

        observer.node.create_subscription(Step, "step", heard, EVERY)
        try:
            client.wait_until_ready(90.0, children.check)
            report = client.run("take", {}, stop_once)
            observer.until(lambda: "fr3_gripper_holds" in dict(signals), 10.0, f"a word of the grip, after {report}")
        finally:
            client.close()
    assert (report.outcome, report.reason) == ("SUCCEEDED", "")
    assert "robot mode is 5 (user stopped)" in stages[0]
    assert ("fr3_robot_mode", 5.0) in signals
    assert ("fr3_gripper_holds", 1.0) in signals
    assert 0.005 < dict(signals)["fr3_gripper_width"] < 0.07
