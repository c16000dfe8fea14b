"""Reads the nodes of a task file; every problem goes to the document, with line, column and hint."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from skillkit.documents import Document, Where, describe
from skillkit.exceptions import did_you_mean
from skillkit.option import Option, Parameter
from skillkit.trees.node import Node, Word
from skillkit.trees.values import ValueReader

if TYPE_CHECKING:
    from skillkit.trees.task import Task

NODE_LIMIT = 2000
BESIDE_CALL = ("label", "with", "arm", "budgets", "into")  # words that may stand beside or in a call
BUDGETS = ("find", "accept", "execute", "cancel", "settle")
BUDGET_RANGE = (0.01, 86_400.0)  # [s]


@dataclass(frozen=True)
class Call:
    """What a ``skill`` or ``task`` node says: whom it calls, with what, and where that stands."""

    name: str
    name_at: Where
    label: str
    given: Mapping[str, Any]
    given_at: Where
    values: Mapping[str, Any]

    def node(self, word: str) -> Node:
        """The node, not yet checked against what it calls."""
        values = {"call": self.name, "with": self.given, "with_at": self.given_at, **self.values}
        return Node(word, self.label or self.name, values=values)


class Reader(ValueReader):
    """One task file being read.

    Args:
        words: the language.
        parameters: those that the task declares, with its variables.
        variables: names of those that may be given new values.
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
        variables: Sequence[str] = (),
    ) -> None:
        super().__init__(document, parameters, variables)
        self.words, self.options, self.find_task = words, options, find_task
        self.count_of_nodes = 0

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
        label = self.name(value["label"], (*where, "label"), "label") if "label" in value else ""
        return None if node is None else replace(node, where=place, name=label or node.name)

    def nodes(self, word: Word, value: Any, where: Where) -> tuple[Node, ...] | None:
        """The nodes of a list with at least one."""
        if not isinstance(value, list) or not value:
            self.error(where, "wrong-type", f"{word.name} is a list of nodes with at least one, found {describe(value)}", word.form)
            return None
        found = [self.node(item, (*where, index)) for index, item in enumerate(value)]
        return tuple(child for child in found if child is not None) or None

    def fields(self, word: Word, value: Any, where: Where, required: Sequence[str], optional: Sequence[str] = (), what: str = "") -> Mapping[str, Any] | None:
        """A mapping with these words; what is missing from it is told, and ``None`` given where it is no mapping at all."""
        if not isinstance(value, dict):
            names = " and ".join(f"'{name}'" for name in required)
            self.error(where, "wrong-type", f"{what or word.name} has {names}, found {describe(value)}", word.form)
            return None
        self.document.check_words(value, where, (*required, *optional), what or f"'{word.name}'")
        for name in required:
            if name not in value:
                self.error(where, "missing", f"{what or word.name} lacks '{name}'", word.form)
        return value

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

    # -- calls ------------------------------------------------------------------------------------------------------------------------

    def call(self, word: str, value: Any, where: Where, extras: Mapping[str, Any], form: str) -> Call | None:
        """A call in its long form (``skill: grasp, with: {…}``) or its short one (``skill: {grasp: {…}, label: …}``)."""
        beside = where[:-1]
        inside = value if isinstance(value, dict) else {}
        names = [key for key in inside if key not in BESIDE_CALL]
        if isinstance(value, dict) and len(names) != 1:
            self.error(where, "wrong-type", f"{word} names one {word}, found {', '.join(names) or 'none'}", form)
            return None
        name = self.name(names[0], (*where, names[0]), word, key=True) if names else self.name(value, where, word)
        if not name:
            return None
        given, given_at = (inside[name], (*where, name)) if names else (None, where)
        for source, place in ((inside, where), (extras, beside)):
            if "with" in source:
                if given is not None:
                    self.error((*place, "with"), "two-words", "the parameters are given twice", "keep one of the two", key=True)
                given, given_at = source["with"], (*place, "with")
        label = self.name(inside["label"], (*where, "label"), "label") if "label" in inside else ""
        values = self.beside(
            word,
            {**{key: (value, (*beside, key)) for key, value in extras.items()}, **{key: (inside[key], (*where, key)) for key in BESIDE_CALL if key in inside}},
        )
        if not isinstance(given, dict) and given is not None:
            self.error(given_at, "wrong-type", f"parameters are a mapping of name to value, found {describe(given)}", form)
            return None
        return Call(name, (*where, name) if names else where, label, given or {}, given_at, values)

    def beside(self, word: str, given: Mapping[str, tuple[Any, Where]], allowed: Sequence[str] = BUDGETS) -> dict[str, Any]:
        """The checked values of ``arm``, ``budgets`` and ``into`` beside a word, each given with its place."""
        values: dict[str, Any] = {}
        if "arm" in given:
            values["arm"] = self.name(*given["arm"], "arm")
        if "budgets" in given:
            budgets, place = given["budgets"]
            if not isinstance(budgets, dict):
                self.error(place, "wrong-type", f"budgets is a mapping such as {{execute: 10 s}}, found {describe(budgets)}")
                return values
            self.document.check_words(budgets, place, allowed, "'budgets'")
            values.update({name: self.seconds(budgets[name], (*place, name), BUDGET_RANGE) for name in allowed if name in budgets})
        if "into" in given:
            values["into"], values["into_at"] = given["into"]
            if word != "task":
                self.error(values["into_at"], "unknown-word", "only a task has outputs; 'into' is not a word of a skill", key=True)
        return values

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
        into = self._into(node, task)
        checked = self._with(node, task.parameters, name_at)
        if checked is None or into is None:
            return None
        values = {key: value for key, value in checked.values.items() if key not in ("into", "into_at")}
        return replace(checked, values={**values, "into": into} if into else values, task=task, children=(task.tree,))

    def _into(self, node: Node, task: Task) -> dict[str, str] | None:
        given, place = node.values.get("into", {}), node.values.get("into_at", ())
        if not isinstance(given, dict):
            self.error(place, "wrong-type", f"into is a mapping of output to variable, found {describe(given)}", "into: {output: $variable}")
            return None
        problems = len(self.document.problems)
        found: dict[str, str] = {}
        for output, name in given.items():
            declared = next((one for one in task.variables if one.name == output and output in task.outputs), None)
            if declared is None:
                hint = did_you_mean(output, task.outputs) if task.outputs else "it has no outputs"
                self.error((*place, output), "unknown-output", f"'{node.values['call']}' has no output '{output}'", hint, key=True)
                continue
            found[output] = self.target(name, (*place, output), declared.type)
        return found if len(self.document.problems) == problems else None

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
            values[name] = self.given_value(value, (*place, name), known.get(name))
        for parameter in known.values():
            if parameter.default is None and parameter.name not in given:
                what = f" ({parameter.description})" if parameter.description else ""
                key = bool(name_at) and name_at[-1] == node.values["call"]
                self.error(name_at, "missing", f"'{node.values['call']}' needs the parameter '{parameter.name}'{what}", f"add {parameter.name}: …", key=key)
        kept = {key: value for key, value in node.values.items() if key != "with_at"}
        return replace(node, values={**kept, "with": values}) if len(self.document.problems) == problems else None
