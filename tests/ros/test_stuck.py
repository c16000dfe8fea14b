"""A skill that never answers stops the control loop: the arm is braked by its tail, and the process ends and says why, so that somebody is told."""

from __future__ import annotations

import threading
from contextlib import suppress
from pathlib import Path

import pytest

pytest.importorskip("rclpy")
pytestmark = [pytest.mark.ros, pytest.mark.timeout(180)]

import rclpy  # noqa: E402

from skillkit.ros.children import Children, ProcessEnded  # noqa: E402
from skillkit.ros.client import TaskClient  # noqa: E402
from skillkit.ros.processes import Setup, bringup  # noqa: E402

SKILL = """
skill: ponder
description: Think for ever.
action: {space: cartesian_delta, rate: 20 Hz}
success: elapsed() >= 1 s
time_limit: 5 s
policy: {python: "policy:Ponder"}
"""
POLICY = """
import time


class Ponder:
    def start(self, situation):
        pass

    def act(self, situation):
        time.sleep(600.0)

    def snapshot(self):
        return {}

    def restore(self, snapshot):
        pass
"""
TASK = """
task: ponder_once
description: A task whose only skill never answers.
scene: coffee
tree:
  skill: {ponder: {}}
"""


def test_a_skill_that_blocks_the_loop_ends_the_process_with_a_plain_word(tmp_path: Path) -> None:
    skill = tmp_path / "skills" / "ponder"
    skill.mkdir(parents=True)
    (skill / "skill.yaml").write_text(SKILL)
    (skill / "policy.py").write_text(POLICY)
    (tmp_path / "ponder_once.yaml").write_text(TASK)
    logs = tmp_path / "logs"
    logs.mkdir()
    setup = Setup(robot="panda", tasks=(str(tmp_path / "ponder_once.yaml"),), skills=str(tmp_path / "skills"))
    with Children(bringup(setup), logs) as children, rclpy.init():
        client = TaskClient()
        try:
            client.wait_until_ready(90.0)

            def ask() -> None:
                with suppress(Exception):  # the process that would answer ends
                    client.run("ponder_once", {})

            threading.Thread(target=ask, daemon=True).start()
            with pytest.raises(ProcessEnded, match="runtime"):
                children.wait()
        finally:
            client.close()
    said = "".join(path.read_text() for path in logs.iterdir())
    assert "the control loop has not moved for 5 s: a skill blocks it" in said
