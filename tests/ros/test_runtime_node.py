"""The runtime's actions and services, over real ROS 2 in separate processes."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

pytest.importorskip("rclpy")
pytestmark = [pytest.mark.ros, pytest.mark.timeout(180)]

import rclpy  # noqa: E402
from ros_observer import Observer  # noqa: E402
from skillkit_interfaces.srv import ListSkills  # noqa: E402

from skillkit.ros.children import Children  # noqa: E402
from skillkit.ros.client import TaskClient  # noqa: E402
from skillkit.ros.origin import with_origin  # noqa: E402
from skillkit.ros.processes import Setup, bringup  # noqa: E402

OBSERVED = 0.05  # [s] by which this test's own view may lag behind


class Running(NamedTuple):
    """A system without a goal, and a client of it."""

    observer: Observer
    client: TaskClient


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    logs = tmp_path_factory.mktemp("logs")
    with Observer() as observer, Children(bringup(Setup(robot="panda", tasks=("prepare_coffee",))), logs), rclpy.init():
        client = TaskClient()
        try:
            client.wait_until_ready(90.0)
            yield Running(observer, client)
        finally:
            client.close()


def test_an_unknown_task_is_refused_with_the_nearest_name(running: Running) -> None:
    report = running.client.run("prepare_cofee", {})
    assert report.outcome == "REFUSED"
    assert "did you mean 'prepare_coffee'" in report.reason


def test_a_wrong_parameter_is_refused_by_name(running: Running) -> None:
    report = running.client.run("prepare_coffee", {"cupp": "cup_1"})
    assert report.outcome == "REFUSED"
    assert "cupp" in report.reason


@pytest.mark.parametrize(
    ("digests", "late", "why"),
    [({"grasp": "0" * 64}, 0.0, "the skill 'grasp' is not the same"), ({"polish": "0" * 64}, 0.0, "not there"), ({}, 0.5, "clocks")],
)
def test_a_goal_from_a_machine_with_other_skills_or_another_clock_is_refused(running: Running, digests: dict[str, str], late: float, why: str) -> None:
    report = running.client.run("prepare_coffee", with_origin({}, digests, time.time() - late))
    assert report.outcome == "REFUSED"
    assert why in report.reason


def test_a_cancel_sent_before_the_goal_is_accepted_is_not_lost(running: Running) -> None:
    running.client.cancel()
    report = running.client.run("prepare_coffee", {})
    assert report.outcome == "PREEMPTED"


def test_a_cancelled_task_ends_preempted_once_the_arm_is_at_rest(running: Running) -> None:
    observer, client = running

    def cancel_when_moving() -> None:
        if observer.speed > 0.3:
            client.cancel()

    report = client.run("prepare_coffee", {}, cancel_when_moving)
    assert (report.outcome, report.reason) == ("PREEMPTED", "cancelled by the client")
    reported = time.monotonic()
    time.sleep(0.5)
    assert observer.at_rest_after(reported + OBSERVED) == 0.0


def test_a_paused_task_stands_still_and_goes_on_when_resumed(running: Running) -> None:
    observer, client = running
    stages: list[str] = []
    since = time.monotonic()

    def pause_then_resume_then_cancel() -> None:
        nonlocal since
        if not stages and observer.speed > 0.3:
            stages.append("paused" if client.call("runtime/pause").success else "not paused")
            since = time.monotonic()
        elif stages == ["paused"] and time.monotonic() - since > 1.0:
            stages.append("still" if observer.at_rest_after(since + 0.5) == 0.0 else "moving")
            stages.append("resumed" if client.call("runtime/resume").success else "not resumed")
        elif len(stages) == 3 and observer.speed > 0.1:
            stages.append("moving again")
            client.cancel()

    report = client.run("prepare_coffee", {}, pause_then_resume_then_cancel)
    assert stages == ["paused", "still", "resumed", "moving again"]
    assert report.outcome == "PREEMPTED"


def test_skills_are_listed_with_what_they_take(running: Running) -> None:
    client = running.client
    service = client.create_client(ListSkills, "list_skills")
    future = service.call_async(ListSkills.Request())
    end = time.monotonic() + 10.0
    while not future.done() and time.monotonic() < end:
        client._spinner.spin_once(timeout_sec=0.05)
    answer = future.result()
    assert "grasp" in answer.names
    assert len(answer.digests) == len(answer.names) == len(answer.descriptions)
    assert "object" in json.loads(answer.descriptions[answer.names.index("grasp")])["parameters"]


def test_a_namespace_keeps_two_systems_apart(running: Running, tmp_path: Path) -> None:
    with Children(bringup(Setup(robot="panda", tasks=("prepare_coffee",), namespace="left")), tmp_path):
        client = TaskClient("left")
        try:
            client.wait_until_ready(90.0)
            topics = {name for name, _ in client.get_topic_names_and_types()}
        finally:
            client.close()
    assert {"/left/joint_states", "/left/step", "/left/objects/cup_1/pose", "/left/arm_controller/joint_trajectory"} <= topics
