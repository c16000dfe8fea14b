"""What a scene declares about its things beyond what can be seen: ``scenes/<name>.yaml``.

Kinds (``is_a``), belonging (``part_of``), and consequences: what becomes true by itself once something else is true. The physical tests
that a task may name as its judge stand there too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from skillkit import documents
from skillkit.declarations import read_expression
from skillkit.documents import Document, Where, describe
from skillkit.exceptions import InvalidFile
from skillkit.expressions import Expression

WORDS = ("scene", "description", "kinds", "parts", "consequences", "tests")


@dataclass(frozen=True)
class Consequence:
    """``then`` becomes true whenever ``when`` is."""

    when: Expression
    then: Expression


@dataclass(frozen=True)
class Knowledge:
    """What is declared of a scene.

    Attributes:
        kinds: object → its kinds.
        parts: object → what it belongs to.
    """

    kinds: Mapping[str, frozenset[str]] = field(default_factory=dict)
    parts: Mapping[str, str] = field(default_factory=dict)
    consequences: tuple[Consequence, ...] = ()

    def holds(self, function: str, arguments: tuple[str, ...]) -> bool | None:
        """The truth of ``is_a`` and ``part_of``; ``None`` for every other function."""
        if function == "is_a":
            return arguments[1] in self.kinds.get(arguments[0], ())
        if function == "part_of":
            return self.parts.get(arguments[0]) == arguments[1]
        return None


def load_knowledge(path: str | Path) -> Knowledge:
    """A scene's file, checked.

    Raises:
        InvalidFile: with every problem.
    """
    document = documents.load(path)
    found = _read(document) if not document.problems else Knowledge()
    if document.problems:
        raise InvalidFile(document.problems)
    return found


def _read(document: Document) -> Knowledge:
    data = document.data
    if not isinstance(data, dict) or "scene" not in data:
        document.error((), "wrong-type", f"a scene is a mapping that begins with 'scene', found {describe(data)}")
        return Knowledge()
    document.check_words(data, (), WORDS, "a scene")
    kinds: dict[str, set[str]] = {}
    for kind, names in _mapping(document, data, "kinds").items():
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            document.error(("kinds", kind), "wrong-type", f"a kind has a list of objects, found {describe(names)}")
            continue
        for name in names:
            kinds.setdefault(name, set()).add(kind)
    parts = _mapping(document, data, "parts")
    for name, owner in parts.items():
        if not isinstance(owner, str):
            document.error(("parts", name), "wrong-type", f"a part belongs to an object, found {describe(owner)}")
    for name, text in _mapping(document, data, "tests").items():
        if not isinstance(text, str):
            document.error(("tests", name), "wrong-type", f"a test has a sentence that says what it asks for, found {describe(text)}")
    consequences = _consequences(document, data.get("consequences", []))
    return Knowledge({name: frozenset(found) for name, found in kinds.items()}, dict(parts), consequences)


def _mapping(document: Document, data: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = data.get(key, {})
    if not isinstance(value, dict):
        document.error((key,), "wrong-type", f"{key} is a mapping, found {describe(value)}")
        return {}
    return value


def _consequences(document: Document, value: Any) -> tuple[Consequence, ...]:
    if not isinstance(value, list):
        document.error(("consequences",), "wrong-type", f"consequences is a list of {{when, then}}, found {describe(value)}")
        return ()
    found = []
    for index, item in enumerate(value):
        where: Where = ("consequences", index)
        if not isinstance(item, dict) or set(item) != {"when", "then"}:
            document.error(where, "wrong-type", f"a consequence has when and then, both expressions, found {describe(item)}")
            continue
        when, then = (read_expression(document, item[key], (*where, key), {}) for key in ("when", "then"))
        if when is not None and then is not None:
            found.append(Consequence(when, then))
    return tuple(found)
