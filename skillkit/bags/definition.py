"""ROS 2 message definitions (``ros2msg`` text) as lists of fields.

Grammar: https://docs.ros.org/en/rolling/Concepts/Basic/About-Interfaces.html. Constants and defaults do not travel and are left out.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from skillkit.exceptions import BagError

PRIMITIVES = {
    "bool": "?", "byte": "B", "char": "B", "int8": "b", "uint8": "B", "int16": "h", "uint16": "H", "int32": "i", "uint32": "I",
    "int64": "q", "uint64": "Q", "float32": "f", "float64": "d", "string": "", "wstring": "",
}  # fmt: skip
"""Primitive types and their code in :mod:`struct`; texts have none."""

_TYPE = re.compile(r"^(?P<type>[A-Za-z][\w/]*)(<=\d+)?(?P<array>\[(?P<bound><=)?(?P<size>[1-9]\d{0,8})?\])?$")
_NAME = re.compile(r"^[A-Za-z]\w*$")
_SECTION = re.compile(r"^=+\s*$")


class Field(NamedTuple):
    """One field of a message.

    Attributes:
        type: a primitive's word, or ``package/Type``.
        length: ``None`` for a single value, -1 for a sequence, else the length of a fixed array.
    """

    name: str
    type: str
    length: int | None

    @property
    def primitive(self) -> bool:
        """Whether the type is a number, a truth value or a text."""
        return self.type in PRIMITIVES


EMPTY = Field("structure_needs_at_least_one_member", "uint8", None)
"""What ROS 2 puts into a message without fields."""


def short_name(name: str) -> str:
    """``package/msg/Type`` → ``package/Type``."""
    parts = name.split("/")
    return f"{parts[0]}/{parts[-1]}" if len(parts) > 1 else name


def parse_definition(text: str, name: str) -> list[Field]:
    """The fields of one definition; ``name`` (``package/Type``) gives the package of types written without one.

    Raises:
        BagError: a line that is no field, constant or comment.
    """
    fields: list[Field] = []
    for line in text.splitlines():
        words = line.partition("#")[0].split()
        if not words or _is_constant(line):
            continue
        match = _TYPE.match(words[0])
        if len(words) < 2 or match is None or not _NAME.match(words[1]):
            raise BagError(name, f"'{line.strip()[:80]}' is not a field", "a field is written 'type name'")
        length = None if match["array"] is None else -1 if match["bound"] or not match["size"] else int(match["size"])
        fields.append(Field(words[1], _full_type(match["type"], name), length))
    return fields or [EMPTY]


def parse_schema(name: str, text: str) -> dict[str, list[Field]]:
    """All definitions of a full schema by ``package/Type``; the first belongs to ``name``.

    Raises:
        BagError: as :func:`parse_definition`.
    """
    types: dict[str, list[str]] = {short_name(name): []}
    current = types[short_name(name)]
    for line in text.splitlines():
        if _SECTION.match(line):
            current = []
        elif line.startswith("MSG: "):
            current = types.setdefault(short_name(line[5:].strip()), [])
        else:
            current.append(line)
    return {word: parse_definition("\n".join(lines), word) for word, lines in types.items()}


def _is_constant(line: str) -> bool:
    words = line.partition("#")[0].split(None, 1)
    if len(words) < 2:
        return False
    return re.match(r"^[A-Z][A-Z0-9_]*\s*=", words[1]) is not None


def _full_type(word: str, owner: str) -> str:
    if word in PRIMITIVES:
        return word
    if word == "Header":
        return "std_msgs/Header"
    if word in ("time", "duration"):
        return f"builtin_interfaces/{word.capitalize()}"
    return short_name(word) if "/" in word else f"{owner.split('/')[0]}/{word}"
