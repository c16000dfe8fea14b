"""YAML documents whose every value knows its line and column.

YAML 1.2 core rules (https://yaml.org/spec/1.2.2/#103-core-schema): ``1e-3`` is a number, ``on`` and ``no`` are words; duplicate keys
are errors. Anchors may be used, but a document may not refer to itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from errno import EINVAL
from pathlib import Path
from typing import Any, ClassVar, TypeAlias

import yaml

from skillkit.exceptions import InvalidFile, Problem, did_you_mean

Where: TypeAlias = tuple["str | int", ...]
"""A place in a document: the keys and indices that lead to it."""

NODE_LIMIT = 100_000
DEPTH_LIMIT = 100
SIZE_LIMIT = 1 << 20  # [byte]

TAGS = tuple(f"tag:yaml.org,2002:{kind}" for kind in ("null", "bool", "int", "float", "str", "seq", "map"))
TYPE_NAMES = {dict: "a mapping", list: "a list", str: "a word", int: "a whole number", float: "a number", bool: "true or false", type(None): "nothing"}


class _CoreLoader(yaml.SafeLoader):
    """SafeLoader with the implicit types of YAML 1.2's core schema only."""

    yaml_implicit_resolvers: ClassVar[dict[str, list[tuple[str, re.Pattern[str]]]]] = {}


for _tag, _pattern, _first in (
    ("tag:yaml.org,2002:null", r"^(?:~|null|Null|NULL|)$", ["~", "n", "N", ""]),
    ("tag:yaml.org,2002:bool", r"^(?:true|True|TRUE|false|False|FALSE)$", list("tTfF")),
    ("tag:yaml.org,2002:int", r"^(?:[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)$", list("-+0123456789")),
    ("tag:yaml.org,2002:float", r"^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$", list("-+.0123456789")),
    ("tag:yaml.org,2002:float", r"^(?:[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$", list("-+.")),
):
    _CoreLoader.add_implicit_resolver(_tag, re.compile(_pattern), _first)

FastLoader = type("FastLoader", (yaml.CSafeLoader,), {"yaml_implicit_resolvers": _CoreLoader.yaml_implicit_resolvers}) if yaml.__with_libyaml__ else None
NESTING = "[{-?:"  # what begins something inside something
NESTING_LIMIT = 3000  # libyaml is not asked beyond it: it nests on the stack of the process


@dataclass
class Document:
    """A parsed file.

    Attributes:
        file: its name, as shown in problems.
        data: plain dicts, lists, strings, numbers, booleans and ``None``.
        problems: what was wrong in it so far; checks append here.
    """

    file: str
    data: Any = None
    problems: list[Problem] = field(default_factory=list)
    marks: dict[Where, tuple[int, int]] = field(default_factory=dict)
    key_marks: dict[Where, tuple[int, int]] = field(default_factory=dict)
    text_marks: dict[Where, tuple[int, int]] = field(default_factory=dict)

    def error(self, where: Where, code: str, message: str, hint: str = "", *, key: bool = False, offset: int | None = None, severity: str = "error") -> None:
        """Append a problem at the value (or, with ``key``, at its key); ``offset`` counts columns into the text of a one-line value."""
        line, column = self.position(where, key=key)
        if offset is not None and where in self.text_marks:
            line, column = self.text_marks[where]
            column += offset
        self.problems.append(Problem(self.file, line, column, code, severity, message, hint))

    def check_words(self, data: dict[str, Any], where: Where, allowed: Sequence[str], what: str) -> None:
        """An error for every key of the mapping at ``where`` that is not allowed there."""
        for word in data:
            if word not in allowed:
                self.error((*where, word), "unknown-word", f"'{word}' is not a word of {what}", did_you_mean(word, allowed), key=True)

    def position(self, where: Where, *, key: bool = False) -> tuple[int, int]:
        """Line and column (from 1) of a place; of its nearest known parent where it has none of its own."""
        marks = self.key_marks if key else self.marks
        while where and where not in marks:
            where = where[:-1]
        return marks.get(where) or self.marks.get((), (1, 1))

    def raise_errors(self) -> None:
        """Raise ``InvalidFile`` with all problems, if one of them is an error."""
        if any(problem.severity == "error" for problem in self.problems):
            raise InvalidFile(self.problems)


def parse(text: str, file: str = "<text>") -> Document:
    """Parse YAML text; problems are collected in the document, never raised."""
    document = Document(file)
    try:
        node = _composed(text)
        if node is None:
            document.problems.append(Problem(file, 1, 1, "empty-file", "error", "the file is empty"))
        else:
            document.data = _Builder(document).build(node, (), ())
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        document.problems.append(Problem(file, line, column, "yaml-syntax", "error", error.problem or str(error.context or "not YAML")))
    except RecursionError:
        document.problems.append(Problem(file, 1, 1, "yaml-syntax", "error", "nested too deeply to be read", "move inner parts into tasks of their own"))
    except (yaml.YAMLError, ValueError) as error:
        document.problems.append(Problem(file, 1, 1, "yaml-syntax", "error", f"not readable as YAML: {' '.join(str(error).split()) or type(error).__name__}"))
    return document


def _composed(text: str) -> yaml.Node | None:
    """The nodes of a text: by libyaml where that is there, ten times as fast; what is wrong is said by PyYAML itself, whose words do not depend on that."""
    if FastLoader is not None and sum(map(text.count, NESTING)) < NESTING_LIMIT:
        try:
            return yaml.compose(text, Loader=FastLoader)  # type: ignore[arg-type]
        except yaml.YAMLError:
            pass
    return yaml.compose(text, Loader=_CoreLoader)


def load(path: str | Path) -> Document:
    """Parse a file; an unreadable file is a problem of the document, never raised."""
    try:
        content = _content(Path(path))
    except OSError as error:
        return Document(str(path), problems=[Problem(str(path), 1, 1, "unreadable-file", "error", error.strerror or str(error))])
    if len(content) > SIZE_LIMIT:
        return Document(str(path), problems=[Problem(str(path), 1, 1, "too-large", "error", f"a file that a person writes has at most {SIZE_LIMIT} bytes")])
    try:
        return parse(content.decode("utf-8"), str(path))
    except UnicodeDecodeError as error:
        return Document(str(path), problems=[Problem(str(path), 1, 1, "not-utf8", "error", f"byte {error.start} is not UTF-8")])


def _content(path: Path) -> bytes:
    """The bytes of a file, cut off behind the limit; a device or a pipe may never end."""
    if path.exists() and not path.is_file() and not path.is_dir():
        raise OSError(EINVAL, "not a regular file")
    with path.open("rb") as file:
        return file.read(SIZE_LIMIT + 1)


class _Builder:
    """Turns YAML nodes into plain values, noting where each stands."""

    def __init__(self, document: Document) -> None:
        self.document, self.count = document, 0

    def build(self, node: yaml.Node, where: Where, above: tuple[int, ...]) -> Any:
        self.count += 1
        self.document.marks.setdefault(where, _mark(node))
        if id(node) in above or len(above) > DEPTH_LIMIT or self.count > NODE_LIMIT:
            self.document.error(where, "endless", f"refers to itself, or is nested deeper than {DEPTH_LIMIT}, or has more than {NODE_LIMIT} values")
            return None
        if node.tag not in TAGS:
            self.document.error(where, "unknown-tag", f"the tag {node.tag} is not allowed", "write a plain value")
            return None
        above = (*above, id(node))
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, where, above)
        if isinstance(node, yaml.SequenceNode):
            return [self.build(child, (*where, index), above) for index, child in enumerate(node.value)]
        return self._scalar(node, where)

    def _mapping(self, node: yaml.MappingNode, where: Where, above: tuple[int, ...]) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                line, column = _mark(key_node)
                self.document.problems.append(Problem(self.document.file, line, column, "wrong-key", "error", "a key must be a word"))
                continue
            key = str(key_node.value)
            if key in result:
                line, column = _mark(key_node)
                message = f"'{key}' was already given on line {self.document.key_marks[(*where, key)][0]}"
                self.document.problems.append(Problem(self.document.file, line, column, "duplicate-key", "error", message, "remove one of the two"))
                continue
            self.document.key_marks[(*where, key)] = _mark(key_node)
            result[key] = self.build(value_node, (*where, key), above)
        return result

    def _scalar(self, node: yaml.Node, where: Where) -> Any:
        text, kind = str(node.value), node.tag.rpartition(":")[2]
        if node.start_mark.line == node.end_mark.line:
            line, column = _mark(node)
            self.document.text_marks[where] = (line, column + (1 if getattr(node, "style", None) in ("'", '"') else 0))
        if kind == "int":
            return int(text, 8 if text.startswith("0o") else 16 if text.startswith("0x") else 10) if len(text) < 400 else float("inf")
        if kind == "float":
            return float(text.lower().replace(".inf", "inf").replace(".nan", "nan"))
        if kind in ("bool", "null"):
            return text.lower() == "true" if kind == "bool" else None
        return text


def _mark(node: yaml.Node) -> tuple[int, int]:
    return node.start_mark.line + 1, node.start_mark.column + 1


def is_number(value: Any) -> bool:
    """A finite int or float, not a bool."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < float("inf") and value == value


def describe(value: Any) -> str:
    """A value as it is shown in a message, with its type: ``'abc' (a word)``."""
    text = repr(value)
    return f"{text if len(text) <= 60 else text[:57] + '…'} ({TYPE_NAMES.get(type(value), type(value).__name__)})"


def places(value: Any, where: Where = ()) -> Iterator[tuple[Where, Any]]:
    """Every value of a document with the place where it stands, parents first."""
    yield where, value
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in children:
        yield from places(child, (*where, key))


def quantity(value: Any, unit: str) -> float | None:
    """``"20 Hz"`` → 20.0 for the unit ``Hz``; a bare number counts as given in that unit. ``None`` for anything else."""
    if is_number(value):
        return float(value)
    number, _, given = value.strip().partition(" ") if isinstance(value, str) else ("", "", "")
    scale = {unit: 1.0, **({"ms": 1e-3, "min": 60.0} if unit == "s" else {})}.get(given.strip())
    if scale is None or not re.fullmatch(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?", number):
        return None
    return float(number) * scale
