"""``sequence``, ``fallback`` and their reactive forms: py_trees' own composites."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from py_trees import composites
from py_trees.behaviour import Behaviour

from skillkit.documents import Where
from skillkit.option import Initiation
from skillkit.trees.node import NODES, Ask, Node, Scope, Word
from skillkit.trees.reader import Reader
from skillkit.trees.run import Run, Treelike


class InOrder(Treelike, composites.Sequence):
    """py_trees' sequence."""

    def __init__(self, path: str, run: Run, memory: bool, children: Sequence[Behaviour]) -> None:
        composites.Sequence.__init__(self, path, memory, children)
        self.run = run


class FirstOf(Treelike, composites.Selector):
    """py_trees' selector."""

    def __init__(self, path: str, run: Run, memory: bool, children: Sequence[Behaviour]) -> None:
        composites.Selector.__init__(self, path, memory, children)
        self.run = run


class Composite(Word):
    """A word whose value is a list of nodes."""

    memory = True

    def read(self, reader: Reader, value: Any, where: Where, extras: Mapping[str, Any]) -> Node | None:
        children = reader.nodes(self, value, where)
        return Node(self.name, children=children) if children else None

    def schema(self) -> dict[str, Any]:
        return dict(NODES)


class SequenceWord(Composite):
    """Children in order until one fails."""

    name = "sequence"
    form = "sequence: [node, node, …]"
    description = "Does its children one after the other; fails when one fails. A child that is done is not asked again."

    def build(self, node: Node, path: str, run: Run, children: Sequence[Behaviour]) -> Behaviour:
        return InOrder(path, run, self.memory, children)

    def initiation(self, node: Node, scope: Scope, ask: Ask) -> Initiation:
        score = 1.0
        for child in node.children:
            found = ask(child, scope)
            score = min(score, found.score)
            if not found.allowed or not takes_no_time(child):
                return Initiation(found.allowed, score if found.allowed else 0.0, found.reason)
        return Initiation(True, score)


def takes_no_time(node: Node) -> bool:
    """Whether a node never takes time: a condition, bare or inside words that only turn its result."""
    return node.word == "condition" or (node.word in ("invert", "force_success", "force_failure") and takes_no_time(node.children[0]))


class ReactiveSequenceWord(SequenceWord):
    """A sequence that asks from the beginning at every decision."""

    name = "reactive_sequence"
    form = "reactive_sequence: [condition, …, node]"
    description = "A sequence that starts from its first child at every decision: conditions before a running child are watched, and stop it when they fail."
    memory = False


class FallbackWord(Composite):
    """Children in order until one succeeds."""

    name = "fallback"
    form = "fallback: [node, node, …]"
    description = "Tries its children one after the other; succeeds with the first that succeeds. A child that failed is not asked again."

    def build(self, node: Node, path: str, run: Run, children: Sequence[Behaviour]) -> Behaviour:
        return FirstOf(path, run, self.memory, children)

    def initiation(self, node: Node, scope: Scope, ask: Ask) -> Initiation:
        found = [ask(child, scope) for child in node.children]
        allowed = [one for one in found if one.allowed]
        return max(allowed, key=lambda one: one.score) if allowed else Initiation(False, 0.0, "; ".join(one.reason for one in found))


class ReactiveFallbackWord(FallbackWord):
    """A fallback that asks from the beginning at every decision."""

    name = "reactive_fallback"
    form = "reactive_fallback: [condition, …, node]"
    description = "A fallback that starts from its first child at every decision: an earlier child that no longer fails takes over."
    memory = False
