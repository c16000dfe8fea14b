"""The actions RunTask and ExecuteSkill: goals in, endings out.

A goal is handed to the core before anything else about it can be processed, and every cancel after it, so no cancel is lost and no goal
is orphaned. Its result is sent once its arms are at rest. Nothing here blocks the executor.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rclpy.action import ActionServer, CancelResponse, GoalResponse
from rclpy.action.server import ServerGoalHandle
from rclpy.node import Node
from skillkit_interfaces.action import ExecuteSkill, RunTask

from skillkit.events import Event, Started, Transition
from skillkit.exceptions import SkillkitError, did_you_mean
from skillkit.ros.companion import Lookout, Watch
from skillkit.ros.control_loop import ControlLoop
from skillkit.ros.conversions import parameters_of
from skillkit.ros.names import client_of
from skillkit.ros.origin import ORIGIN, refusal
from skillkit.runtime import GoalEnded, StepResult
from skillkit.spaces import CancelInput, Ending, GoalInput, Outcome

FEEDBACK_EVERY = 0.2  # [s]
LOOK_EVERY = 0.02  # [s] between two looks for goals that have ended


@dataclass
class ActiveGoal:
    """A goal between acceptance and result."""

    handle: ServerGoalHandle
    option: str
    since: float
    decisions: int = 0
    running: list[str] = field(default_factory=list)
    client: Watch | None = None
    ended: GoalEnded | None = None


class Goals:
    """Serves both actions.

    Args:
        node: that serves. lookout: for its clients.
        tasks: names that a goal may ask for. skills: the same, with their digests.
        stop_when_lost: whether a goal is cancelled whose client has died.
    """

    def __init__(self, node: Node, lookout: Lookout, loop: ControlLoop, tasks: Sequence[str], skills: Mapping[str, str], stop_when_lost: bool) -> None:
        self._node, self._lookout, self._loop, self._stop_when_lost = node, lookout, loop, stop_when_lost
        self._active: dict[str, ActiveGoal] = {}
        self._digests = dict(skills)
        self._known: Mapping[str, Sequence[str]] = {"task": tuple(tasks), "skill": tuple(skills)}
        self._servers = [self._server(RunTask, "run_task"), self._server(ExecuteSkill, "execute_skill")]
        self._timer = self._node.create_timer(FEEDBACK_EVERY, self._feed_back)
        self._ended: deque[GoalEnded] = deque()
        self._look = self._node.create_timer(LOOK_EVERY, self._finish)

    def close(self) -> None:
        """End the service; goals that are still active are aborted by their clients' own rules."""
        self._timer.cancel()
        self._look.cancel()
        for server in self._servers:
            server.destroy()

    def _server(self, action: Any, name: str) -> ActionServer:
        return ActionServer(
            self._node,
            action,
            name,
            execute_callback=self._execute,
            goal_callback=lambda request: GoalResponse.ACCEPT,
            handle_accepted_callback=self._accepted,
            cancel_callback=self._cancel,
        )

    # -- callbacks of the executor ---------------------------------------------------------------------------------------------------------

    def _accepted(self, handle: ServerGoalHandle) -> None:
        key, request = _key(handle), handle.request
        kind = "task" if hasattr(request, "task") else "skill"
        option = str(getattr(request, kind))
        goal = self._active[key] = ActiveGoal(handle, option, self._loop.now())
        why_not, parameters = self._check(kind, option, request.parameters)
        if why_not:
            self._end(GoalEnded(key, Ending(Outcome.REFUSED, why_not), self._loop.now()))
        else:
            self._watch(key, goal)
            self._loop.put(GoalInput(key, self._loop.now(), option, parameters))

    def _check(self, kind: str, option: str, text: str) -> tuple[str, dict[str, Any]]:
        if option not in self._known[kind]:
            return f"unknown {kind} '{option}'; {did_you_mean(option, self._known[kind])}", {}
        try:
            parameters = parameters_of(text)
        except SkillkitError as error:
            return str(error), {}
        origin = parameters.pop(ORIGIN, None)
        return "" if origin is None else refusal(origin, self._digests, time.time()), parameters

    def _cancel(self, handle: ServerGoalHandle) -> CancelResponse:
        self._loop.put(CancelInput(_key(handle), self._loop.now(), "cancelled by the client"))
        return CancelResponse.ACCEPT

    def _end(self, ended: GoalEnded) -> None:
        """Hand an ending over to the executor, from any thread."""
        self._ended.append(ended)

    def _finish(self) -> None:
        """The action's own execution begins only now that there is nothing to wait for: this executor turns in circles while one waits."""
        while self._ended:
            ended = self._ended.popleft()
            goal = self._active.get(ended.goal)
            if goal is not None and goal.ended is None:
                goal.ended = ended
                goal.handle.execute()

    def _execute(self, handle: ServerGoalHandle) -> Any:
        goal = self._active.pop(_key(handle))
        ended = goal.ended or GoalEnded(_key(handle), Ending(Outcome.ERROR, "it was executed before it had ended"), self._loop.now())
        if goal.client is not None:
            goal.client.close()
        result = self._result(goal, ended)
        if ended.ending.outcome is Outcome.SUCCEEDED:
            handle.succeed()
        elif handle.is_cancel_requested:
            handle.canceled()
        else:
            handle.abort()
        return result

    def _result(self, goal: ActiveGoal, ended: GoalEnded) -> Any:
        words = {"outcome": ended.ending.outcome.value, "reason": ended.ending.reason, "duration": float(ended.time - goal.since)}
        if hasattr(goal.handle.request, "task"):
            return RunTask.Result(decisions=goal.decisions, **words)
        return ExecuteSkill.Result(**words)

    def _feed_back(self) -> None:
        for goal in list(self._active.values()):
            words = {"active": goal.running[-1] if goal.running else "", "elapsed": float(self._loop.now() - goal.since)}
            if hasattr(goal.handle.request, "task"):
                goal.handle.publish_feedback(RunTask.Feedback(decisions=goal.decisions, **words))
            else:
                goal.handle.publish_feedback(ExecuteSkill.Feedback(**words))

    # -- clients that die --------------------------------------------------------------------------------------------------------------------

    def _watch(self, key: str, goal: ActiveGoal) -> None:
        if not self._stop_when_lost:
            return
        lost = CancelInput(key, 0.0, "the client that asked for it has gone")
        goal.client = Watch(self._lookout, client_of(key), lambda: self._loop.put(lost._replace(received=self._loop.now())))

    # -- from the control thread -------------------------------------------------------------------------------------------------------------

    def follow(self, result: StepResult) -> None:
        """Keep count of a step's events and hand over its endings."""
        for event in result.events:
            self._count(event)
        for ended in result.ended:
            self._end(ended)

    def _count(self, event: Event) -> None:
        for goal in list(self._active.values()):
            path = getattr(event, "path", "")
            if not path.startswith(f"{goal.option}/"):
                continue
            if isinstance(event, Started):
                goal.decisions += 1
                goal.running.append(path)
            elif isinstance(event, Transition) and path in goal.running:
                goal.running.remove(path)


def _key(handle: ServerGoalHandle) -> str:
    return bytes(handle.goal_id.uuid).hex()
