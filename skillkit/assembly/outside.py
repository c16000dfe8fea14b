"""What a running task asks of the world outside, and who answers while the clock is a simulated one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from skillkit.assembly.planned import Planner
from skillkit.runtime import Runtime, StepResult
from skillkit.spaces import AnswerInput, CancelInput, Input
from skillkit.trees import Question

Answerer = Callable[[Question], "str | None"]


def questions_of(runtime: Runtime) -> list[Question]:
    """What the running trees of a runtime wait to be told."""
    policies: list[Any] = [goal.execution.policy for goal in runtime.goals.values()]
    return [question for policy in policies if hasattr(policy, "questions") for question in policy.questions()]


def nobody(question: Question) -> str | None:
    """The operator who is not there."""
    return None


class Outside:
    """Answers between two steps what a task asks: plans by a planner, questions by an operator; the clock stands still meanwhile.

    Args:
        goal: cancelled when a question finds nobody.
    """

    def __init__(self, planner: Planner, answer: Answerer, goal: str) -> None:
        self.planner, self.answer, self.goal = planner, answer, goal
        self.asked: set[tuple[str, float]] = set()
        self.answers: list[tuple[str, str | None]] = []

    def listen(self, runtime: Runtime, result: StepResult) -> None:
        """Take up what has been asked in a step."""
        if not result.events and result.tick > 1:
            return
        questions = questions_of(runtime)
        self.answers += [(one.path, self.planner.answer(one, result.observation)) for one in self.planner.new(questions)]
        for question in questions:
            if question.wanted is None and (question.path, question.since) not in self.asked:
                self.asked.add((question.path, question.since))
                self.answers.append((question.path, self.answer(question)))

    def said(self, now: float) -> list[Input]:
        """The answers, as inputs of the next step."""
        answers, self.answers = self.answers, []
        return [CancelInput(self.goal, now, f"nobody answers: {path}") if text is None else AnswerInput(path, now, text) for path, text in answers]
