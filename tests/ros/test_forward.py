"""Forward command controllers behind the forwarder process, and gripper actions, over real ROS 2."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import pytest

pytest.importorskip("rclpy")
pytestmark = [pytest.mark.ros, pytest.mark.timeout(180)]

import rclpy  # noqa: E402
from fault_bench import MODEL, TASKS  # noqa: E402
from ros_observer import Observer  # noqa: E402

from skillkit.ros.children import Children  # noqa: E402
from skillkit.ros.client import TaskClient  # noqa: E402
from skillkit.ros.processes import Setup, bringup  # noqa: E402

CELL = """
cell: emulated
arms:
  - name: ur5e
    model: ur5e
    namespace: ""
    hardware: {{serial: E-1, first_speed: 1.0, driver: {driver}, prefix: "{prefix}", gripper: {{driver: {gripper}}}}}
"""


class Moving(Observer):
    """Sees the joint speeds whatever the names and their order."""

    @property
    def speed(self) -> float:
        return max((abs(value) for value in self.states.messages[-1].velocity), default=0.0) if self.states.messages else 0.0


@contextmanager
def system(folder: Path, monkeypatch: pytest.MonkeyPatch, cell: dict[str, str], **manners: object) -> Iterator[tuple[Moving, Children, TaskClient]]:
    monkeypatch.setenv("XDG_STATE_HOME", str(folder))
    (folder / "emulated.yaml").write_text(CELL.format(**{"prefix": "", "gripper": "forward", **cell}), encoding="utf-8")
    (folder / "to_and_fro.yaml").write_text(f"task: to_and_fro\nscene: coffee\ntree: {{{TASKS['to_and_fro']}}}\n", encoding="utf-8")
    setup = Setup(cell=str(folder / "emulated.yaml"), seed=1, tasks=(str(folder / "to_and_fro.yaml"), "prepare_coffee"), hardware=True, manners=manners)
    with Moving() as observer, Children(bringup(setup), folder) as children, rclpy.init():
        client = TaskClient()
        try:
            client.wait_until_ready(90.0, children.check)
            yield observer, children, client
        finally:
            client.close()


@pytest.mark.parametrize("driver", ["forward_position", "forward_velocity"])
def test_an_arm_behind_a_forward_controller_brakes_when_the_runtime_is_killed(driver: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cell = {"driver": driver, "prefix": "left_"}
    with system(tmp_path, monkeypatch, cell, forward_order="reversed", joint_order="reversed") as (observer, children, client):
        moments: list[float] = []

        def kill() -> None:
            if not moments and observer.speed > 0.3:
                os.kill(children.running["runtime"].pid, signal.SIGKILL)
                moments.append(time.monotonic())
            elif moments and time.monotonic() - moments[0] > 1.5:
                raise InterruptedError

        with pytest.raises(InterruptedError):
            client.run("to_and_fro", {}, kill)
        moving = [sent - moments[0] for sent, state in observer.states.timed() if sent > moments[0] and max(map(abs, state.velocity)) >= 0.01]
        assert max(moving, default=0.0) <= 0.3 + float((MODEL.velocity / MODEL.acceleration).max())


def test_a_forward_controller_of_other_joints_is_refused_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with system(tmp_path, monkeypatch, {"driver": "forward_position"}, forward_order="wrong") as (observer, _, client):
        report = client.run("to_and_fro", {})
        assert report.outcome == "REFUSED"
        assert "someone_elses_joint" in report.reason
        assert observer.speed < 0.01


@pytest.mark.skipif(find_spec("control_msgs") is None, reason="control_msgs is not installed")
def test_a_rejected_gripper_goal_ends_unsafe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cell = {"driver": "joint_trajectory", "gripper": "parallel_gripper"}
    with system(tmp_path, monkeypatch, cell, gripper_rejects=True) as (_, _, client):
        report = client.run("prepare_coffee", {})
        assert report.outcome == "UNSAFE"
        assert "rejected" in report.reason
