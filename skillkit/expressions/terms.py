"""The checked form of an expression: a tree of terms, each knowing its quantity.

Truth has three values (Kleene's strong logic): a term about an object that is not seen is neither true nor false, and stays so under
``not``; ``true or unknown`` is true, ``false and unknown`` is false. Nothing here raises at run time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import isfinite, nan
from typing import Any, TypeAlias

from skillkit.expressions.dimensions import SI, show
from skillkit.expressions.functions import Answer, Check, Function, Unseen, thing
from skillkit.option import Situation

Value: TypeAlias = "bool | float | str | None"
"""``None`` is "not known"; a ``str`` is the name of an object, signal or word."""

COMPARE: dict[str, Callable[[float, float], bool]] = {
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
}


@dataclass(frozen=True, slots=True)
class Term:
    """One term. ``column`` (from 1) is where it begins in the text; ``text`` is its own source."""

    column: int
    text: str
    dimension: str

    def value(self, situation: Situation) -> Value:
        """What it is here; ``None`` where that is not known."""
        raise NotImplementedError

    def show(self, situation: Situation) -> str:
        """Its text with parameters that are names filled in."""
        return self.text

    def explain(self, situation: Situation) -> str:
        """Why it is not true, or what it is."""
        value = self.value(situation)
        return f"{self.show(situation)} is {'not known' if value is None else _shown(value, self.dimension)}"

    def children(self) -> Sequence[Term]:
        """The terms it is made of."""
        return ()


def _shown(value: Value, dimension: str) -> str:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return str(value).lower() if isinstance(value, bool) else str(value)
    return show(value, dimension)


@dataclass(frozen=True, slots=True)
class Literal(Term):
    """A number in SI units, ``true`` or ``false``."""

    constant: bool | float = False

    def value(self, situation: Situation) -> Value:
        return self.constant

    def explain(self, situation: Situation) -> str:
        return f"it is '{self.text}'"


@dataclass(frozen=True, slots=True)
class Name(Term):
    """A bare name: an object of the scene, a signal, a word, or the tool."""

    def value(self, situation: Situation) -> Value:
        return self.text


@dataclass(frozen=True, slots=True)
class ParameterTerm(Term):
    """``$name``; a number is turned into SI units by ``factor``."""

    name: str = ""
    factor: float = 1.0

    def value(self, situation: Situation) -> Value:
        value = situation.parameters.get(self.name)
        if isinstance(value, (bool, str)) or value is None:
            return value
        return float(value) * self.factor if isinstance(value, (int, float)) else None

    def show(self, situation: Situation) -> str:
        value = situation.parameters.get(self.name)
        return value if isinstance(value, str) else self.text

    def explain(self, situation: Situation) -> str:
        value = self.value(situation)
        return f"parameter '{self.name}' has no value" if value is None else f"{self.text} is {_shown(value, self.dimension)}"


@dataclass(frozen=True, slots=True)
class Call(Term):
    """A function of terms."""

    function: Function = None  # type: ignore[assignment]
    arguments: tuple[Term, ...] = ()
    given: int = 0  # how many of them the text gives; the others are defaults

    def value(self, situation: Situation) -> Value:
        try:
            answer = self._answer(situation)
        except Unseen:
            return None
        if not isinstance(answer, list):
            return float(answer) if isfinite(answer) else None
        holds = True
        for _, measured, low, high, _ in answer:
            if measured != measured:
                return None
            holds = holds and low <= measured <= high
        return holds

    def show(self, situation: Situation) -> str:
        return f"{self.function.name}({', '.join(a.show(situation) for a in self.arguments[: self.given])})"

    def explain(self, situation: Situation) -> str:
        try:
            answer = self._answer(situation)
        except Unseen as error:
            return str(error)
        if not isinstance(answer, list):
            return f"{self.show(situation)} = {show(answer, self.dimension)}"
        broken = next((check for check in answer if not check.low <= check.value <= check.high), None)
        return f"{self.show(situation)} holds" if broken is None else f"not {self.show(situation)}: {_broken(broken)}"

    def children(self) -> Sequence[Term]:
        return self.arguments

    def _answer(self, situation: Situation) -> Answer:
        function, given = self.function, list[Any]()
        for term, named, looked_up in zip(self.arguments, function.named, function.looked_up, strict=True):
            value = term.value(situation)
            if value is None or isinstance(value, str) is not named:
                raise Unseen(term.explain(situation))
            given.append(thing(situation, str(value)) if looked_up else value)
        return function.compute(situation, *given)


def _broken(check: Check) -> str:
    def shown(value: float) -> str:
        return show(value, check.dimension) if check.dimension in SI else f"{value:.3g} {check.dimension}"

    if check.value < check.low:
        return f"{check.label} is {shown(check.value)}, below {shown(check.low)}"
    return f"{check.label} is {shown(check.value)}, above {shown(check.high)}" if check.value == check.value else f"{check.label} is not known"


@dataclass(frozen=True, slots=True)
class Comparison(Term):
    """Two quantities or two names, and a relation."""

    operator: str = ""
    left: Term = None  # type: ignore[assignment]
    right: Term = None  # type: ignore[assignment]

    def value(self, situation: Situation) -> Value:
        a, b = self.left.value(situation), self.right.value(situation)
        if a is None or b is None:
            return None
        if isinstance(a, str) or isinstance(b, str):
            return (a == b) == (self.operator == "==") if self.operator in ("==", "!=") else None
        return COMPARE[self.operator](a, b)

    def show(self, situation: Situation) -> str:
        return f"{self.left.show(situation)} {self.operator} {self.right.show(situation)}"

    def explain(self, situation: Situation) -> str:
        for side in (self.left, self.right):
            if side.value(situation) is None:
                return side.explain(situation)
        verb = "is" if self.value(situation) else "not"
        left, right = self.left.value(situation), self.right.value(situation)
        shown = _shown(right, self.left.dimension)
        other = self.right.show(situation)
        name = self.left.show(situation)
        left_shown = f"{self.left.text} = {_shown(left, self.left.dimension)}" if isinstance(left, str) else f"{name} = {_shown(left, self.left.dimension)}"
        return f"{left_shown}, {verb} {self.operator} {shown if isinstance(self.right, (Literal, Name)) or other == shown else f'{other} = {shown}'}"

    def children(self) -> Sequence[Term]:
        return (self.left, self.right)


@dataclass(frozen=True, slots=True)
class Not(Term):
    """Negation; what is not known stays so."""

    inner: Term = None  # type: ignore[assignment]

    def value(self, situation: Situation) -> Value:
        value = self.inner.value(situation)
        return not value if isinstance(value, bool) else None

    def show(self, situation: Situation) -> str:
        return f"not {self.inner.show(situation)}"

    def explain(self, situation: Situation) -> str:
        return self.inner.explain(situation)

    def children(self) -> Sequence[Term]:
        return (self.inner,)


@dataclass(frozen=True, slots=True)
class Junction(Term):
    """``and`` of terms, or ``or`` of terms."""

    parts: tuple[Term, ...] = ()
    conjunction: bool = True

    def value(self, situation: Situation) -> Value:
        unknown = False
        for part in self.parts:
            value = part.value(situation)
            if not isinstance(value, bool):
                unknown = True
            elif value is not self.conjunction:
                return not self.conjunction
        return None if unknown else self.conjunction

    def show(self, situation: Situation) -> str:
        return f" {'and' if self.conjunction else 'or'} ".join(part.show(situation) for part in self.parts)

    def explain(self, situation: Situation) -> str:
        holds = self.value(situation) is True
        telling = [part for part in self.parts if (part.value(situation) is True) is holds]
        telling = telling[:1] if self.conjunction is not holds else telling
        return "; ".join(part.explain(situation) for part in telling)

    def children(self) -> Sequence[Term]:
        return self.parts


@dataclass(frozen=True, slots=True)
class Arithmetic(Term):
    """``+ - * /`` of two quantities."""

    operator: str = ""
    left: Term = None  # type: ignore[assignment]
    right: Term = None  # type: ignore[assignment]

    def value(self, situation: Situation) -> Value:
        a, b = self.left.value(situation), self.right.value(situation)
        if not isinstance(a, (int, float)) or not isinstance(b, (int, float)) or (self.operator == "/" and b == 0.0):
            return None
        result = a + b if self.operator == "+" else a - b if self.operator == "-" else a * b if self.operator == "*" else a / b
        return result if isfinite(result) else None

    def show(self, situation: Situation) -> str:
        return f"{self.left.show(situation)} {self.operator} {self.right.show(situation)}"

    def explain(self, situation: Situation) -> str:
        for side in (self.left, self.right):
            if side.value(situation) is None:
                return side.explain(situation)
        value = self.value(situation)
        return f"{self.show(situation)} = {show(nan if not isinstance(value, float) else value, self.dimension)}"

    def children(self) -> Sequence[Term]:
        return (self.left, self.right)


def walk(term: Term) -> Iterator[Term]:
    """The term and every term in it."""
    yield term
    for child in term.children():
        yield from walk(child)
