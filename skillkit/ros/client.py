"""A client of a runtime: asks it to run a task, follows its tree, and cancels on request. Also asks a simulator for its verdict.

The node is spun by the caller's own waiting, one executor, one thread.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from action_msgs.msg import GoalStatus
from diagnostic_msgs.msg import DiagnosticArray
from rclpy.action import ActionClient
from rclpy.client import Client
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.task import Future
from skillkit_interfaces.action import RunTask
from skillkit_interfaces.msg import TreeSnapshot
from std_srvs.srv import Trigger
from unique_identifier_msgs.msg import UUID

from skillkit.exceptions import SkillkitError
from skillkit.ros.companion import SignOfLife
from skillkit.ros.names import EVERY, TREE, client_of
from skillkit.ros.priority import raised_threads

ANSWER_WITHIN = 10.0  # [s] for a service call
ASK_AGAIN = 0.5  # [s] of silence: DDS drops a question or an answer whose reader and writer have not found each other yet, and tells nobody
GONE_AFTER = 30.0  # [s] of silence; a runtime that works on a goal is heard five times a second


class NoAnswer(SkillkitError):
    """A node that does not answer.

    Attributes:
        who: the node; waited: for how long [s].
    """

    def __init__(self, who: str, waited: float) -> None:
        self.who, self.waited = who, waited
        super().__init__(f"{who} did not answer within {waited:g} s; is it running, with the same ROS_DOMAIN_ID and namespace?")


@dataclass(frozen=True)
class TaskReport:
    """How a task ended, as the runtime reports it.

    Attributes:
        duration: [s]; decisions: options started.
        loop: the runtime's own figures about its schedule, see ``ticking``.
    """

    outcome: str
    reason: str
    duration: float
    decisions: int
    loop: Mapping[str, float] = field(default_factory=dict)


class TaskClient(Node):
    """One client; use it from one thread."""

    def __init__(self, namespace: str = "", on_tree: Callable[[TreeSnapshot], None] | None = None) -> None:
        """Join the nodes of a namespace.

        Args:
            on_tree: called with every snapshot of a tree.
        """
        with raised_threads():
            super().__init__("client", namespace=namespace)
        self._spinner = SingleThreadedExecutor()
        self._spinner.add_node(self)
        self._action: ActionClient = ActionClient(self, RunTask, "run_task")
        self._sign = SignOfLife(self)
        self._loop: dict[str, float] = {}
        self._goal: Any = None
        self._wanted_cancel, self._last_word = False, 0.0
        self.create_subscription(DiagnosticArray, "/diagnostics", self._diagnose, 10)
        if on_tree is not None:
            self.create_subscription(TreeSnapshot, TREE, on_tree, EVERY)

    def close(self) -> None:
        """Leave."""
        self._sign.close()
        self._spinner.shutdown(timeout_sec=1.0)
        self._action.destroy()
        self.destroy_node()

    def wait_until_ready(self, within: float, still_running: Callable[[], None] = lambda: None) -> None:
        """Wait for the runtime to accept goals: every arm and object has been heard by then.

        Args:
            still_running: called again and again; raises to give up.

        Raises:
            NoAnswer: it does not within ``within`` [s].
        """
        end = time.monotonic() + within
        while not self._action.server_is_ready():
            still_running()
            if time.monotonic() > end:
                raise NoAnswer("the runtime", within)
            self._spinner.spin_once(timeout_sec=0.05)

    def run(self, task: str, parameters: Mapping[str, Any], still_running: Callable[[], None] = lambda: None) -> TaskReport:
        """Run a task to its end; :meth:`cancel` may be called meanwhile, also before the goal is accepted.

        Raises:
            NoAnswer: the runtime has been silent for ``GONE_AFTER``. Whatever ``still_running`` raises.
        """
        key = uuid.uuid4()
        self._sign.show(client_of(key.hex))
        try:
            goal = RunTask.Goal(task=task, parameters=json.dumps(dict(parameters)))
            name = UUID(uuid=list(key.bytes))
            self._goal, asked = self._ask(lambda: self._action.send_goal_async(goal, self._heard, name), still_running)
            if not self._goal.accepted and asked == 1:  # a goal that comes twice is not accepted twice
                return TaskReport("REFUSED", "the runtime accepts no goals", 0.0, 0)
            if self._wanted_cancel:
                self.cancel()
            answer, _ = self._ask(self._goal.get_result_async, still_running)
            if answer.status == GoalStatus.STATUS_UNKNOWN:
                return TaskReport("ERROR", "the runtime does not know this goal any more: it was started anew, or the result was not fetched in time", 0.0, 0)
            result = answer.result
            return TaskReport(result.outcome, result.reason, float(result.duration), int(result.decisions), dict(self._loop))
        finally:
            self._goal, self._wanted_cancel = None, False
            self._sign.show("")

    def cancel(self) -> None:
        """Cancel the running task; it ends once the arm is at rest."""
        self._wanted_cancel = True
        if self._goal is not None:
            self._goal.cancel_goal_async()

    def call(self, service: str, within: float = ANSWER_WITHIN) -> Trigger.Response:
        """Call a Trigger service, for example ``simulator/verdict``.

        Raises:
            NoAnswer: nobody answers.
        """
        client: Client = self.create_client(Trigger, service)
        try:
            end = time.monotonic() + within
            while not client.service_is_ready() and time.monotonic() < end:
                self._spinner.spin_once(timeout_sec=0.05)
            return self._wait(client.call_async(Trigger.Request()), service, max(0.0, end - time.monotonic()))
        finally:
            self.destroy_client(client)

    def _ask(self, question: Callable[[], Future], still_running: Callable[[], None]) -> tuple[Any, int]:
        """The first answer to a question that may be asked again, and how often it was asked."""
        futures = [question()]
        self._last_word = asked = time.monotonic()
        while not (answers := [future.result() for future in futures if future.done()]):
            still_running()
            self._spinner.spin_once(timeout_sec=0.05)
            now = time.monotonic()
            if now - self._last_word > GONE_AFTER:
                raise NoAnswer("the runtime", GONE_AFTER)
            if now - max(asked, self._last_word) > ASK_AGAIN:
                futures.append(question())
                asked = now
        return answers[0], len(futures)

    def _heard(self, feedback: Any) -> None:
        self._last_word = time.monotonic()

    def _wait(self, future: Future, who: str, within: float) -> Any:
        end = time.monotonic() + within
        while not future.done():
            if time.monotonic() > end:
                raise NoAnswer(who, within)
            self._spinner.spin_once(timeout_sec=0.05)
        return future.result()

    def _diagnose(self, message: DiagnosticArray) -> None:
        self._loop.update(loop_figures(message))


def loop_figures(message: DiagnosticArray) -> dict[str, float]:
    """What a runtime says of its schedule, see ``ticking``; empty where the message is not from one."""
    pairs = [pair for status in message.status if status.hardware_id == "control loop" for pair in status.values]
    return {pair.key: float(pair.value) for pair in pairs if pair.key.endswith("_ms") or pair.key in ("ticks", "missed")}
