"""``guard``: a condition that is held while its child runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from py_trees.behaviour import Behaviour
from py_trees.common import Status
from py_trees.decorators import Decorator

from skillkit.documents import Where
from skillkit.expressions import Expression
from skillkit.option import Initiation
from skillkit.spaces import Outcome
from skillkit.trees.node import EXPRESSION, NODE, Ask, Node, Scope, Word
from skillkit.trees.reader import Reader
from skillkit.trees.run import OTHER_WAY, Run, Treelike


class Guarded(Treelike, Decorator):
    """Fails, and ends its child, as soon as the condition does not hold. It is looked at in every control step, not only at decisions."""

    def __init__(self, path: str, child: Behaviour, run: Run, when: Expression) -> None:
        Decorator.__init__(self, path, child)
        self.run, self.when = run, when

    def broken(self) -> bool:
        """Whether it runs although its condition does not hold."""
        return self.status is Status.RUNNING and not self.when.truth(self.run.situation())

    def tick(self) -> Iterator[Behaviour]:
        situation = self.run.situation()
        if self.when.truth(situation):
            self.feedback_message = ""
            yield from super().tick()
            return
        self.feedback_message = f"guard '{self.when.text}' does not hold: {self.when.explain(situation)}"
        self.run.halting = (f"the guard '{self.when.text}' broke", Outcome.PREEMPTED)
        self.stop(Status.FAILURE)
        self.run.halting = OTHER_WAY
        yield self

    def update(self) -> Status:
        return self.decorated.status


class GuardWord(Word):
    """A condition held while a node runs."""

    name = "guard"
    form = "guard: {when: <expression>, do: node}"
    description = "Does its child while the expression holds; fails, and ends its child, in the control step in which it no longer does."

    def read(self, reader: Reader, value: Any, where: Where, extras: Mapping[str, Any]) -> Node | None:
        given = reader.fields(self, value, where, ("when", "do"))
        if given is None:
            return None
        when = reader.condition(given["when"], (*where, "when")) if "when" in given else None
        child = reader.node(given["do"], (*where, "do")) if "do" in given else None
        return None if when is None or child is None else Node(self.name, values={"when": when}, children=(child,))

    def build(self, node: Node, path: str, run: Run, children: Sequence[Behaviour]) -> Behaviour:
        return Guarded(path, children[0], run, node.values["when"])

    def initiation(self, node: Node, scope: Scope, ask: Ask) -> Initiation:
        when: Expression = node.values["when"]
        return ask(node.children[0], scope) if when.truth(scope.situation) else Initiation(False, 0.0, when.explain(scope.situation))

    def detail(self, node: Node) -> str:
        return str(node.values["when"])

    def schema(self) -> dict[str, Any]:
        return self.mapping_schema({"when": EXPRESSION, "do": NODE}, ("when", "do"))
