"""Words without children: ``condition``, ``wait``, ``skill``, and ``task``, whose child is another task's tree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from py_trees.behaviour import Behaviour
from py_trees.common import Status

from skillkit.documents import Where
from skillkit.exceptions import SkillkitError
from skillkit.expressions import Expression
from skillkit.option import EPSILON, Initiation, Option, Situation, fill_parameters
from skillkit.trees.node import EXPRESSION, SECONDS, Ask, Node, Reference, Scope, Word
from skillkit.trees.reader import Reader
from skillkit.trees.run import OptionLeaf, Run, Treelike

SECONDS_RANGE = (0.0, 86_400.0)


class Holds(Treelike):
    """Succeeds where an expression holds, fails where it does not."""

    def __init__(self, path: str, run: Run, when: Expression) -> None:
        super().__init__(path)
        self.run, self.when = run, when

    def update(self) -> Status:
        situation = self.run.situation()
        if self.when.truth(situation):
            self.feedback_message = ""
            return Status.SUCCESS
        self.feedback_message = f"condition '{self.when.text}' does not hold: {self.when.explain(situation)}"
        return Status.FAILURE


class Waiting(Treelike):
    """Runs until so many seconds of the task clock are over, or until an expression holds."""

    def __init__(self, path: str, run: Run, seconds: Any, until: Expression | None) -> None:
        super().__init__(path)
        self.run, self.seconds, self.until, self.end = run, seconds, until, 0.0

    def initialise(self) -> None:
        self.end = self.run.now + float(self.run.value(self.seconds))

    def update(self) -> Status:
        if self.until is not None:
            return Status.SUCCESS if self.until.truth(self.run.situation()) else Status.RUNNING
        if self.run.now >= self.end - EPSILON:
            return Status.SUCCESS
        self.run.wake_at(self.end)
        return Status.RUNNING

    def state(self) -> float:
        return self.end

    def set_state(self, state: float) -> None:
        self.end = state


class ConditionWord(Word):
    """An expression as a node."""

    name = "condition"
    form = "condition: <expression>"
    description = "Succeeds where the expression holds, fails where it does not; takes no time."

    def read(self, reader: Reader, value: Any, where: Where, extras: Mapping[str, Any]) -> Node | None:
        when = reader.condition(value, where)
        return None if when is None else Node(self.name, values={"when": when})

    def build(self, node: Node, path: str, run: Run, children: Sequence[Behaviour]) -> Behaviour:
        return Holds(path, run, node.values["when"])

    def initiation(self, node: Node, scope: Scope, ask: Ask) -> Initiation:
        when: Expression = node.values["when"]
        return Initiation(True) if when.truth(scope.situation) else Initiation(False, 0.0, when.explain(scope.situation))

    def detail(self, node: Node) -> str:
        return str(node.values["when"])

    def schema(self) -> dict[str, Any]:
        return dict(EXPRESSION)


class WaitWord(Word):
    """A pause."""

    name = "wait"
    form = "wait: 2 s, or wait: {until: <expression>}"
    description = "The arm rests for so long, or until the expression holds."

    def read(self, reader: Reader, value: Any, where: Where, extras: Mapping[str, Any]) -> Node | None:
        if not isinstance(value, dict):
            seconds = reader.seconds(value, where, SECONDS_RANGE)
            return None if seconds is None else Node(self.name, values={"for": seconds})
        if "until" not in (reader.fields(self, value, where, ("until",)) or {}):
            return None
        until = reader.condition(value["until"], (*where, "until"))
        return None if until is None else Node(self.name, values={"until": until})

    def build(self, node: Node, path: str, run: Run, children: Sequence[Behaviour]) -> Behaviour:
        return Waiting(path, run, node.values.get("for", 0.0), node.values.get("until"))

    def schema(self) -> dict[str, Any]:
        return {"anyOf": [SECONDS, self.mapping_schema({"until": EXPRESSION}, ("until",))]}

    def detail(self, node: Node) -> str:
        if "until" in node.values:
            return f"until {node.values['until']}"
        seconds = node.values["for"]
        return str(seconds) if isinstance(seconds, Reference) else f"{seconds:g} s"


class CallWord(Word):
    """A word that runs an option with parameters."""

    extras: tuple[str, ...] = ("with", "arm", "budgets")

    def option(self, node: Node, options: Mapping[str, Option], roles: Sequence[str], path: str, decision_rate: float) -> Option:
        """What is run."""
        return options[node.values["call"]]

    def read(self, reader: Reader, value: Any, where: Where, extras: Mapping[str, Any]) -> Node | None:
        call = reader.call(self.name, value, where, extras, self.form)
        return None if call is None else self.checked(reader, call.node(self.name), call.name_at)

    def checked(self, reader: Reader, node: Node, name_at: Where) -> Node | None:
        """The node, checked against what it calls."""
        raise NotImplementedError

    def build(self, node: Node, path: str, run: Run, children: Sequence[Behaviour]) -> Behaviour:
        option = self.option(node, run.options, run.tree_roles, path, run.decision_rate)
        if "execute" in node.values:
            option = replace(option, time_limit=min(option.time_limit, float(run.value(node.values["execute"]))))
        roles = arms_for(node, option, run.roles)
        return CallLeaf(path, run, option, node, roles, frozenset(leased(node, run.options, run.roles)))

    def initiation(self, node: Node, scope: Scope, ask: Ask) -> Initiation:
        situation = scope.situation
        option = self.option(node, scope.options, tuple(situation.roles), "", 10.0)
        try:
            parameters = fill_parameters(option.parameters, node.given(situation.parameters), option.name)
        except SkillkitError as error:
            return Initiation(False, 0.0, str(error))
        found = option.initiation(Situation(situation.observation, arms_for(node, option, situation.roles), parameters))
        return found if found.allowed else Initiation(False, 0.0, f"{node.name}: {found.reason}")

    def detail(self, node: Node) -> str:
        shown = ", ".join(f"{name}={value:g}" if isinstance(value, float) else f"{name}={value}" for name, value in node.given().items())
        arm = f" on {node.values['arm']}" if "arm" in node.values else ""
        arm += f" → {', '.join(f'${name}' for name in node.values['into'].values())}" if node.values.get("into") else ""
        called = "" if node.name == node.values["call"] else str(node.values["call"])
        return f"{called}({shown}){arm}" if called else f"{shown}{arm}".strip()


class CallLeaf(OptionLeaf):
    """Runs the option of a ``skill`` or ``task`` node; takes over the outputs of a task that succeeded."""

    def __init__(self, path: str, run: Run, option: Option, node: Node, roles: Mapping[str, str], arms: frozenset[str]) -> None:
        super().__init__(path, run, option, lambda: node.given(run.parameters), roles, arms)
        self.into: Mapping[str, str] = node.values.get("into", {})

    def update(self) -> Status:
        status = super().update()
        if status is Status.SUCCESS and self.into and self.execution is not None:
            outputs = getattr(self.execution.policy, "outputs", {})
            self.run.parameters.update({name: outputs.get(output) for output, name in self.into.items()})
        return status


def leased(node: Node, options: Mapping[str, Option], roles: Mapping[str, str]) -> set[str]:
    """The arms that a node may move: those of the skills in it."""
    if node.word == "skill":
        return set(arms_for(node, options[node.values["call"]], roles).values())
    chosen = roles.get(node.values.get("arm", "")) if node.word == "task" else None
    below = dict.fromkeys(roles, chosen) if chosen else roles
    return set().union(*(leased(child, options, below) for child in node.children)) if node.children else set()


def arms_for(node: Node, option: Option, roles: Mapping[str, str]) -> dict[str, str]:
    """The arm for each role of the option: the one ``arm:`` names, else that of the same role, else the tree's first."""
    first = next(iter(roles.values()), "")
    chosen = roles.get(node.values.get("arm", ""))
    return {role: chosen or roles.get(role, first) for role in option.roles}


class SkillWord(CallWord):
    """A skill."""

    name = "skill"
    form = "skill: grasp, with: {object: cup_1}"
    description = "Runs a skill until it ends."

    def checked(self, reader: Reader, node: Node, name_at: Where) -> Node | None:
        return reader.check_skill(node, name_at)

    def schema(self) -> dict[str, Any]:
        return {"$ref": "#/definitions/skill_call"}


class TaskWord(CallWord):
    """Another task."""

    name = "task"
    form = "task: make_room, with: {object: cup_1}"
    description = "Runs the tree of another task as one node; `into: {output: $variable}` takes its outputs over."
    extras = ("with", "arm", "budgets", "into")

    def checked(self, reader: Reader, node: Node, name_at: Where) -> Node | None:
        return reader.subtask(node, name_at)

    def schema(self) -> dict[str, Any]:
        return {"$ref": "#/definitions/task_call"}

    def option(self, node: Node, options: Mapping[str, Option], roles: Sequence[str], path: str, decision_rate: float) -> Option:
        if node.task is None:
            raise KeyError(node.values["call"])
        return node.task.option(options, roles, decision_rate, above=path)
