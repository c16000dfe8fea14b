"""Answers that the middleware drops are asked for again; a runtime that is gone is named."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("rclpy")
pytestmark = [pytest.mark.ros, pytest.mark.timeout(90)]

import rclpy  # noqa: E402
from rcl_interfaces.srv import GetParameters  # noqa: E402
from rclpy.action import ActionServer, GoalResponse  # noqa: E402
from rclpy.executors import SingleThreadedExecutor  # noqa: E402
from rclpy.node import Node  # noqa: E402
from skillkit_interfaces.action import RunTask  # noqa: E402

from skillkit.ros import client as client_module  # noqa: E402
from skillkit.ros.client import NoAnswer, TaskClient  # noqa: E402
from skillkit.ros.inquiry import Inquiry  # noqa: E402


class Deaf:
    """Stands before the real handle of an action server and keeps the first answers of each kind to itself, as DDS does without a reader."""

    def __init__(self, handle: Any, lost: int) -> None:
        self._handle, self._lost = handle, {"send_goal_response": lost, "send_result_response": lost}

    def __getattr__(self, name: str) -> Any:
        if self._lost.get(name, 0) > 0:
            self._lost[name] -= 1
            return lambda *_: None
        return getattr(self._handle, name)


class Spun:
    """A node that is spun by a thread of its own."""

    def __init__(self, node: Node) -> None:
        self.executor = SingleThreadedExecutor()
        self.executor.add_node(node)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._spin, daemon=True)
        self._thread.start()

    def _spin(self) -> None:
        while not self._stop.is_set():
            self.executor.spin_once(timeout_sec=0.05)

    def close(self) -> None:
        self._stop.set()
        self._thread.join()


@pytest.fixture
def node() -> Iterator[Node]:
    with rclpy.init():
        node = Node("answering")
        yield node
        node.destroy_node()


def _done(handle: Any) -> RunTask.Result:
    handle.succeed()
    return RunTask.Result(outcome="SUCCEEDED", reason="it is done")


@pytest.mark.parametrize("lost", [0, 1, 2])
def test_lost_answers_are_asked_for_again_and_the_task_runs_once(node: Node, lost: int) -> None:
    runs: list[str] = []

    def accepted(handle: Any) -> None:
        runs.append(handle.request.task)
        handle.execute()

    server = ActionServer(node, RunTask, "run_task", _done, goal_callback=lambda _: GoalResponse.ACCEPT, handle_accepted_callback=accepted)
    server._handle = Deaf(server._handle, lost)
    spun, client = Spun(node), TaskClient()
    client.wait_until_ready(20.0)
    report = client.run("coffee", {})
    assert (report.outcome, report.reason) == ("SUCCEEDED", "it is done")
    assert runs == ["coffee"]
    client.close()
    spun.close()


def test_a_runtime_that_has_gone_is_named(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "GONE_AFTER", 3.0)
    ActionServer(node, RunTask, "run_task", _done, handle_accepted_callback=lambda handle: None)
    spun, client = Spun(node), TaskClient()
    client.wait_until_ready(20.0)
    with pytest.raises(NoAnswer, match="the runtime did not answer within 3 s"):
        client.run("coffee", {})
    client.close()
    spun.close()


def test_a_service_is_asked_until_it_answers_and_then_no_more(node: Node) -> None:
    asked: list[int] = []
    answers: list[Any] = []
    spun = Spun(node)

    class Client:  # the edge: a client whose first answer never comes
        real = node.create_client(GetParameters, "/answering/get_parameters")

        def service_is_ready(self) -> bool:
            return bool(self.real.service_is_ready())

        def call_async(self, request: Any) -> Any:
            asked.append(1)
            return rclpy.task.Future() if len(asked) == 1 else self.real.call_async(request)

    Inquiry(node, [Client()], GetParameters.Request(names=["use_sim_time"]), answers.append)
    end = time.monotonic() + 30.0
    while not answers and time.monotonic() < end:
        time.sleep(0.05)
    time.sleep(3.0)
    assert (len(asked), len(answers)) == (2, 1)
    assert answers[0].values[0].bool_value is False
    spun.close()
