"""Reads the nodes of a task file; every problem goes to the document, with line, column and hint."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from skillkit import expressions
from skillkit.documents import Document, Where, describe, is_number
from skillkit.exceptions import did_you_mean
from skillkit.expressions import Expression, ExpressionError
from skillkit.option import Option, Parameter
from skillkit.trees.node import Node, Reference, Word

if TYPE_CHECKING:
    from skillkit.trees.task import Task

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,99}")
NODE_LIMIT = 2000


@dataclass(frozen=True)
class Call:
    """What a ``skill`` or ``task`` node says: whom it calls, with what, and where that stands."""

    name: str
    name_at: Where
    label: str
    given: Mapping[str, Any]
    given_at: Where
    arm: str

    def node(self, word: str) -> Node:
        """The node, not yet checked against what it calls."""
        values: dict[str, Any] = {"call": self.name, "with": self.given, "with_at": self.given_at}
        return Node(word, self.label or self.name, values=values if not self.arm else {**values, "arm": self.arm})


class Reader:
    """One task file being read.

    Args:
        words: the language.
        parameters: those that the task declares.
        options: the skills there are; ``None`` leaves calls unchecked.
        find_task: another task by name; tells the document itself when there is none.
    """

    def __init__(
        self,
        document: Document,
        words: Mapping[str, Word],
        parameters: Mapping[str, Parameter],
        options: Mapping[str, Option] | None,
        find_task: Callable[[str, Where], Task | None],
    ) -> None:
        self.document, self.words, self.parameters, self.options, self.find_task = document, words, parameters, options, find_task
        self.count_of_nodes = 0

    def error(self, where: Where, code: str, message: str, hint: str = "", *, key: bool = False) -> None:
        """One problem at a place."""
        self.document.error(where, code, message, hint, key=key)

    # -- nodes ------------------------------------------------------------------------------------------------------------------------

    def node(self, value: Any, where: Where) -> Node | None:
        """The node at a place, or ``None`` after saying what is wrong with it."""
        self.count_of_nodes += 1
        if self.count_of_nodes > NODE_LIMIT:
            if self.count_of_nodes == NODE_LIMIT + 1:
                self.error(where, "endless", f"a task has at most {NODE_LIMIT} nodes")
            return None
        word = self._word(value, where)
        if word is None:
            return None
        place = (*where, word.name)
        self.document.check_words(value, where, (word.name, "label", *word.extras), f"a node of the word '{word.name}'")
        extras = {key: value[key] for key in word.extras if key in value}
        node = word.read(self, value[word.name], place, extras)
        label = self._name(value["label"], (*where, "label"), "label") if "label" in value else ""
        return None if node is None else replace(node, where=place, name=label or node.name)

    def _word(self, value: Any, where: Where) -> Word | None:
        if not isinstance(value, dict) or not value:
            hint = f"write 'skill: {value}'" if self.options is not None and isinstance(value, str) and value in self.options else ""
            hint = hint or ("give the nodes of a list to 'sequence:'" if isinstance(value, list) else "such as 'skill: grasp'")
            self.error(where, "wrong-type", f"a node is a mapping that begins with one of the node words, found {describe(value)}", hint)
            return None
        found = [key for key in value if key in self.words]
        if not found:
            key = next((key for key in value if key not in ("with", "label", "arm", "do")), next(iter(value)))
            is_skill = self.options is not None and key in self.options
            hint = f"write 'skill: {key}'" if is_skill else did_you_mean(key, self.words)
            self.error((*where, key), "unknown-word", f"'{key}' is not a node word", hint, key=True)
            return None
        if len(found) > 1:
            self.error((*where, found[1]), "two-words", f"a node has one word, found '{found[0]}' and '{found[1]}'", "put both into a 'sequence:'", key=True)
            return None
        return self.words[found[0]]

    def _name(self, value: Any, where: Where, what: str, *, key: bool = False) -> str:
        if isinstance(value, str) and NAME.fullmatch(value):
            return value
        self.error(where, "wrong-type", f"a {what} is a word of letters, digits, '_' and '-', found {describe(value)}", key=key)
        return ""

    # -- values -----------------------------------------------------------------------------------------------------------------------

    def condition(self, value: Any, where: Where) -> Expression | None:
        """A checked condition."""
        text = str(value).lower() if isinstance(value, bool) else value
        if not isinstance(text, str):
            self.error(where, "wrong-type", f"an expression is expected, found {describe(value)}")
            return None
        try:
            found = expressions.parse(text, self.parameters)
        except ExpressionError as error:
            self.document.error(where, "expression", error.message, error.hint, offset=error.column - 1)
            return None
        if found.dimension not in ("boolean", "any"):
            self.error(where, "expression", f"'{text}' is a {found.dimension}, not a condition", f"compare it, for example {text} < …")
            return None
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
        return Reference(name)

    # -- calls ------------------------------------------------------------------------------------------------------------------------

    def call(self, word: str, value: Any, where: Where, extras: Mapping[str, Any], form: str) -> Call | None:
        """A call in its long form (``skill: grasp, with: {…}``) or its short one (``skill: {grasp: {…}, label: …}``)."""
        beside = where[:-1]
        inside = value if isinstance(value, dict) else {}
        names = [key for key in inside if key not in ("label", "with", "arm")]
        if isinstance(value, dict) and len(names) != 1:
            self.error(where, "wrong-type", f"{word} names one {word}, found {', '.join(names) or 'none'}", form)
            return None
        name = self._name(names[0], (*where, names[0]), word, key=True) if names else self._name(value, where, word)
        if not name:
            return None
        given, given_at = (inside[name], (*where, name)) if names else (None, where)
        for source, place in ((inside, where), (extras, beside)):
            if "with" in source:
                if given is not None:
                    self.error((*place, "with"), "two-words", "the parameters are given twice", "keep one of the two", key=True)
                given, given_at = source["with"], (*place, "with")
        label = self._name(inside["label"], (*where, "label"), "label") if "label" in inside else ""
        arm_at = (*where, "arm") if "arm" in inside else (*beside, "arm")
        arm = self._name(inside.get("arm", extras.get("arm")), arm_at, "arm") if "arm" in inside or "arm" in extras else ""
        if not isinstance(given, dict) and given is not None:
            self.error(given_at, "wrong-type", f"parameters are a mapping of name to value, found {describe(given)}", form)
            return None
        return Call(name, (*where, name) if names else where, label, given or {}, given_at, arm)

    def check_skill(self, node: Node, name_at: Where) -> Node | None:
        """The node with its values checked against the skill it calls."""
        if self.options is None:
            return self._with(node, None, name_at)
        option = self.options.get(node.values["call"])
        if option is None:
            key = bool(name_at) and name_at[-1] == node.values["call"]
            self.error(name_at, "unknown-skill", f"unknown skill '{node.values['call']}'", did_you_mean(node.values["call"], self.options), key=key)
            return None
        return self._with(node, option.parameters, name_at)

    def subtask(self, node: Node, name_at: Where) -> Node | None:
        """The node with the task it calls, its values checked against it."""
        task = self.find_task(node.values["call"], name_at)
        if task is None:
            return None
        checked = self._with(node, task.parameters, name_at)
        return None if checked is None else replace(checked, task=task, children=(task.tree,))

    def _with(self, node: Node, declared: tuple[Parameter, ...] | None, name_at: Where) -> Node | None:
        problems = len(self.document.problems)
        given, place = node.values["with"], node.values["with_at"]
        known = {parameter.name: parameter for parameter in declared or ()}
        values: dict[str, Any] = {}
        for name, value in given.items():
            if declared is not None and name not in known:
                hint = did_you_mean(name, known) if known else "it has no parameters"
                self.error((*place, name), "unknown-parameter", f"'{node.values['call']}' has no parameter '{name}'", hint, key=True)
                continue
            values[name] = self._value(value, (*place, name), known.get(name))
        for parameter in known.values():
            if parameter.default is None and parameter.name not in given:
                what = f" ({parameter.description})" if parameter.description else ""
                key = bool(name_at) and name_at[-1] == node.values["call"]
                self.error(name_at, "missing", f"'{node.values['call']}' needs the parameter '{parameter.name}'{what}", f"add {parameter.name}: …", key=key)
        kept = {key: value for key, value in node.values.items() if key != "with_at"}
        return replace(node, values={**kept, "with": values}) if len(self.document.problems) == problems else None

    def _value(self, value: Any, where: Where, wanted: Parameter | None) -> Any:
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
