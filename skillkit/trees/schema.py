"""The JSON Schema of a task file, made from the words themselves, for editors that complete and check while typing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from skillkit.declarations import parameter_schema
from skillkit.option import Option, Parameter
from skillkit.spaces import NOTHING
from skillkit.trees.node import SECONDS
from skillkit.trees.reader import BUDGETS
from skillkit.trees.values import NAME
from skillkit.trees.words import WORDS

DRAFT = "http://json-schema.org/draft-07/schema#"
NAMED = {"type": "string", "pattern": f"^{NAME.pattern}$"}
REFERENCE = {"type": "string", "pattern": r"^\$[A-Za-z_]\w*$"}
SENTENCE = {"type": "string", "minLength": 1}
BESIDE: Mapping[str, Any] = {  # words beside a call
    "label": NAMED,
    "with": {"type": "object"},
    "arm": NAMED,
    "budgets": {"type": "object", "properties": dict.fromkeys(BUDGETS, SECONDS), "additionalProperties": False},
    "into": {"type": "object", "additionalProperties": REFERENCE},
}


def task_schema(options: Mapping[str, Option] = NOTHING) -> dict[str, Any]:
    """JSON Schema (draft 7) of a task; with ``options``, skills and their parameters are completed as well."""
    declarations = {"type": "object", "additionalProperties": parameter_schema()}
    header = {
        "task": NAMED,
        "description": SENTENCE,
        "include": {"type": "array", "items": {"type": "string"}},
        "parameters": declarations,
        "variables": declarations,
        "outputs": declarations,
        "scene": SENTENCE,
        "cell": SENTENCE,
        "goal": {"$ref": "#/definitions/expression"},
        "judge": {"$ref": "#/definitions/expression"},
        "tree": {"$ref": "#/definitions/node"},
    }
    return {
        "$schema": DRAFT,
        "title": "skillkit task",
        "type": "object",
        "properties": header,
        "required": ["task", "tree"],
        "additionalProperties": False,
        "definitions": {
            "expression": {"type": ["string", "boolean"], "description": "an expression, such as grasped($cup)"},
            "reference": REFERENCE,
            "seconds": {"type": ["string", "number"], "description": "a time, such as 10 s"},
            "node": _node(),
            "skill_call": _call(options),
            "task_call": _call({}),
        },
    }


def _node() -> dict[str, Any]:
    words = {name: {**word.schema(), "description": word.description} for name, word in WORDS.items()}
    used = {name for word in WORDS.values() for name in word.extras} | {"label"}
    return {
        "type": "object",
        "properties": {**words, **{name: schema for name, schema in BESIDE.items() if name in used}},
        "additionalProperties": False,
        "oneOf": [{"required": [name]} for name in words],
    }


def _call(options: Mapping[str, Option]) -> dict[str, Any]:
    """Either the name alone, or a mapping with the name and its parameters."""
    if not options:
        return {"anyOf": [NAMED, {"type": "object", "minProperties": 1}]}
    called = {name: _arguments(option.parameters) for name, option in options.items()}
    mapping = {"type": "object", "properties": {**called, **BESIDE}, "additionalProperties": False, "oneOf": [{"required": [name]} for name in called]}
    return {"anyOf": [{"enum": list(options)}, mapping]}


def _arguments(parameters: Sequence[Parameter]) -> dict[str, Any]:
    return {"type": ["object", "null"], "properties": {one.name: _value(one) for one in parameters}, "additionalProperties": False}


def _value(parameter: Parameter) -> dict[str, Any]:
    described = {"description": parameter.description} if parameter.description else {}
    if parameter.choices:
        return {"anyOf": [{"enum": list(parameter.choices)}, REFERENCE], **described}
    if parameter.type in ("object", "word"):
        return {"type": "string", **described}
    if parameter.type == "boolean":
        return {"anyOf": [{"type": "boolean"}, REFERENCE], **described}
    limits = {key: value for key, value in (("minimum", parameter.minimum), ("maximum", parameter.maximum)) if value is not None}
    return {"anyOf": [{"type": parameter.type, **limits}, {"type": "string"}], **described}
