"""Two emulated UR5es of one cell, each behind drivers of its own namespace, do two tasks at once over real DDS."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

pytest.importorskip("rclpy")
pytestmark = [pytest.mark.ros, pytest.mark.timeout(180)]

import rclpy  # noqa: E402
from fault_bench import BAD  # noqa: E402
from ros_observer import Observer  # noqa: E402
from trajectory_msgs.msg import JointTrajectory  # noqa: E402

from skillkit.ros.children import Children  # noqa: E402
from skillkit.ros.client import TaskClient  # noqa: E402
from skillkit.ros.processes import Setup, bringup  # noqa: E402

WORK = {"left": 0.05, "right": -0.05}  # [m/s] up
JOINTS = ("shoulder_pan_joint", "shoulder_lift_joint", "elbow_joint", "wrist_1_joint", "wrist_2_joint", "wrist_3_joint")
SKILL = """skill: climb
description: The tool goes up.
parameters: {speed: {type: number, unit: m/s, description: upwards}}
roles: [arm]
action: {space: cartesian_delta, rate: 20 Hz}
success: elapsed() > 4 s
time_limit: 8 s
policy: {python: "policy:Climb"}
"""
POLICY = """from skillkit.spaces import CartesianDelta


class Climb:
    def start(self, situation):
        pass

    def act(self, situation):
        return {"arm": CartesianDelta((0.0, 0.0, 0.05 * situation.parameters["speed"]), (0.0, 0.0, 0.0), "world")}

    def snapshot(self):
        return {}

    def restore(self, snapshot):
        pass
"""
TREE = "task: {arm}_work\nscene: coffee\ncell: two_ur5es\ntree:\n  skill: {{climb: {{speed: {speed}}}, arm: {arm}}}\n"


def test_two_arms_do_two_tasks_at_once_each_in_its_own_namespace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    files = {arm: tmp_path / f"{arm}_work.yaml" for arm in WORK}
    for arm, file in files.items():
        file.write_text(TREE.format(arm=arm, speed=WORK[arm]))
    folder = tmp_path / "skills" / "climb"
    folder.mkdir(parents=True)
    (folder / "skill.yaml").write_text(SKILL)
    (folder / "policy.py").write_text(POLICY)
    setup = Setup(cell="two_ur5es", skills=str(folder.parent), tasks=tuple(map(str, files.values())), hardware=True, manners=BAD)
    heard: dict[str, list[JointTrajectory]] = {arm: [] for arm in WORK}
    with Observer() as observer, Children(bringup(setup), tmp_path) as children, rclpy.init():
        for arm, messages in heard.items():
            observer.node.create_subscription(JointTrajectory, f"{arm}/scaled_joint_trajectory_controller/joint_trajectory", messages.append, 100)
        clients = {arm: TaskClient() for arm in WORK}
        try:
            for client in clients.values():
                client.wait_until_ready(90.0, children.check)
            with ThreadPoolExecutor(2) as pool:
                reports = dict(zip(WORK, pool.map(lambda arm: clients[arm].run(f"{arm}_work", {}), WORK), strict=True))
        finally:
            for client in clients.values():
                client.close()
        both = sum(len(result.commands) == 2 for _, result in observer.results.timed())
    assert {arm: (report.outcome, report.reason) for arm, report in reports.items()} == dict.fromkeys(WORK, ("SUCCEEDED", ""))
    assert both > 50, "they did not move at the same time"
    for arm, messages in heard.items():
        assert messages
        assert {name for message in messages for name in message.joint_names} == {f"{arm}_{joint}" for joint in JOINTS}
