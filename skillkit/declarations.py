"""What skill and task files declare alike: typed parameters, and expressions over them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from skillkit import expressions
from skillkit.documents import Document, Where, describe, is_number
from skillkit.expressions import Expression, ExpressionError
from skillkit.option import Parameter

PARAMETER_WORDS = ("type", "unit", "minimum", "maximum", "default", "choices", "description")
PARAMETER_TYPES = ("object", "number", "integer", "boolean", "word")
UNITS = ("", "m", "rad", "s", "N", "m/s")
UNQUOTED = "within { } and [ ] an expression with a comma needs quotes around it: YAML splits at commas there"


def read_expression(document: Document, value: Any, where: Where, parameters: Mapping[str, Parameter]) -> Expression | None:
    """A parsed expression; ``None`` after telling the document what is wrong with it."""
    text = str(value).lower() if isinstance(value, bool) else value
    if not isinstance(text, str):
        document.error(where, "wrong-type", f"an expression is expected, found {describe(value)}")
        return None
    try:
        return expressions.parse(text, parameters)
    except ExpressionError as error:
        hint = error.hint if text.count("(") == text.count(")") else UNQUOTED
        document.error(where, "expression", error.message, hint, offset=error.column - 1)
        return None


def read_parameter(document: Document, name: str, value: Any, where: Where) -> Parameter | None:
    """One declaration ``name: {type, unit, minimum, maximum, default, choices, description}``; problems go to the document."""
    if not isinstance(value, dict) or value.get("type") not in PARAMETER_TYPES:
        found = value.get("type") if isinstance(value, dict) else value
        document.error(where, "unknown-word", f"the type of parameter '{name}' is {describe(found)}", f"allowed: {', '.join(PARAMETER_TYPES)}")
        return None
    problems = len(document.problems)
    document.check_words(value, where, PARAMETER_WORDS, "a parameter")
    for bound in ("minimum", "maximum"):
        if bound in value and not is_number(value[bound]):
            document.error((*where, bound), "wrong-type", f"{bound} is a number, found {describe(value[bound])}")
    bounds = [value[bound] for bound in ("minimum", "maximum") if is_number(value.get(bound))]
    if bounds != sorted(bounds):
        document.error((*where, "minimum"), "out-of-range", f"minimum is {bounds[0]:g}, above the maximum, {bounds[1]:g}", "exchange them")
    choices = value.get("choices", [])
    if not isinstance(choices, list) or not all(isinstance(choice, str) for choice in choices):
        document.error((*where, "choices"), "wrong-type", f"choices is a list of words, found {describe(choices)}")
    if value.get("unit", "") not in UNITS:
        document.error((*where, "unit"), "unknown-word", f"unit is {describe(value['unit'])}", f"allowed: {', '.join(UNITS[1:])}")
    if len(document.problems) > problems:
        return None
    parameter = Parameter(
        name,
        value["type"],
        value.get("unit", ""),
        value.get("minimum"),
        value.get("maximum"),
        value.get("default"),
        tuple(choices),
        str(value.get("description", "")),
    )
    expected = parameter.check(parameter.default) if parameter.default is not None else ""
    if expected:
        document.error((*where, "default"), "out-of-range", f"the default is {describe(parameter.default)}; allowed: {expected}")
    return parameter


def parameter_schema() -> dict[str, Any]:
    """JSON Schema of a declaration."""
    known: dict[str, Any] = {
        "type": {"enum": list(PARAMETER_TYPES)},
        "unit": {"enum": list(UNITS)},
        "minimum": {"type": "number"},
        "maximum": {"type": "number"},
        "choices": {"type": "array", "items": {"type": "string"}},
    }
    return {"type": "object", "properties": {word: known.get(word, {}) for word in PARAMETER_WORDS}, "required": ["type"], "additionalProperties": False}
