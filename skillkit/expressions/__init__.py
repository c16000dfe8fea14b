"""The small language for initiation, success, failure, goals and conditions: parsed once to a checked form, never evaluated as code.

``distance(tool, $object) < 5 cm and not grasped($object)``: ``$name`` is a parameter, a bare name an object of the scene, a number
carries its unit. Quantities are checked when the text is parsed; at run time nothing raises, and what is about an object that is not
seen is not true.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from math import nan
from typing import Any

from skillkit.expressions.dimensions import NAME
from skillkit.expressions.functions import FUNCTIONS, TOOL, Argument, Function
from skillkit.expressions.parser import ExpressionError, Parser
from skillkit.expressions.terms import Call, Comparison, Junction, Literal, Name, ParameterTerm, Term, walk
from skillkit.option import Parameter, Situation

__all__ = ["FUNCTIONS", "Argument", "Expression", "ExpressionError", "Function", "parse"]


@dataclass(frozen=True)
class Expression:
    """A checked expression.

    Attributes:
        text: as it was written.
        root: its checked form.
    """

    text: str
    root: Term

    @property
    def dimension(self) -> str:
        """``boolean``, ``length``, ``angle``, ``time``, ``number``, ``speed`` or ``force``."""
        return "number" if self.root.dimension == "zero" else self.root.dimension

    def truth(self, situation: Situation) -> bool:
        """Whether it holds; False where that is not known. Never raises."""
        return self.root.value(situation) is True

    def value(self, situation: Situation) -> bool | float:
        """What it is, in SI units; False or nan where that is not known. Never raises."""
        value = self.root.value(situation)
        if value is None or isinstance(value, str):
            return False if self.dimension == "boolean" else nan
        return value

    @property
    def is_constant(self) -> bool:
        """Whether it is one plain number or truth value."""
        return isinstance(self.root, Literal)

    def constant(self) -> float:
        """The value of a constant, in SI units; nan where it is none."""
        return float(self.root.constant) if isinstance(self.root, Literal) else nan

    def explain(self, situation: Situation) -> str:
        """Why it does not hold: the sub-term that decides it, with its value, such as ``distance(tool, cup) = 0.312 m, not < 0.15 m``."""
        return self.root.explain(situation)

    @property
    def parameters(self) -> tuple[str, ...]:
        """Parameters it uses, in order of appearance."""
        return tuple(dict.fromkeys(term.name for term in walk(self.root) if isinstance(term, ParameterTerm)))

    @property
    def objects(self) -> tuple[str, ...]:
        """Bare names of objects it uses, in order of appearance; signals, words and the tool are none."""
        return tuple(dict.fromkeys(_objects(self.root)))

    def filled(self, values: Mapping[str, Any], units: Mapping[str, str]) -> str:
        """Its text with the parameters that have a value filled in, numbers with their units."""

        def value(found: re.Match[str]) -> str:
            name = found[1]
            given = values.get(name)
            if isinstance(given, bool) or given is None:
                return found[0] if given is None else str(given).lower()
            return given if isinstance(given, str) else f"{given!r} {units.get(name, '')}".strip()

        return re.sub(r"\$(\w+)", value, self.text)

    @property
    def conjuncts(self) -> tuple[Expression, ...]:
        """The conditions that ``and`` joins at the top; itself where there is no ``and``."""
        if isinstance(self.root, Junction) and self.root.conjunction:
            return tuple(Expression(part.text, part) for part in self.root.parts)
        return (self,)

    def __str__(self) -> str:
        return self.text


def parse(text: str, parameters: Mapping[str, Parameter] | None = None) -> Expression:
    """A text as a checked expression; ``parameters`` are those declared, ``None`` leaves them unchecked.

    Raises:
        ExpressionError: with the column, what is wrong and the fix.
    """
    root = Parser(text, parameters).parse()
    if root.dimension == NAME:
        raise ExpressionError(root.column, f"'{root.text}' is only a name; a condition or a quantity is expected")
    return Expression(text, root)


def _objects(root: Term) -> list[str]:
    found: list[str] = []
    for term in walk(root):
        if isinstance(term, Call):
            pairs = zip(term.function.arguments, term.arguments, strict=True)
            found += [t.text for argument, t in pairs if isinstance(t, Name) and argument.kind != "signal" and t.text.rpartition(".")[2] != TOOL]
        elif isinstance(term, Comparison):
            found += [t.text for t in (term.left, term.right) if isinstance(t, Name)]
    return found
