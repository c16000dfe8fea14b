"""One task over ROS 2 from start to end: processes up, goal, verdict, picture, processes down."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from skillkit.exceptions import SkillkitError
from skillkit.ros.children import Children
from skillkit.ros.processes import Setup, bringup

READY_WITHIN = 60.0  # [s] until arms and objects have been heard
SETTLED = 1.5  # [s] after the task, so that a judge sees what stays


@dataclass(frozen=True)
class SessionReport:
    """What happened.

    Attributes:
        success: the task SUCCEEDED, and its judge agrees where it has one.
        checks: what the judge looked at. judge: who judged; empty where nobody did.
        duration: of the task [s]; wall: from the start of the first process to the end of the last [s].
        ready: from the start of the first process until the goal was sent [s].
        loop: the runtime's figures about its schedule, see ``ticking``.
        bag, picture: files written; empty where none was.
        notes: what could not be done.
    """

    outcome: str
    reason: str
    success: bool
    checks: Mapping[str, bool]
    duration: float
    decisions: int
    wall: float
    ready: float
    loop: Mapping[str, float]
    judge: str = ""
    bag: str = ""
    picture: str = ""
    notes: tuple[str, ...] = field(default=())


def run_session(
    setup: Setup,
    task: str,
    parameters: Mapping[str, Any],
    on_tree: Callable[[Any], None] | None = None,
    on_stage: Callable[[str], None] = lambda text: None,
) -> SessionReport:
    """Bring up a setup, run a task on it, and take everything down again.

    Args:
        on_tree: called with every ``TreeSnapshot`` message.
        on_stage: called with what is being done, in words.

    Raises:
        ProcessEnded: a process ended before its time, with what it said. NoAnswer: a node stayed silent.
    """
    os.environ.setdefault("ROS_PYTHON_CHECK_FIELDS", "1")
    os.environ.setdefault("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
    import rclpy

    begun = time.monotonic()
    setup = replace(setup, details={**setup.details, "task": task, "parameters": dict(parameters)})
    on_stage("starting " + ", ".join(process.name for process in bringup(setup)))
    with TemporaryDirectory(prefix="skillkit-") as logs, Children(bringup(setup), Path(logs)) as children, rclpy.init():
        report = _task(setup, task, parameters, on_tree, on_stage, children, begun)
    return replace(report, wall=time.monotonic() - begun)


def _task(
    setup: Setup,
    task: str,
    parameters: Mapping[str, Any],
    on_tree: Callable[[Any], None] | None,
    on_stage: Callable[[str], None],
    children: Children,
    begun: float,
) -> SessionReport:
    from skillkit.ros.client import TaskClient

    client = TaskClient(setup.namespace, on_tree)
    try:
        _wait_until_ready(client, children)
        ready = time.monotonic() - begun
        on_stage(f"running {task}")
        found = client.run(task, parameters, children.check)
        time.sleep(SETTLED)
        verdict = client.call("simulator/verdict") if setup.scene else None
        picture, notes = "", list[str]() if setup.scene else ["real arms: nothing but the task's own conditions says whether it succeeded"]
        if setup.picture and setup.scene:
            answer = client.call("simulator/picture")
            picture, notes = (setup.picture, []) if answer.success else ("", [answer.message])
    finally:
        client.close()
    said: dict[str, Any] = json.loads(verdict.message) if verdict is not None else {"judge": "", "checks": {}}
    success = found.outcome == "SUCCEEDED" and (verdict is None or verdict.success or not said["judge"])
    return SessionReport(
        found.outcome, found.reason, success, said["checks"], found.duration, found.decisions, 0.0, ready, found.loop, said["judge"], setup.bag, picture,
        tuple(notes),
    )  # fmt: skip


def _wait_until_ready(client: Any, children: Children) -> None:
    from skillkit.ros.client import NoAnswer

    try:
        client.wait_until_ready(READY_WITHIN, children.check)
    except NoAnswer as error:
        said = [f"the {name} said: {children.said(name)}" for name in children.running if children.said(name)]
        raise SkillkitError("\n".join([str(error), *said])) from None
