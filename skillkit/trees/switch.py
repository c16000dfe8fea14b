"""``switch``: one child, chosen once by the first case that holds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from py_trees.behaviour import Behaviour
from py_trees.common import Status
from py_trees.composites import Composite

from skillkit.documents import Where, describe
from skillkit.expressions import Expression
from skillkit.option import Initiation, Situation
from skillkit.trees.node import EXPRESSION, NODE, Ask, Node, Scope, Word
from skillkit.trees.reader import Reader
from skillkit.trees.run import Run, Treelike


class Chosen(Treelike, Composite):
    """Ticks the child that was chosen when it began."""

    def __init__(self, path: str, run: Run, cases: Sequence[Expression], children: Sequence[Behaviour]) -> None:
        Composite.__init__(self, path, children)
        self.run, self.cases = run, tuple(cases)

    def tick(self) -> Iterator[Behaviour]:
        if self.status is not Status.RUNNING:
            for child in self.children:
                if child.status is not Status.INVALID:
                    child.stop(Status.INVALID)
            index = choice(self.cases, len(self.children), self.run.situation())
            self.current_child = self.children[index] if index is not None else None
            self.feedback_message = "" if index is not None else "no case of the switch holds"
        if self.current_child is None:
            self.stop(Status.FAILURE)
            yield self
            return
        self.status = Status.RUNNING
        yield from self.current_child.tick()
        if self.current_child.status is not Status.RUNNING:
            self.stop(self.current_child.status)
        yield self


def choice(cases: Sequence[Expression], children: int, situation: Situation) -> int | None:
    """Index of the first case that holds; of the child beyond the cases, where there is one; else ``None``."""
    found = next((index for index, case in enumerate(cases) if case.truth(situation)), None)
    return len(cases) if found is None and children > len(cases) else found


class SwitchWord(Word):
    """A choice."""

    name = "switch"
    form = "switch: {cases: [{when: <expression>, do: node}, …], otherwise: node}"
    description = "Does the node of the first case that holds when it begins, and ends as that ends; `otherwise` where none holds, else it fails."

    def read(self, reader: Reader, value: Any, where: Where, extras: Mapping[str, Any]) -> Node | None:
        given = reader.fields(self, value, where, ("cases",), ("otherwise",))
        if given is None or "cases" not in given:
            return None
        if not isinstance(given["cases"], list) or not given["cases"]:
            reader.error((*where, "cases"), "wrong-type", f"cases is a list of {{when, do}} with at least one, found {describe(given['cases'])}", self.form)
            return None
        found = [self._case(reader, item, (*where, "cases", index)) for index, item in enumerate(given["cases"])]
        otherwise = reader.node(given["otherwise"], (*where, "otherwise")) if "otherwise" in given else None
        cases = [case for case in found if case is not None]
        if len(cases) < len(found) or ("otherwise" in given and otherwise is None):
            return None
        children = (*(child for _, child in cases), *((otherwise,) if otherwise is not None else ()))
        return Node(self.name, values={"cases": tuple(when for when, _ in cases)}, children=children)

    def _case(self, reader: Reader, value: Any, where: Where) -> tuple[Expression, Node] | None:
        given = reader.fields(self, value, where, ("when", "do"), what="a case")
        if given is None:
            return None
        when = reader.condition(given["when"], (*where, "when")) if "when" in given else None
        child = reader.node(given["do"], (*where, "do")) if "do" in given else None
        return None if when is None or child is None else (when, child)

    def build(self, node: Node, path: str, run: Run, children: Sequence[Behaviour]) -> Behaviour:
        return Chosen(path, run, node.values["cases"], children)

    def initiation(self, node: Node, scope: Scope, ask: Ask) -> Initiation:
        index = choice(node.values["cases"], len(node.children), scope.situation)
        return ask(node.children[index], scope) if index is not None else Initiation(False, 0.0, "no case of the switch holds")

    def detail(self, node: Node) -> str:
        return "; ".join(str(case) for case in node.values["cases"])

    def schema(self) -> dict[str, Any]:
        case = self.mapping_schema({"when": EXPRESSION, "do": NODE}, ("when", "do"))
        return self.mapping_schema({"cases": {"type": "array", "items": case, "minItems": 1}, "otherwise": NODE}, ("cases",))
