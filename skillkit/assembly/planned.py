"""A goal in words → a task file for the scene as it is now."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from skillkit import expressions, planning, share
from skillkit.assembly.system import System
from skillkit.exceptions import InvalidValue, SkillkitError, UnknownName
from skillkit.expressions import ExpressionError
from skillkit.planning import Knowledge, PlannedStep, Problem
from skillkit.sim import World
from skillkit.spaces import Observation
from skillkit.trees import Question, Wanted, no_plan_text, plan_text


class PlannedTask(NamedTuple):
    """A plan and the text of its task file."""

    steps: tuple[PlannedStep, ...]
    text: str


def look(system: System, world: World) -> Observation:
    """The world's first observation, nothing having moved."""
    return system.runtime(world.sizes).step(world.inputs(0.0), 0.0).observation


def knowledge_of(scene: str) -> Knowledge:
    """What ``scenes/<scene>.yaml`` declares; nothing where there is no such file.

    Raises:
        InvalidFile: the file is wrong.
    """
    files = share.files("scenes")
    return planning.load_knowledge(files[scene]) if scene in files else Knowledge()


def plan_task(system: System, goal: str, name: str, scene: str, observation: Observation, roles: Mapping[str, str]) -> PlannedTask:
    """A task that reaches ``goal`` from what is observed.

    Raises:
        NoPlan: no skills that are there reach it. InvalidValue, UnknownName: the goal is no statement about what is seen.
    """
    steps = planning.plan(problem_of(system, goal, knowledge_of(scene), observation, roles))
    return PlannedTask(steps, planning.task_text(steps, name, goal, scene))


def problem_of(system: System, goal: str, knowledge: Knowledge, observation: Observation, roles: Mapping[str, str], strict: str = "the goal") -> Problem:
    """What is to be planned; for ``strict`` see :func:`skillkit.planning.ground_problem`.

    Raises:
        InvalidValue, UnknownName: the goal is no statement about what is seen.
    """
    try:
        wanted = expressions.parse(goal, {})
    except ExpressionError as error:
        raise InvalidValue("the goal", goal, f"an expression; {error}") from None
    if wanted.dimension != "boolean":
        raise InvalidValue("the goal", goal, "an expression that is true or false")
    if not observation.arms:
        raise UnknownName("arm", "arm", observation.arms)
    return planning.ground_problem(system.skills, wanted, observation, roles, knowledge, strict)


class Planner:
    """Plans for the ``plan`` nodes of running trees, each question once. What is declared of the scene of a task is known to it."""

    def __init__(self, system: System) -> None:
        self.system = system
        self._seen: set[tuple[str, float]] = set()

    def new(self, questions: Sequence[Question]) -> list[Question]:
        """Those that want a plan and have not been handed over before."""
        found = [one for one in questions if one.wanted is not None and (one.path, one.since) not in self._seen]
        self._seen.update((one.path, one.since) for one in found)
        return found

    def problem(self, question: Question, observation: Observation) -> Problem:
        """What is to be planned.

        Raises:
            SkillkitError: it cannot be, with the reason.
        """
        wanted = question.wanted
        if wanted is None:
            raise InvalidValue("the question", question.text, "one that wants a plan")
        goal, task = wanted.goal or self._start_of(wanted), self.system.tasks.get(question.path.partition("/")[0])
        knowledge = knowledge_of(task.scene if task is not None else "")
        return problem_of(self.system, goal, knowledge, observation, {"arm": wanted.arm}, "the goal" if wanted.goal else "")

    def answer(self, question: Question, observation: Observation, search: Callable[[Problem], Sequence[PlannedStep]] = planning.plan) -> str:
        """The text of the answer: a plan, or why there is none."""
        try:
            return plan_text([(step.skill, step.parameters) for step in search(self.problem(question, observation))])
        except SkillkitError as error:
            return no_plan_text(str(error))

    def _start_of(self, wanted: Wanted) -> str:
        """The condition under which a skill may start, its parameters filled in."""
        skill = self.system.skills.get(wanted.skill)
        if skill is None:
            raise UnknownName("skill", wanted.skill, self.system.skills)
        if skill.initiation is None:
            return "true"
        values = {**{one.name: one.default for one in skill.parameters}, **wanted.parameters}
        return skill.initiation.filled(values, {one.name: one.unit for one in skill.parameters})
