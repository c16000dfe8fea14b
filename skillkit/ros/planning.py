"""Plans for the ``plan`` nodes of a live runtime: searched for in a process of its own, so that no control step waits for it."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context

from skillkit import planning
from skillkit.assembly import System
from skillkit.assembly.outside import questions_of
from skillkit.assembly.planned import Planner
from skillkit.exceptions import SkillkitError
from skillkit.planning import PlannedStep, Problem
from skillkit.runtime import Runtime, StepResult
from skillkit.spaces import AnswerInput, Observation
from skillkit.trees import Question, no_plan_text

SEARCH_WITHIN = 60.0  # [s]


class PlanDesk:
    """Takes up what running trees ask of a planner, and puts the answers among the inputs.

    Args:
        put: takes an input, from any thread; now: the task clock [s].
    """

    def __init__(self, system: System, put: Callable[[AnswerInput], None], now: Callable[[], float]) -> None:
        self._planner, self._put, self._now = Planner(system), put, now
        self._wanted: queue.Queue[tuple[Question, Observation] | None] = queue.Queue()
        self._pool: ProcessPoolExecutor | None = None
        self._thread = threading.Thread(target=self._work, name="plans", daemon=True)
        self._thread.start()

    def follow(self, runtime: Runtime, result: StepResult) -> None:
        """Take up the questions of a step; in the control thread."""
        if result.events or result.tick % 100 == 0:  # a runtime that was resumed asks without an event
            for question in self._planner.new(questions_of(runtime)):
                self._wanted.put((question, result.observation.worked_out()))

    def close(self) -> None:
        """End the search, if there is one."""
        self._wanted.put(None)
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)

    def _work(self) -> None:
        while (wanted := self._wanted.get()) is not None:
            question, observation = wanted
            try:
                text = self._planner.answer(question, observation, self._search)
            except Exception as error:  # whatever happens to the other process, the node is answered
                text = no_plan_text(f"the planner failed: {type(error).__name__}: {error}")
            self._put(AnswerInput(question.path, self._now(), text))

    def _search(self, problem: Problem) -> Sequence[PlannedStep]:
        if self._pool is None:
            self._pool = ProcessPoolExecutor(1, mp_context=get_context("spawn"))
        try:
            found = self._pool.submit(plan_apart, problem).result(SEARCH_WITHIN)
        except BrokenProcessPool:
            self._pool = None  # the next question gets a process of its own
            raise
        if isinstance(found, str):
            raise SkillkitError(found)
        return found


def plan_apart(problem: Problem) -> Sequence[PlannedStep] | str:
    """A plan, or why there is none as its words: errors with data of their own do not travel between processes."""
    try:
        return planning.plan(problem)
    except SkillkitError as error:
        return str(error)
