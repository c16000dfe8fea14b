"""kill -9 of the live runtime in the middle of a skill; another one goes on from its checkpoint, over real ROS 2."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("rclpy")
pytestmark = [pytest.mark.ros, pytest.mark.timeout(240)]

import rclpy  # noqa: E402

from skillkit.assembly import Checkpoint  # noqa: E402
from skillkit.assembly.reexecution import replay  # noqa: E402
from skillkit.cli.watch import View  # noqa: E402
from skillkit.ros.children import Children  # noqa: E402
from skillkit.ros.client import TaskClient  # noqa: E402
from skillkit.ros.processes import Process, Setup, bringup  # noqa: E402
from skillkit.ros.watching import listen  # noqa: E402

KILL_AFTER = 2.5  # [s] into the task: the door is being opened
OUTAGE = 1.5  # [s]


class Enough(Exception):
    """The moment to kill."""


def with_parameters(process: Process, **more: str) -> Process:
    return replace(process, parameters={**process.parameters, **more}) if process.name == "runtime" else process


def test_another_runtime_goes_on_with_the_skill_that_had_begun_and_its_bag_re_executes(tmp_path: Path) -> None:
    file = tmp_path / "checkpoint.json"
    setup, bag = Setup(robot="panda", tasks=("prepare_coffee",), seed=3, on_lost="continue"), tmp_path / "resumed.mcap"
    processes = bringup(setup)
    with Children([with_parameters(one, checkpoint=str(file)) for one in processes], tmp_path) as children:
        with rclpy.init():
            client = TaskClient()
            client.wait_until_ready(90.0, children.check)
            begun = time.monotonic()

            def until_killed() -> None:
                if time.monotonic() - begun > KILL_AFTER:
                    raise Enough

            with suppress(Enough):
                client.run("prepare_coffee", {}, until_killed)
            children.running["runtime"].kill()
            children.running["runtime"].wait()
            client.close()
        assert not Checkpoint.read(file).finished
        time.sleep(OUTAGE)
        again = [with_parameters(one, resume=str(file)) for one in bringup(replace(setup, bag=str(bag))) if one.name in ("runtime", "recorder")]
        view, end = View(), time.monotonic() + 60.0
        logs = tmp_path / "again"
        logs.mkdir()
        with Children(again, logs) as resumed:

            def go_on() -> bool:
                resumed.check()
                return "open_cabinet" not in view.last and time.monotonic() < end

            listen("", view.tree, view.step, view.result, view.diagnose, go_on)
    assert view.last.startswith("open_cabinet: SUCCEEDED")
    assert not any("begins" in line and "open_cabinet" in line for line in view.lines)
    found = replay(bag)
    assert (found.differences, found.compared > 100) == (0, True), found.first
