"""Which motions of the tool are steered and which count more, as models and skills declare it: ``free: [rz]``, ``first: position``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from skillkit.documents import Document, Where, describe
from skillkit.exceptions import did_you_mean
from skillkit.spaces import AXES, FIRST

AIM_WORDS = ("free", "first")


def aim_schema() -> dict[str, Any]:
    """The words as properties of a JSON Schema."""
    return {"free": {"type": "array", "items": {"enum": list(AXES)}, "uniqueItems": True}, "first": {"enum": list(FIRST)}}


def read_aim(document: Document, data: Mapping[str, Any], where: Where) -> tuple[tuple[str, ...], str]:
    """``free`` and ``first`` of a mapping, empty where left out; problems go into the document."""
    free, first = data.get("free", []), data.get("first", "")
    if not isinstance(free, list):
        document.error((*where, "free"), "wrong-type", f"free is a list of axes of the tool, found {describe(free)}", f"allowed: {', '.join(AXES)}")
        return (), ""
    for index, axis in enumerate(free):
        if axis not in AXES:
            document.error((*where, "free", index), "unknown-word", f"'{axis}' is no axis of the tool", did_you_mean(str(axis), AXES))
        elif axis in free[:index]:
            document.error((*where, "free", index), "duplicate-name", f"'{axis}' stands there twice")
    if set(free) >= set(AXES):
        document.error((*where, "free"), "out-of-range", "every axis is free: nothing is left to steer")
    if "first" in data and first not in FIRST:
        document.error((*where, "first"), "unknown-word", f"first is {describe(first)}", f"allowed: {', '.join(FIRST)}")
    return tuple(str(axis) for axis in free), str(first)
