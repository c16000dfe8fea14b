"""A ``plan`` node over real ROS 2: the runtime asks, a process of its own searches, the planned skill runs, the goal holds."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("rclpy")
pytest.importorskip("unified_planning", reason="the planner is not installed: pip install 'skillkit[planning]'")
pytestmark = [pytest.mark.ros, pytest.mark.timeout(180)]

import rclpy  # noqa: E402

from skillkit.assembly import replay  # noqa: E402
from skillkit.ros.children import Children  # noqa: E402
from skillkit.ros.client import TaskClient  # noqa: E402
from skillkit.ros.processes import Setup, bringup  # noqa: E402

SKILL = """skill: shut
description: The gripper closes on nothing.
roles: [arm]
action: {space: cartesian_delta, rate: 20 Hz}
success: not gripper_open() and elapsed() > 0.5 s
time_limit: 5 s
effects: [not gripper_open()]
policy: {python: "policy:Shut"}
"""
POLICY = """from skillkit.spaces import CartesianDelta


class Shut:
    def start(self, situation):
        pass

    def act(self, situation):
        return {"arm": CartesianDelta((0.0, 0.0, 0.0), closure=1.0)}

    def snapshot(self):
        return {}

    def restore(self, snapshot):
        pass
"""
TASKS = {"tray_on_table": "on(table, tray)", "shut_somehow": "not gripper_open()"}


def test_where_there_is_no_plan_the_reason_is_told_and_the_next_one_is_made_and_carried_out(tmp_path: Path) -> None:
    folder = tmp_path / "skills" / "shut"
    folder.mkdir(parents=True)
    (folder / "skill.yaml").write_text(SKILL)
    (folder / "policy.py").write_text(POLICY)
    files = {name: tmp_path / f"{name}.yaml" for name in TASKS}
    for name, goal in TASKS.items():
        files[name].write_text(f"task: {name}\nscene: coffee\ntree: {{plan: '{goal}'}}\n")
    bag = tmp_path / "run.mcap"
    setup = Setup(robot="panda", seed=1, skills=str(folder.parent), tasks=tuple(map(str, files.values())), bag=str(bag))
    trees: list[list[str]] = []
    with Children(bringup(setup), tmp_path) as children, rclpy.init():
        client = TaskClient("", lambda message: trees.append([node.path for node in message.nodes]))
        try:
            client.wait_until_ready(90.0, children.check)
            reports = {name: client.run(name, {}, children.check) for name in TASKS}
        finally:
            client.close()
    found = reports["shut_somehow"]
    assert found.outcome == "SUCCEEDED", found.reason
    assert any(path.endswith("/shut") for nodes in trees for path in nodes), "the planned skill is in the tree"
    assert reports["tray_on_table"].outcome == "FAILED"
    assert "no plan for 'on(table, tray)'" in reports["tray_on_table"].reason
    again = replay(bag, folder.parent)
    assert again.differences == 0, again.first
    assert again.compared == again.steps > 50
