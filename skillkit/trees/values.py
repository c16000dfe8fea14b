"""Reads the values of a task file: conditions, quantities, names, variables and what is given to a call; every problem goes to the document."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from skillkit import expressions
from skillkit.declarations import read_expression
from skillkit.documents import Document, Where, describe, is_number
from skillkit.exceptions import did_you_mean
from skillkit.expressions import Expression, ExpressionError
from skillkit.option import Parameter
from skillkit.trees.node import Reference

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,99}")


class ValueReader:
    """Values of one file.

    Args:
        parameters: those that the task declares, with its variables.
        variables: names of those that may be given new values.
    """

    def __init__(self, document: Document, parameters: Mapping[str, Parameter], variables: Sequence[str] = ()) -> None:
        self.document, self.parameters = document, dict(parameters)
        self.variables = frozenset(variables)
        self.assigned = {name for name, declared in parameters.items() if name not in self.variables or declared.default is not None}

    def error(self, where: Where, code: str, message: str, hint: str = "", *, key: bool = False) -> None:
        """One problem at a place."""
        self.document.error(where, code, message, hint, key=key)

    def name(self, value: Any, where: Where, what: str, *, key: bool = False) -> str:
        """A checked name; empty after saying what is wrong with it."""
        if isinstance(value, str) and NAME.fullmatch(value):
            return value
        self.error(where, "wrong-type", f"a {what} is a word of letters, digits, '_' and '-', found {describe(value)}", key=key)
        return ""

    def condition(self, value: Any, where: Where) -> Expression | None:
        """A checked condition."""
        found = self._parsed(value, where)
        if found is not None and found.dimension not in ("boolean", "any"):
            self.error(where, "expression", f"'{value}' is a {found.dimension}, not a condition", f"compare it, for example {value} < …")
            return None
        return found

    def _parsed(self, value: Any, where: Where) -> Expression | None:
        found = read_expression(self.document, value, where, self.parameters)
        for name in found.parameters if found is not None else ():
            self._used(name, where)
        return found

    def count(self, value: Any, where: Where, limits: tuple[int, int]) -> float | Reference | None:
        """A whole number within limits, or a parameter that holds one."""
        if isinstance(value, str) and value.startswith("$"):
            return self._reference(value, where, Parameter("", "integer"))
        if not isinstance(value, int) or isinstance(value, bool):
            self.error(where, "wrong-type", f"a whole number is expected, found {describe(value)}")
        elif not limits[0] <= value <= limits[1]:
            self.error(where, "out-of-range", f"{describe(value)} is not from {limits[0]} to {limits[1]}")
        else:
            return value
        return None

    def seconds(self, value: Any, where: Where, limits: tuple[float, float]) -> float | Reference | None:
        """A time [s] within limits, or a parameter that holds one."""
        if isinstance(value, str) and value.startswith("$"):
            return self._reference(value, where, Parameter("", "number", "s"))
        found = quantity(value, "s")
        if found is None:
            self.error(where, "wrong-type", f"a time such as '10 s' is expected, found {describe(value)}")
        elif not limits[0] <= found <= limits[1]:
            self.error(where, "out-of-range", f"{found:g} s is not from {limits[0]:g} to {limits[1]:g} s")
        else:
            return found
        return None

    def _reference(self, text: str, where: Where, wanted: Parameter | None) -> Reference | None:
        name = text[1:]
        declared = self.parameters.get(name)
        if declared is None:
            hint = did_you_mean(name, self.parameters) if self.parameters else "declare it under 'parameters:'"
            self.error(where, "unknown-parameter", f"unknown parameter '{text}'", hint)
            return None
        if wanted is not None and not _goes_with(declared, wanted):
            self.error(where, "wrong-type", f"'{text}' is {_typed(declared)}, but {_typed(wanted)} is expected")
            return None
        self._used(name, where)
        return Reference(name)

    # -- variables --------------------------------------------------------------------------------------------------------------------

    def _used(self, name: str, where: Where) -> None:
        if name not in self.assigned:
            self.error(where, "unset-variable", f"the variable '${name}' has no value yet here", "give it one with 'set:' before, or a default")
            self.assigned.add(name)  # told once

    def variable(self, name: Any, where: Where, *, key: bool = False) -> Parameter | None:
        """A variable that may be given a new value."""
        if name in self.variables:
            return self.parameters[name]
        if name in self.parameters:
            self.error(where, "unknown-variable", f"'{name}' is no variable: its value is given from outside", "declare one under 'variables:'", key=key)
        else:
            hint = did_you_mean(str(name), self.variables) if self.variables else "declare it under 'variables:'"
            self.error(where, "unknown-variable", f"unknown variable '{name}'", hint, key=key)
        return None

    def target(self, value: Any, where: Where, kind: str) -> str:
        """``$name`` of a variable that takes a value of this type; empty after saying what is wrong."""
        if not isinstance(value, str) or not value.startswith("$"):
            self.error(where, "wrong-type", f"a variable such as '$found' is expected, found {describe(value)}")
            return ""
        declared = self.variable(value[1:], where)
        if declared is None:
            return ""
        if declared.type != kind:
            self.error(where, "wrong-type", f"'{value}' is {_typed(declared)}, but one of type {kind} is expected")
            return ""
        self.assigned.add(declared.name)
        return declared.name

    def assignment(self, value: Any, where: Where, declared: Parameter) -> Any:
        """What a variable is to be: a literal, a ``$name``, or an expression for a quantity or a truth value."""
        literal = not isinstance(value, str) or declared.type in ("object", "word") or re.fullmatch(r"\$\w+", value)
        if literal or quantity(value, declared.unit) is not None:
            return self.given_value(value, where, declared)
        found = self._parsed(value, where)
        if found is None:
            return None
        wanted = expressions.parse(f"1 {declared.unit}").dimension if declared.type != "boolean" else "boolean"
        if found.dimension not in (wanted, "any"):
            self.error(where, "wrong-type", f"'{value}' is a {found.dimension}, but '${declared.name}' is {_typed(declared)}")
        return found

    @contextmanager
    def within(self, declared: Parameter) -> Iterator[None]:
        """A name that is known only inside a node."""
        self.parameters[declared.name] = declared
        self.assigned.add(declared.name)
        yield
        del self.parameters[declared.name]

    def given_value(self, value: Any, where: Where, wanted: Parameter | None) -> Any:
        """A literal or a ``$name``, checked against what is wanted."""
        if isinstance(value, str) and value.startswith("$"):
            return self._reference(value, where, wanted)
        if not isinstance(value, (str, bool)) and not is_number(value):
            self.error(where, "wrong-type", f"a value is a word, a number, true or false, found {describe(value)}")
            return None
        if wanted is None:
            return value
        if isinstance(value, str) and wanted.type in ("number", "integer"):
            number = quantity(value, wanted.unit)
            value = value if number is None else number
        expected = wanted.check(value)
        if expected:
            code = "out-of-range" if is_number(value) else "wrong-type"
            self.error(where, code, f"parameter '{wanted.name}' is {describe(value)}; allowed: {expected}")
        return value


def quantity(value: Any, unit: str) -> float | None:
    """A number, or words such as ``"5 cm"``, in ``unit``; a bare number counts as given in it. ``None`` for anything else."""
    if is_number(value):
        return float(value)
    try:
        found = expressions.parse(value) if isinstance(value, str) else None
        one = expressions.parse(f"1 {unit}")
    except ExpressionError:
        return None
    if found is None or not found.is_constant or found.dimension not in (one.dimension, "number"):
        return None
    number, scale = found.constant(), one.constant()
    return number if found.dimension == "number" else number / scale


def _goes_with(declared: Parameter, wanted: Parameter) -> bool:
    same = declared.type == wanted.type or (declared.type, wanted.type) == ("integer", "number")
    return same and (wanted.type != "number" or declared.unit == wanted.unit)


def _typed(parameter: Parameter) -> str:
    unit = f" in {parameter.unit}" if parameter.unit else ""
    return f"a parameter of type {parameter.type}{unit}"
