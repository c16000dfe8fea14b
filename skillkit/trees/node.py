"""The checked description of a task tree: nodes, and the words they are written with.

A node is data; a :class:`Word` says how it is read, what py_trees behaviour it becomes and where it may start. A new word is one
class and one line in ``words.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from py_trees.behaviour import Behaviour

from skillkit.documents import Where
from skillkit.option import Initiation, Option, Situation
from skillkit.spaces import NOTHING

if TYPE_CHECKING:
    from skillkit.trees.reader import Reader
    from skillkit.trees.run import Run
    from skillkit.trees.task import Task


MOVES = ("skill", "plan")  # words of leaves that move an arm
NODE: Mapping[str, Any] = {"$ref": "#/definitions/node"}  # parts of the JSON Schema of a task
NODES: Mapping[str, Any] = {"type": "array", "items": NODE, "minItems": 1}
EXPRESSION: Mapping[str, Any] = {"$ref": "#/definitions/expression"}
SECONDS: Mapping[str, Any] = {"$ref": "#/definitions/seconds"}
COUNT: Mapping[str, Any] = {"anyOf": [{"type": "integer", "minimum": 1}, {"$ref": "#/definitions/reference"}]}


class Reference(NamedTuple):
    """``$name`` in a task: the value of one of its parameters or variables."""

    name: str

    def __str__(self) -> str:
        return f"${self.name}"


@dataclass(frozen=True)
class Node:
    """One node of a task tree, checked.

    Attributes:
        word: what it is: ``sequence``, ``retry``, ``skill`` …
        name: its label, or the name of its skill or task; empty where it has neither.
        where: its place in the file.
        values: what the word needs: ``times``, ``after``, ``when``, ``call``, ``with`` …
        task: the task that a node of the word ``task`` stands for; its tree is the only child.
    """

    word: str
    name: str = ""
    where: Where = ()
    values: Mapping[str, Any] = field(default_factory=dict)
    children: tuple[Node, ...] = ()
    task: Task | None = None

    def given(self, parameters: Mapping[str, Any] = NOTHING) -> dict[str, Any]:
        """The parameters it calls its skill or task with; references are filled in where ``parameters`` holds them."""
        values = self.values.get("with", NOTHING)
        return {name: parameters.get(value.name, value) if isinstance(value, Reference) else value for name, value in values.items()}


class Placed(NamedTuple):
    """A node at its place in a tree: a unique, stable path and the index of its parent (−1 for the root)."""

    path: str
    node: Node
    parent: int
    depth: int


def segment(node: Node, index: int) -> str:
    """What a node adds to the path of its parent."""
    return node.name or f"{index}:{node.word}"


def segments(children: Sequence[Node]) -> list[str]:
    """The segments of siblings; those with the same name get their index."""
    names = [segment(child, index) for index, child in enumerate(children)]
    return [f"{index}:{name}" if names.count(name) > 1 else name for index, name in enumerate(names)]


def root_path(tree: Node, task: str, above: str) -> str:
    """The path of a tree's root: the task's name, unless the task stands in another tree at ``above`` or is a single leaf."""
    return f"{above or task}/{segment(tree, 0)}" if above or not tree.children else task


def layout(tree: Node, path: str, into_tasks: bool = True) -> list[Placed]:
    """Every node with its path, parents before children; tasks within it are unfolded unless told otherwise."""
    return list(_place(tree, path, -1, 0, into_tasks, [0]))


def _place(node: Node, path: str, parent: int, depth: int, into_tasks: bool, count: list[int]) -> Iterator[Placed]:
    index = count[0]
    count[0] += 1
    yield Placed(path, node, parent, depth)
    if node.task is not None and not into_tasks:
        return
    for child, part in zip(node.children, segments(node.children), strict=True):
        yield from _place(child, f"{path}/{part}", index, depth + 1, into_tasks, count)


class Scope(NamedTuple):
    """What the initiation set of a tree is asked in: the situation, and the options it may call."""

    situation: Situation
    options: Mapping[str, Option]


Ask = Callable[[Node, Scope], Initiation]


class Word:
    """A word of the task language.

    Attributes:
        name: as it is written.
        form: how it is written, for messages and documentation.
        description: what it does, in one sentence.
        extras: further words that may stand beside it, ``label`` apart.
    """

    name = ""
    form = ""
    description = ""
    extras: tuple[str, ...] = ()

    def read(self, reader: Reader, value: Any, where: Where, extras: Mapping[str, Any]) -> Node | None:
        """The node, or ``None`` after telling the reader what is wrong. ``where`` is the place of ``value``."""
        raise NotImplementedError

    def build(self, node: Node, path: str, run: Run, children: Sequence[Behaviour]) -> Behaviour:
        """The behaviour that does it; its name is ``path``."""
        raise NotImplementedError

    def initiation(self, node: Node, scope: Scope, ask: Ask) -> Initiation:
        """May the node start here; by default as its first child."""
        return ask(node.children[0], scope) if node.children else Initiation(True)

    def detail(self, node: Node) -> str:
        """What a person would like to know of it, in a few words."""
        return ""

    def schema(self) -> dict[str, Any]:
        """JSON Schema of what is written after the word."""
        raise NotImplementedError

    def mapping_schema(self, properties: Mapping[str, Any], required: Sequence[str]) -> dict[str, Any]:
        """JSON Schema of a mapping with these words and no others."""
        return {"type": "object", "properties": dict(properties), "required": list(required), "additionalProperties": False}
