"""``parallel``: children side by side, each with arms of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from py_trees.behaviour import Behaviour
from py_trees.common import Status
from py_trees.composites import Composite

from skillkit.documents import Where, describe
from skillkit.option import Initiation
from skillkit.spaces import Outcome
from skillkit.trees.calls import used
from skillkit.trees.node import COUNT, MOVES, NODES, Ask, Node, Scope, Word
from skillkit.trees.reader import Reader
from skillkit.trees.run import OTHER_WAY, Run, Treelike, begin_anew

HAS_RESULT = ("the parallel has its result", Outcome.PREEMPTED)


class SideBySide(Treelike, Composite):
    """Ticks every child that has not ended; ends when enough have succeeded, or too many have failed for that, and stops the others."""

    side_by_side = True

    def __init__(self, path: str, run: Run, needed: int, children: Sequence[Behaviour]) -> None:
        Composite.__init__(self, path, children)
        self.run, self.needed = run, needed

    def tick(self) -> Iterator[Behaviour]:
        if self.status is not Status.RUNNING:
            begin_anew(self.children)
            self.feedback_message = ""
        self.status = Status.RUNNING  # a child's end is told while this still runs
        for child in self.children:
            if child.status in (Status.INVALID, Status.RUNNING):
                yield from child.tick()
        result = self._result()
        if result is not Status.RUNNING:
            self.run.halting = HAS_RESULT
            for child in self.children:
                if child.status is Status.RUNNING:
                    child.stop(Status.INVALID)
            self.run.halting = OTHER_WAY
            self.stop(result)
        yield self

    def _result(self) -> Status:
        statuses = [child.status for child in self.children]
        if statuses.count(Status.SUCCESS) >= self.needed:
            return Status.SUCCESS
        return Status.FAILURE if len(statuses) - statuses.count(Status.FAILURE) < self.needed else Status.RUNNING


UNNAMED = ""  # the arm of a skill that names none


def named_arms(node: Node) -> set[str]:
    """The arms that a node moves, by the names it gives them."""
    if "arm" in node.values:
        return {str(node.values["arm"])}
    if node.word in MOVES:
        return {UNNAMED}
    return set().union(*(named_arms(child) for child in node.children)) if node.children else set()


class ParallelWord(Word):
    """Several nodes at once."""

    name = "parallel"
    form = "parallel: [node, node, …], or parallel: {succeed: 1, do: [node, …]}"
    description = "Does its children side by side, each with its own arm; succeeds when all, or as many as `succeed` says, have; the others are ended."

    def read(self, reader: Reader, value: Any, where: Where, extras: Mapping[str, Any]) -> Node | None:
        given = {"do": value} if isinstance(value, list) else reader.fields(self, value, where, ("do",), ("succeed",))
        if given is None or "do" not in given:
            return None
        place = where if isinstance(value, list) else (*where, "do")
        children = reader.nodes(self, given["do"], place)
        needed = self._needed(reader, given.get("succeed", "all"), (*where, "succeed"), len(given["do"]) if isinstance(given["do"], list) else 1)
        if children is None or needed is None:
            return None
        taken, in_use = set[str](), set[str]()
        for index, child in enumerate(children):
            uses = used(child, reader.options or {})
            for name in sorted(uses & in_use):
                reader.error((*place, index), "shared-lease", f"'{child.name or child.word}' uses '{name}', which a node before it uses", "one after the other")
            in_use |= uses
            arms = named_arms(child)
            if arms and taken and (arms & taken or UNNAMED in arms | taken):
                self._shared(reader, child, arms & taken, (*place, index))
            taken |= arms
        return Node(self.name, values={"succeed": needed}, children=children)

    def _shared(self, reader: Reader, child: Node, arms: set[str], where: Where) -> None:
        which = ", ".join(f"'{arm}'" for arm in sorted(arms - {UNNAMED})) or "that a node before it may hold"
        hint = "write 'arm: …' beside every skill in a parallel, each its own"
        reader.error(where, "shared-arm", f"'{child.name or child.word}' would move the arm {which}: one arm does one skill at a time", hint)

    def _needed(self, reader: Reader, value: Any, where: Where, of: int) -> int | None:
        if value == "all":
            return of
        if not isinstance(value, int) or isinstance(value, bool):
            reader.error(where, "wrong-type", f"succeed is 'all' or a whole number, found {describe(value)}")
        elif not 1 <= value <= of:
            reader.error(where, "out-of-range", f"{value} of {of} children cannot succeed; allowed: from 1 to {of}")
        else:
            return value
        return None

    def build(self, node: Node, path: str, run: Run, children: Sequence[Behaviour]) -> Behaviour:
        return SideBySide(path, run, node.values["succeed"], children)

    def initiation(self, node: Node, scope: Scope, ask: Ask) -> Initiation:
        found = [ask(child, scope) for child in node.children]
        allowed = sorted((one.score for one in found if one.allowed), reverse=True)
        if len(allowed) >= node.values["succeed"]:
            return Initiation(True, allowed[node.values["succeed"] - 1])
        return Initiation(False, 0.0, "; ".join(one.reason for one in found if not one.allowed))

    def detail(self, node: Node) -> str:
        needed = node.values["succeed"]
        return "" if needed == len(node.children) else f"{needed} of {len(node.children)}"

    def schema(self) -> dict[str, Any]:
        succeed = {"anyOf": [{"const": "all"}, COUNT]}
        return {"anyOf": [NODES, self.mapping_schema({"succeed": succeed, "do": NODES}, ("do",))]}
