"""Text → checked terms: an own tokenizer and a precedence-climbing parser. Nothing is evaluated as Python.

From loose to tight: ``or``, ``and``, ``not``, one comparison, ``+ -``, ``* /``, unary minus, and calls, names, numbers, parentheses.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from math import isfinite
from typing import NamedTuple

from skillkit.exceptions import SkillkitError, did_you_mean
from skillkit.expressions.dimensions import ANY, BOOLEAN, NAME, NUMBER, PRODUCTS, QUANTITIES, QUOTIENTS, UNITS, ZERO, Unit, fits, with_unit
from skillkit.expressions.functions import FUNCTIONS, Argument, Function
from skillkit.expressions.terms import COMPARE, Arithmetic, Call, Comparison, Junction, Literal, Name, Not, ParameterTerm, Term
from skillkit.option import Parameter

DEPTH_LIMIT = 40
LENGTH_LIMIT = 2000
TOKEN_LIMIT = 400  # also bounds how deep a chain of + can nest
RESERVED = ("and", "or", "not", "true", "false")

_TOKEN = re.compile(
    r"(?P<number>(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?)"
    r"|(?P<name>[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*)"
    r"|\$(?P<parameter>[A-Za-z_][A-Za-z0-9_]*)"
    r"|(?P<symbol><=|>=|==|!=|[-+*/()<>,=%])"
)
_UNIT = re.compile(r"\s*((?:[A-Za-z_][A-Za-z0-9_]*(?:/[A-Za-z_]+)?)|%)")


class ExpressionError(SkillkitError):
    """An expression that cannot be understood.

    Attributes:
        column: where, counted from 1 in the expression's text.
        message: what was found and what is allowed; hint: the fix.
    """

    def __init__(self, column: int, message: str, hint: str = "") -> None:
        self.column, self.message, self.hint = column, message, hint
        super().__init__(f"column {column}: {message}" + (f" ({hint})" if hint else ""))


class Token(NamedTuple):
    """A piece of text; ``kind`` is number, name, parameter, symbol or end."""

    kind: str
    text: str
    start: int
    end: int
    unit: Unit | None = None

    @property
    def column(self) -> int:
        return self.start + 1


def tokenize(text: str) -> list[Token]:
    """All tokens of a text, then one of kind ``end``.

    Raises:
        ExpressionError: a character or a unit that does not belong here.
    """
    tokens, position = [], 0
    while position < len(text):
        if text[position].isspace():
            position += 1
            continue
        match = _TOKEN.match(text, position)
        if match is None:
            raise ExpressionError(position + 1, f"unexpected character '{text[position]}'")
        token = Token(str(match.lastgroup), match.group(str(match.lastgroup)), position, match.end())
        token = _with_unit(text, token) if token.kind == "number" else token
        tokens.append(token)
        position = token.end
        if len(tokens) > TOKEN_LIMIT:
            raise ExpressionError(token.column, f"more than {TOKEN_LIMIT} words and symbols")
    return [*tokens, Token("end", "", len(text), len(text))]


def _with_unit(text: str, token: Token) -> Token:
    match = _UNIT.match(text, token.end)
    if match is None or match.group(1) in RESERVED:
        return token
    word = match.group(1)
    for candidate in (word, word.partition("/")[0]):
        if candidate in UNITS:
            return token._replace(end=match.start(1) + len(candidate), unit=UNITS[candidate])
    raise ExpressionError(match.start(1) + 1, f"unknown unit '{word}'", did_you_mean(word, UNITS))


class Parser:
    """One pass over the tokens; every method returns a checked term."""

    def __init__(self, text: str, parameters: Mapping[str, Parameter] | None) -> None:
        if len(text) > LENGTH_LIMIT:
            raise ExpressionError(1, f"the expression has {len(text)} characters; at most {LENGTH_LIMIT} are allowed")
        self.text, self.parameters = text, parameters
        self.tokens, self.index, self.depth = tokenize(text), 0, 0

    def parse(self) -> Term:
        """The whole text as one term.

        Raises:
            ExpressionError: at the first thing that is wrong.
        """
        term = self._or()
        token = self._token
        if token.kind != "end":
            hint = "write 'and' between two comparisons" if token.text in COMPARE else "use '==' to compare" if token.text == "=" else ""
            raise ExpressionError(token.column, f"unexpected '{token.text}' after '{term.text}'", hint)
        return term

    # -- tokens -----------------------------------------------------------------------------------------------------------------------

    @property
    def _token(self) -> Token:
        return self.tokens[self.index]

    def _next(self) -> Token:
        token = self.tokens[self.index]
        self.index = min(self.index + 1, len(self.tokens) - 1)
        return token

    def _accept(self, *texts: str) -> Token | None:
        return self._next() if self._token.text in texts and self._token.kind in ("symbol", "name") else None

    def _expect(self, text: str, what: str) -> None:
        if not self._accept(text):
            found = f"'{self._token.text}'" if self._token.kind != "end" else "the end"
            raise ExpressionError(self._token.column, f"expected '{text}' {what}, found {found}")

    def _since(self, column: int) -> str:
        return self.text[column - 1 : self.tokens[self.index - 1].end]

    # -- logic ------------------------------------------------------------------------------------------------------------------------

    def _or(self) -> Term:
        self.depth += 1
        if self.depth > DEPTH_LIMIT:
            raise ExpressionError(self._token.column, f"nested deeper than {DEPTH_LIMIT}")
        term = self._junction("or")
        self.depth -= 1
        return term

    def _junction(self, word: str) -> Term:
        operand = (lambda: self._junction("and")) if word == "or" else self._not
        column = self._token.column
        parts = [operand()]
        while self._accept(word):
            parts.append(operand())
        if len(parts) == 1:
            return parts[0]
        for part in parts:
            self._want(part, BOOLEAN, f"'{word}' joins conditions")
        return Junction(column, self._since(column), BOOLEAN, tuple(parts), word == "and")

    def _not(self) -> Term:
        count, column = 0, self._token.column
        while self._accept("not"):
            count += 1
        term = self._comparison()
        if count == 0:
            return term
        self._want(term, BOOLEAN, "'not' takes a condition")
        negated = Not(column, self._since(column), BOOLEAN, term)
        return negated if count % 2 else Not(column, self._since(column), BOOLEAN, negated)

    def _want(self, term: Term, dimension: str, why: str) -> None:
        if not fits(term.dimension, dimension):
            hint = with_unit(term.text, dimension) if term.dimension == NUMBER and isinstance(term, Literal) and dimension in QUANTITIES else ""
            hint = hint or (f"compare it, for example {term.text} < …" if dimension == BOOLEAN and term.dimension in QUANTITIES else "")
            raise ExpressionError(term.column, f"{why}, but '{term.text}' is {_kind(term.dimension)}", hint)

    # -- quantities -------------------------------------------------------------------------------------------------------------------

    def _comparison(self) -> Term:
        left = self._sum()
        operator = self._accept(*COMPARE)
        if operator is None:
            return left
        right = self._sum()
        pair = {left.dimension, right.dimension}
        if operator.text not in ("==", "!=") and pair & {BOOLEAN, NAME}:
            raise ExpressionError(operator.column, f"'{operator.text}' compares quantities, not {_kind(BOOLEAN if BOOLEAN in pair else NAME)}")
        self._same(left, right, f"'{operator.text}' compares")
        return Comparison(left.column, self._since(left.column), BOOLEAN, operator.text, left, right)

    def _same(self, left: Term, right: Term, does: str) -> None:
        if fits(left.dimension, right.dimension):
            return
        bare = next((term for term in (right, left) if isinstance(term, Literal) and term.dimension == NUMBER), None)
        other = left if bare is right else right
        hint = with_unit(bare.text, other.dimension) if bare is not None and other.dimension in QUANTITIES else ""
        at = bare or right
        raise ExpressionError(at.column, f"{does} '{left.text}' ({_kind(left.dimension)}) with '{right.text}' ({_kind(right.dimension)})", hint)

    def _sum(self) -> Term:
        left = self._product()
        while operator := self._accept("+", "-"):
            right = self._product()
            for side in (left, right):
                self._numeric(side, operator.text)
            self._same(left, right, f"'{operator.text}' joins")
            dimension = right.dimension if left.dimension in (ZERO, ANY) else left.dimension
            left = Arithmetic(left.column, self._since(left.column), dimension, operator.text, left, right)
        return left

    def _product(self) -> Term:
        left = self._unary()
        while operator := self._accept("*", "/"):
            right = self._unary()
            for side in (left, right):
                self._numeric(side, operator.text)
            dimension = _combined(operator.text, left.dimension, right.dimension)
            if dimension is None:
                message = f"'{operator.text}' of {_kind(left.dimension)} and {_kind(right.dimension)} is not a quantity of this language"
                raise ExpressionError(operator.column, message)
            left = Arithmetic(left.column, self._since(left.column), dimension, operator.text, left, right)
        return left

    def _numeric(self, term: Term, operator: str) -> None:
        if term.dimension in (BOOLEAN, NAME):
            raise ExpressionError(term.column, f"'{operator}' takes quantities, but '{term.text}' is {_kind(term.dimension)}")

    def _unary(self) -> Term:
        minus = self._accept("-")
        if minus is None:
            return self._atom()
        term = self._atom()
        self._numeric(term, "-")
        text = self._since(minus.column)
        if isinstance(term, Literal):
            return Literal(minus.column, text, term.dimension, -term.constant)
        return Arithmetic(minus.column, text, term.dimension, "-", Literal(minus.column, "", ZERO, 0.0), term)

    # -- atoms ------------------------------------------------------------------------------------------------------------------------

    def _atom(self) -> Term:
        token = self._next()
        if token.kind == "number":
            return _number(token, self.text)
        if token.kind == "parameter":
            return self._parameter(token)
        if token.text in ("true", "false"):
            return Literal(token.column, token.text, BOOLEAN, token.text == "true")
        if token.kind == "name" and token.text not in RESERVED:
            return self._call(token) if self._token.text == "(" else self._name(token)
        if token.text == "(":
            term = self._or()
            self._expect(")", f"to close the '(' at column {token.column}")
            return term
        found = "the expression ends" if token.kind == "end" else f"'{token.text}' stands"
        raise ExpressionError(token.column, f"{found} where a condition, a quantity or a name is expected")

    def _name(self, token: Token) -> Term:
        return Name(token.column, token.text, NAME)

    def _parameter(self, token: Token) -> Term:
        text = f"${token.text}"
        if self.parameters is None:
            return ParameterTerm(token.column, text, ANY, token.text)
        declared = self.parameters.get(token.text)
        if declared is None:
            hint = did_you_mean(token.text, self.parameters) if self.parameters else "no parameters are declared"
            raise ExpressionError(token.column, f"unknown parameter '{text}'", hint)
        if declared.type in ("object", "word"):
            return ParameterTerm(token.column, text, NAME, token.text)
        if declared.type == "boolean":
            return ParameterTerm(token.column, text, BOOLEAN, token.text)
        unit = UNITS.get(declared.unit, Unit(NUMBER, 1.0))
        return ParameterTerm(token.column, text, unit.dimension, token.text, unit.factor)

    def _call(self, token: Token) -> Term:
        function = FUNCTIONS.get(token.text)
        if function is None:
            raise ExpressionError(token.column, f"unknown function '{token.text}'", did_you_mean(token.text, FUNCTIONS))
        self._next()
        given: dict[str, Term] = {}
        while not self._accept(")"):
            if given:
                self._expect(",", f"or ')' in {function.name}(…)")
            argument = self._argument(function, given)
            term = self._or()
            self._check_argument(function, argument, term)
            given[argument.name] = term
        text = self._since(token.column)
        arguments = [given.get(a.name) or _default(a, function, token) for a in function.arguments]
        return Call(token.column, text, function.dimension, function, tuple(arguments), len(given))

    def _argument(self, function: Function, given: Mapping[str, Term]) -> Argument:
        token = self._token
        names = {argument.name: argument for argument in function.arguments}
        if token.kind == "name" and self.tokens[min(self.index + 1, len(self.tokens) - 1)].text == "=":
            if token.text not in names or token.text in given:
                what = "is given twice" if token.text in given else f"is not an argument of {function.signature}"
                raise ExpressionError(token.column, f"'{token.text}' {what}", "" if token.text in given else did_you_mean(token.text, names))
            self.index += 2
            return names[token.text]
        free = [argument for argument in function.arguments if argument.name not in given]
        if not free:
            raise ExpressionError(token.column, f"{function.signature} takes {len(names)} argument{'s' if len(names) != 1 else ''}, found more")
        return free[0]

    def _check_argument(self, function: Function, argument: Argument, term: Term) -> None:
        self._want(term, argument.dimension, f"'{argument.name}' of {function.signature} is {_kind(argument.dimension)}")
        if argument.kind == "object" and isinstance(term, Name) and term.text.rpartition(".")[2] == "tool":
            raise ExpressionError(term.column, f"'{argument.name}' of {function.signature} is an object, not the tool")


def _default(argument: Argument, function: Function, token: Token) -> Term:
    if argument.default is None:
        raise ExpressionError(token.column, f"{function.signature} lacks '{argument.name}'")
    return Literal(token.column, f"{argument.default:g}", argument.dimension, argument.default)


def _number(token: Token, text: str) -> Term:
    unit = token.unit or Unit(NUMBER, 1.0)
    value = float(token.text) * unit.factor
    if not isfinite(value):
        raise ExpressionError(token.column, f"'{token.text}' is too large")
    dimension = ZERO if value == 0.0 and token.unit is None else unit.dimension
    return Literal(token.column, text[token.start : token.end], dimension, value)


def _combined(operator: str, left: str, right: str) -> str | None:
    left, right = (NUMBER if d == ZERO else d for d in (left, right))
    if ANY in (left, right):
        return ANY
    if operator == "*":
        return left if right == NUMBER else right if left == NUMBER else PRODUCTS.get((left, right))
    return left if right == NUMBER else NUMBER if left == right else QUOTIENTS.get((left, right))


def _kind(dimension: str) -> str:
    words = {BOOLEAN: "a condition", NAME: "a name", NUMBER: "a bare number", ZERO: "0", ANY: "anything", "angle": "an angle"}
    return words.get(dimension, f"a {dimension}")
