"""``set`` and ``for_each``: variables of one task, typed, and unknown outside of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from py_trees.behaviour import Behaviour
from py_trees.common import Status
from py_trees.decorators import Decorator

from skillkit.documents import Where, describe
from skillkit.expressions import Expression
from skillkit.option import Initiation, Parameter, Situation
from skillkit.trees.node import EXPRESSION, NODE, Ask, Node, Scope, Word
from skillkit.trees.reader import Reader
from skillkit.trees.run import Run, Treelike


class Assigned(Treelike):
    """Gives variables their values; fails where a value is not known or outside what the variable may be."""

    def __init__(self, path: str, run: Run, values: Mapping[str, Any], declared: Mapping[str, Parameter]) -> None:
        super().__init__(path)
        self.run, self.values, self.declared = run, values, declared

    def update(self) -> Status:
        found: dict[str, Any] = {}
        for name, given in self.values.items():
            value = given.value(self.run.situation()) if isinstance(given, Expression) else self.run.value(given)
            if self.declared[name].type == "integer" and isinstance(value, float) and value.is_integer():
                value = int(value)
            wrong = self.declared[name].check(value)
            if wrong:
                self.feedback_message = f"${name} would be {value!r}; allowed: {wrong}"
                return Status.FAILURE
            found[name] = value
        self.run.write(self.name, found)
        self.feedback_message = ", ".join(f"${name} = {value}" for name, value in found.items())
        return Status.SUCCESS


class SetWord(Word):
    """An assignment."""

    name = "set"
    form = "set: {count: $count + 1}"
    description = "Gives variables of the task new values: words, numbers with units, or expressions; takes no time."

    def read(self, reader: Reader, value: Any, where: Where, extras: Mapping[str, Any]) -> Node | None:
        if not isinstance(value, dict) or not value:
            reader.error(where, "wrong-type", f"set is a mapping of variable to value, found {describe(value)}", self.form)
            return None
        problems = len(reader.document.problems)
        values: dict[str, Any] = {}
        for name, given in value.items():
            declared = reader.variable(name, (*where, name), key=True)
            if declared is not None:
                values[name] = reader.assignment(given, (*where, name), declared)
        if len(reader.document.problems) > problems:
            return None
        reader.assigned.update(values)
        return Node(self.name, values={"values": values, "declared": {name: reader.parameters[name] for name in values}})

    def build(self, node: Node, path: str, run: Run, children: Sequence[Behaviour]) -> Behaviour:
        return Assigned(path, run, node.values["values"], node.values["declared"])

    def initiation(self, node: Node, scope: Scope, ask: Ask) -> Initiation:
        return Initiation(True)

    def detail(self, node: Node) -> str:
        return ", ".join(f"{name} = {value}" for name, value in node.values["values"].items())

    def schema(self) -> dict[str, Any]:
        return {"type": "object", "minProperties": 1, "additionalProperties": {"type": ["string", "number", "boolean"]}}


class EachInTurn(Treelike, Decorator):
    """Does its child once for every element; the elements are those there are when it begins."""

    def __init__(self, path: str, child: Behaviour, run: Run, each: str, among: Sequence[Any] | None, where: Expression | None) -> None:
        Decorator.__init__(self, path, child)
        self.run, self.each, self.among, self.where = run, each, among, where
        self.elements: list[str] = []
        self.index = 0

    def initialise(self) -> None:
        situation = self.run.situation()
        among = sorted(situation.observation.objects) if self.among is None else [self.run.value(one) for one in self.among]
        self.elements, self.index, self.feedback_message = [one for one in among if self._wanted(one, situation)], 0, ""

    def _wanted(self, element: str, situation: Situation) -> bool:
        if self.where is None:
            return True
        parameters = {**situation.parameters, self.each: element}
        return self.where.truth(Situation(situation.observation, situation.roles, parameters, situation.elapsed))

    def tick(self) -> Iterator[Behaviour]:
        if self.status is not Status.RUNNING:
            self.initialise()
            if not self.elements:
                self.stop(Status.SUCCESS)
                yield self
                return
            self.status = Status.RUNNING
        self.run.write(self.name, {self.each: self.elements[self.index]})
        yield from super().tick()

    def update(self) -> Status:
        if self.decorated.status is not Status.SUCCESS:
            return self.decorated.status
        self.index += 1
        return Status.SUCCESS if self.index == len(self.elements) else Status.RUNNING

    def state(self) -> list[Any]:
        return [self.elements, self.index]

    def set_state(self, state: list[Any]) -> None:
        self.elements, self.index = list(state[0]), state[1]


class ForEachWord(Word):
    """A loop over objects."""

    name = "for_each"
    form = "for_each: {each: thing, where: <expression>, do: node}, or with in: [cup_1, cup_2]"
    description = (
        "Does its child once for every object that is seen, or that `in` lists, and for which `where` holds when it begins; "
        "inside, `$thing` is that object. Fails when its child fails once."
    )

    def read(self, reader: Reader, value: Any, where: Where, extras: Mapping[str, Any]) -> Node | None:
        given = reader.fields(self, value, where, ("each", "do"), ("in", "where"))
        if given is None:
            return None
        among = self._among(reader, given["in"], (*where, "in")) if "in" in given else None
        each = reader.name(given["each"], (*where, "each"), "variable") if "each" in given else ""
        if each in reader.parameters:
            reader.error((*where, "each"), "two-words", f"'{each}' is a parameter or variable already", "take another name for each")
            each = ""
        if not each or (among is None and "in" in given):
            return None
        with reader.within(Parameter(each, "object")):
            condition = reader.condition(given["where"], (*where, "where")) if "where" in given else None
            child = reader.node(given["do"], (*where, "do")) if "do" in given else None
        if child is None or (condition is None and "where" in given):
            return None
        return Node(self.name, values={"each": each, "in": among, "where": condition}, children=(child,))

    def _among(self, reader: Reader, value: Any, where: Where) -> tuple[Any, ...] | None:
        if not isinstance(value, list):
            reader.error(where, "wrong-type", f"in is a list of objects, found {describe(value)}", self.form)
            return None
        problems = len(reader.document.problems)
        wanted = Parameter("in", "object")
        found = tuple(reader.given_value(item, (*where, index), wanted) for index, item in enumerate(value))
        return found if len(reader.document.problems) == problems else None

    def build(self, node: Node, path: str, run: Run, children: Sequence[Behaviour]) -> Behaviour:
        return EachInTurn(path, children[0], run, node.values["each"], node.values["in"], node.values["where"])

    def initiation(self, node: Node, scope: Scope, ask: Ask) -> Initiation:
        return Initiation(True)

    def detail(self, node: Node) -> str:
        among, where = node.values["in"], node.values["where"]
        return f"${node.values['each']}" + (f" in {', '.join(map(str, among))}" if among is not None else "") + (f" where {where}" if where else "")

    def schema(self) -> dict[str, Any]:
        among = {"type": "array", "items": {"type": "string"}}
        return self.mapping_schema({"each": {"type": "string"}, "in": among, "where": EXPRESSION, "do": NODE}, ("each", "do"))
