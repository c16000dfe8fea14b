"""Records of a bag in the shape this version expects, whichever version wrote them.

A field that the writer did not know yet reads as its zero value, as in a ROS 2 message; a field that changed its type is an error.
"""

from __future__ import annotations

from typing import Any

from skillkit.bags.definition import Field, parse_schema, short_name
from skillkit.bags.schemas import schema
from skillkit.exceptions import BagError


class Conform:
    """Brings messages of one recorded type into the shape of today's type of that name."""

    def __init__(self, name: str, recorded_name: str, recorded_schema: str) -> None:
        """Compare the two types.

        Raises:
            BagError: the topic carries another type, or a field has another type than today.
        """
        if recorded_name != name:
            raise BagError(name, f"the bag holds '{recorded_name[:80]}' where this type is expected", "it was not written by this library")
        self._root = short_name(name)
        self._types = parse_schema(name, schema(name))
        recorded = parse_schema(recorded_name, recorded_schema)
        missing = [_missing(type_name, fields, recorded.get(type_name, [])) for type_name, fields in self._types.items() if type_name in recorded]
        self.missing = tuple(name for names in missing for name in names)  # fields that the writer did not know yet
        self._complete = not self.missing

    def __call__(self, message: dict[str, Any]) -> dict[str, Any]:
        """The message with every field of today's type."""
        return message if self._complete else self._filled(message, self._root)

    def _filled(self, message: dict[str, Any], name: str) -> dict[str, Any]:
        return {**message, **{field.name: self._value(message, field) for field in self._types[name]}}

    def _value(self, message: dict[str, Any], field: Field) -> Any:
        if field.name not in message:
            return _zero(field) if field.primitive or field.length is not None else self._filled({}, field.type)
        value = message[field.name]
        if field.primitive:
            return value
        return self._filled(value, field.type) if field.length is None else [self._filled(entry, field.type) for entry in value]


def _missing(name: str, ours: list[Field], recorded: list[Field]) -> list[str]:
    theirs = {field.name: field for field in recorded}
    for field in ours:
        if field.name in theirs and theirs[field.name] != field:
            raise BagError(
                name, f"its field '{field.name}' is recorded as {theirs[field.name].type}, not {field.type}", "read the bag with the version that wrote it"
            )
    return [field.name for field in ours if field.name not in theirs]


def _zero(field: Field) -> Any:
    if field.length is not None:
        return []
    if field.type in ("string", "wstring"):
        return ""
    return False if field.type == "bool" else 0.0 if field.type.startswith("float") else 0
