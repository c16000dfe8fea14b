"""``plan``: a goal, and the way to it found when the node begins.

The planner is no part of the tree: what the node wants is a question, and the plan arrives as a stamped input, like an operator's answer. So
a control step never waits for a search, and a bag holds the plan that was followed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from py_trees.behaviour import Behaviour
from py_trees.common import Status

from skillkit import expressions
from skillkit.documents import Where
from skillkit.exceptions import did_you_mean
from skillkit.expressions import Expression
from skillkit.option import EPSILON, Initiation, Option
from skillkit.spaces import Ending, Outcome
from skillkit.trees.node import EXPRESSION, Ask, Node, Scope, Word
from skillkit.trees.question import Question, Wanted, newest_answer
from skillkit.trees.reader import Reader
from skillkit.trees.run import OptionLeaf, Run, described

FIND = 30.0  # [s] within which a plan must arrive, unless the node says otherwise
Steps = list[tuple[str, dict[str, Any]]]  # skills and what they are called with


def plan_text(steps: Sequence[tuple[str, Mapping[str, Any]]]) -> str:
    """A plan as the text of an answer."""
    return json.dumps({"steps": [[skill, dict(parameters)] for skill, parameters in steps]}, sort_keys=True)


def no_plan_text(reason: str) -> str:
    """The answer where there is none."""
    return json.dumps({"no_plan": reason})


def read_plan(text: str, options: Mapping[str, Option]) -> Steps | str:
    """The steps of a plan, or in words why there are none."""
    try:
        answer = json.loads(text)
        if "no_plan" in answer:
            return str(answer["no_plan"])
        steps = [(str(skill), dict(parameters)) for skill, parameters in answer["steps"]]
    except (ValueError, TypeError, KeyError):
        return f"what arrived is no plan: {text[:100]}"
    unknown = next((skill for skill, _ in steps if skill not in options), None)
    return steps if unknown is None else f"it calls an unknown skill '{unknown}'; {did_you_mean(unknown, options)}"


class Planned(OptionLeaf):
    """Asks for a plan when it begins, unless the goal holds already; runs it as a task of its own; fails where the goal does not hold then."""

    def __init__(self, path: str, run: Run, node: Node, arm: str) -> None:
        self.node, self.goal = node, node.values.get("goal")
        self.steps: Steps = []
        self.seen, self.since, self.until, self.held = 0, 0.0, 0.0, False
        super().__init__(path, run, self._option(run, path), dict, {"arm": arm})

    def _option(self, run: Run, path: str) -> Option:
        nodes = tuple(Node("skill", skill, values={"call": skill, "with": parameters}) for skill, parameters in self.steps)
        tree = Node("sequence", children=nodes) if nodes else Node("condition", values={"when": expressions.parse("true")})
        name = self.node.name or self.node.word
        task = replace(run.task, name=name, description="", parameters=(), variables=(), outputs=(), goal=None, tree=tree)
        return task.option(run.options, ("arm",), run.decision_rate, above=path)

    def initialise(self) -> None:
        self.execution, self.steps, self.feedback_message = None, [], ""
        self.seen, self.since = newest_answer(self.run), self.run.now
        self.until = self.since + float(self.run.value(self.node.values.get("find", FIND)))
        self.held = self.goal is not None and self.goal.truth(self.run.situation())

    def update(self) -> Status:
        if self.execution is None:
            status = Status.SUCCESS if self.held else self._wait()
            if status is not Status.INVALID:
                return status
        status = super().update()
        situation = self.run.situation()
        if status is Status.SUCCESS and self.goal is not None and not self.goal.truth(situation):
            self.feedback_message = f"the plan was carried out, but its goal does not hold: {self.goal.explain(situation)}"
            return Status.FAILURE
        return status

    def _wait(self) -> Status:
        """INVALID once the plan is there and has begun."""
        answer = self.run.seen.answers.get(self.name)
        if answer is None or answer.count <= self.seen:
            if self.run.now < self.until - EPSILON:
                self.feedback_message = "waits for a plan"
                self.run.wake_at(self.until)
                return Status.RUNNING
            self.feedback_message = described(self.name, Ending(Outcome.TIMED_OUT, f"no plan arrived within {self.until - self.since:g} s"))
            return Status.FAILURE
        found = read_plan(answer.text, self.run.options)
        if isinstance(found, str):
            self.feedback_message = described(self.name, Ending(Outcome.FAILED, found))
            return Status.FAILURE
        self.steps = found
        self.option = self._option(self.run, self.name)
        self.begin()
        return Status.INVALID

    def asks(self) -> Question | None:
        if self.execution is not None or self.held:
            return None
        values, parameters = self.node.values, self.run.parameters
        goal = self.goal.filled(parameters, values["units"]) if self.goal is not None else ""
        wanted = Wanted(goal, values.get("start", ""), self.node.given(parameters), self.roles["arm"])
        return Question(self.name, self.since, f"a plan for {goal or wanted.skill}", wanted=wanted)

    def called(self) -> str:
        return " → ".join(f"{skill}({', '.join(map(str, parameters.values()))})" for skill, parameters in self.steps) or "nothing to do"

    def state(self) -> dict[str, Any]:
        return {"waiting": [self.seen, self.since, self.until, self.held], "steps": [list(step) for step in self.steps], "execution": super().state()}

    def set_state(self, state: Mapping[str, Any] | None) -> None:
        if state is not None:
            self.seen, self.since, self.until, self.held = state["waiting"]
            self.steps = [(skill, parameters) for skill, parameters in state["steps"]]
            self.option = self._option(self.run, self.name)
            super().set_state(state["execution"])


class PlanWord(Word):
    """A goal."""

    name = "plan"
    form = "plan: <expression>"
    description = "Reaches a goal by a plan made when it begins, from the skills' declared conditions and effects; succeeds at once where it holds."
    extras = ("arm", "budgets")

    def read(self, reader: Reader, value: Any, where: Where, extras: Mapping[str, Any]) -> Node | None:
        goal = reader.condition(value, where)
        beside = reader.beside(self.name, {key: (given, (*where[:-1], key)) for key, given in extras.items()}, ("find",))
        units = {name: declared.unit for name, declared in reader.parameters.items() if declared.unit}
        return None if goal is None else Node(self.name, values={"goal": goal, "units": units, **beside})

    def build(self, node: Node, path: str, run: Run, children: Sequence[Behaviour]) -> Behaviour:
        first = next(iter(run.roles.values()), "")
        return Planned(path, run, node, run.roles.get(node.values.get("arm", ""), first))

    def initiation(self, node: Node, scope: Scope, ask: Ask) -> Initiation:
        return Initiation(True)

    def detail(self, node: Node) -> str:
        goal: Expression | None = node.values.get("goal")
        return str(goal) if goal is not None else f"{node.values['start']} may start"

    def schema(self) -> dict[str, Any]:
        return dict(EXPRESSION)
