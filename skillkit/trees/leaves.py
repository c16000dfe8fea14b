"""Words without children that move no arm: ``condition`` and ``wait``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from py_trees.behaviour import Behaviour
from py_trees.common import Status

from skillkit.documents import Where
from skillkit.expressions import Expression
from skillkit.option import EPSILON, Initiation
from skillkit.trees.node import EXPRESSION, SECONDS, Ask, Node, Reference, Scope, Word
from skillkit.trees.reader import Reader
from skillkit.trees.run import Run, Treelike

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
