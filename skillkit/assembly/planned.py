"""A goal in words → a task file for the scene as it is now."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from skillkit import expressions, planning, share
from skillkit.assembly.system import System
from skillkit.exceptions import InvalidValue, UnknownName
from skillkit.expressions import ExpressionError
from skillkit.planning import Knowledge, PlannedStep
from skillkit.sim import World
from skillkit.spaces import Observation


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
    try:
        wanted = expressions.parse(goal, {})
    except ExpressionError as error:
        raise InvalidValue("the goal", goal, f"an expression; {error}") from None
    if wanted.dimension != "boolean":
        raise InvalidValue("the goal", goal, "an expression that is true or false")
    if not observation.arms:
        raise UnknownName("arm", "arm", observation.arms)
    problem = planning.ground_problem(system.skills, wanted, observation, roles, knowledge_of(scene))
    steps = planning.plan(problem)
    return PlannedTask(steps, planning.task_text(steps, name, goal, scene))
