"""The search: unified-planning with pyperplan's A* and the hmax heuristic, so no plan is longer than it must be."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from skillkit.exceptions import MissingLibrary, SkillkitError
from skillkit.planning.problem import Action, Conjunction, Literal, Problem


class NoPlan(SkillkitError):
    """No sequence of skills reaches the goal.

    Attributes:
        goal: as it was asked; unreachable: conditions of the goal that no skill can make true from here.
    """

    def __init__(self, goal: str, unreachable: tuple[str, ...]) -> None:
        self.goal, self.unreachable = goal, unreachable
        why = f"nothing that is there can make true: {', '.join(unreachable)}" if unreachable else "its conditions cannot hold together"
        super().__init__(f"no plan for '{goal}': {why}; see 'effects' and 'preconditions' of the skills, and 'consequences' of the scene")


@dataclass(frozen=True)
class PlannedStep:
    """One skill to run and the objects to run it with."""

    skill: str
    parameters: Mapping[str, str]


def plan(problem: Problem) -> tuple[PlannedStep, ...]:
    """The shortest sequence of skills that reaches the goal; empty where it holds already.

    Raises:
        NoPlan: there is none. MissingLibrary: the extra ``planning`` is not installed.
    """
    if any(goal <= problem.initial for goal in problem.goals):
        return ()
    reachable = _reachable(problem)
    missing = [tuple(sorted(str(one) for one in goal - reachable)) for goal in problem.goals]
    if all(missing):
        raise NoPlan(problem.text, min(missing, key=len, default=("the goal is never true here",)))
    actions = _relevant(problem, [action for action in problem.actions if action.needs <= reachable])
    found = _search(problem, [(action.needs, action.makes) for action in actions])
    if found is None:
        raise NoPlan(problem.text, ())
    return tuple(PlannedStep(actions[index].skill, actions[index].parameters) for index in found if actions[index].skill)


def _reachable(problem: Problem) -> frozenset[Literal]:
    """What can become true when nothing true is ever lost: a literal outside of it can never hold."""
    found = set(problem.initial)
    growing = True
    while growing:
        before = len(found)
        for action in problem.actions:
            if action.needs <= found:
                found |= action.makes
        growing = len(found) > before
    return frozenset(found)


def _relevant(problem: Problem, actions: list[Action]) -> list[Action]:
    """The actions that make something which the goal needs, or which such an action needs and is not true and safe already."""
    wanted = set().union(*problem.goals)
    lost = {Literal(atom, not positive) for action in actions for atom, positive in action.makes}
    kept: dict[int, Action] = {}
    growing = True
    while growing:
        growing = False
        for index, action in enumerate(actions):
            if index not in kept and (action.makes - (problem.initial - lost)) & wanted:
                kept[index] = action
                wanted |= action.needs
                growing = True
    return [kept[index] for index in sorted(kept)]


def _search(problem: Problem, actions: list[tuple[Conjunction, Conjunction]]) -> list[int] | None:
    """Indices of the actions of a plan; ``None`` where there is none.

    STRIPS knows no negative conditions: each literal that something needs becomes a fluent of its own, kept in step with its opposite.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the solver's own syntax warnings
            import up_pyperplan  # noqa: F401
            from unified_planning import shortcuts as up
    except ImportError:
        raise MissingLibrary("unified-planning", "planning") from None
    needed = sorted(set().union(*problem.goals, *(needs for needs, _ in actions)))
    task, reached = up.Problem("task"), up.Fluent("reached")
    fluents = {literal: up.Fluent(f"f{index}") for index, literal in enumerate(needed)}
    for literal, fluent in fluents.items():
        task.add_fluent(fluent, default_initial_value=literal in problem.initial)
    task.add_fluent(reached, default_initial_value=False)
    names: dict[str, int] = {}
    for index, (needs, makes) in enumerate([*actions, *((goal, frozenset[Literal]()) for goal in problem.goals)]):
        action = up.InstantaneousAction(f"a{index}")
        names[action.name] = index
        _fill(action, needs, makes, fluents)
        if index >= len(actions):
            action.add_effect(reached, True)
        task.add_action(action)
    task.add_goal(reached)
    up.get_environment().credits_stream = None
    with up.OneshotPlanner(name="pyperplan", params={"search": "astar", "heuristic": "hmax"}) as planner:
        solution = planner.solve(task).plan
    return None if solution is None else [names[one.action.name] for one in solution.actions if names[one.action.name] < len(actions)]


def _fill(action: Any, needs: Conjunction, makes: Conjunction, fluents: Mapping[Literal, Any]) -> None:
    for literal in sorted(needs):
        action.add_precondition(fluents[literal])
    for literal in sorted(makes):
        if literal in fluents:
            action.add_effect(fluents[literal], True)
        opposite = Literal(literal.atom, not literal.positive)
        if opposite in fluents:
            action.add_effect(fluents[opposite], False)
