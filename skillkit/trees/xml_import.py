"""XML of BehaviorTree.CPP 4 → task files, as plain values to be written as YAML and checked like any other."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from skillkit.exceptions import InvalidFile, Problem, did_you_mean
from skillkit.option import Option
from skillkit.spaces import NOTHING
from skillkit.trees.reader import BUDGETS
from skillkit.trees.values import NAME
from skillkit.trees.xml_attributes import CATEGORIES, IGNORED, LEAVES, parallel_counts, unread
from skillkit.trees.xml_export import HEADER
from skillkit.trees.xml_parse import Tag, parsed
from skillkit.trees.xml_words import BETWEEN, CUSTOM, EXACT, SAME, seconds, unported, unscalar, with_braces

WORD_OF = {tag: word for word, tag in SAME.items()}
OTHER_NAMES = {"SequenceWithMemory": "sequence"}  # the same for a task
OF_THEIRS = ("Sleep", "Delay", "AlwaysSuccess", "AlwaysFailure")


def read_xml(text: str | bytes, file: str = "<text>", options: Mapping[str, Option] = NOTHING) -> dict[str, dict[str, Any]]:
    """Every ``BehaviorTree`` as the content of a task file, by its name; the main tree first.

    Args:
        options: gives ports that hold ``{name}`` the types of the skills' parameters.

    Raises:
        InvalidFile: with everything that has no counterpart here.
    """
    reader = _Reader(file, options)
    found = reader.read(text)
    if reader.problems:
        raise InvalidFile(reader.problems)
    return found


class _Reader:
    def __init__(self, file: str, options: Mapping[str, Option]) -> None:
        self.file, self.options = file, options
        self.problems: list[Problem] = []
        self.used: dict[str, dict[str, Any]] = {}  # parameters that a tree reads, with their declarations
        self.actions: set[str] = set()  # declared in the TreeNodesModel
        self.outputs: dict[str, set[str]] = {}  # of the trees declared there

    def _error(self, tag: Tag | None, code: str, message: str, hint: str = "") -> None:
        line, column = (tag.line, tag.column) if tag is not None else (1, 1)
        self.problems.append(Problem(self.file, line, column, code, "error", message, hint))

    def read(self, text: str | bytes) -> dict[str, dict[str, Any]]:
        root = parsed(text, self.file)
        if isinstance(root, Problem):
            self.problems.append(root)
            return {}
        if root.name != "root":
            self._error(root, "wrong-type", f"the outermost element is 'root' in BehaviorTree.CPP, found '{root.name}'")
            return {}
        for declared in [one for model in root.children if model.name == "TreeNodesModel" for one in model.children]:
            name = declared.attributes.get("ID", "")
            self.outputs[name] = {unported(port.attributes.get("name", "")) for port in declared.children if port.name in ("output_port", "inout_port")}
            self.actions |= {name} if declared.name == "Action" else set()
        trees = [child for child in root.children if child.name == "BehaviorTree"]
        if not trees:
            self._error(root, "missing", "there is no 'BehaviorTree' in it")
        main = root.attributes.get("main_tree_to_execute", trees[0].attributes.get("ID", "") if trees else "")
        trees.sort(key=lambda tree: tree.attributes.get("ID") != main)
        self._outer(root, trees)
        return {tree.attributes.get("ID", "task"): self._tree(tree) for tree in trees}

    def _outer(self, root: Tag, trees: list[Tag]) -> None:
        """What stands around the nodes: elements and attributes that are not read, and names that are no task's."""
        for child in (one for one in root.children if one.name not in ("BehaviorTree", "TreeNodesModel")):
            self._error(child, "unknown-word", f"'{child.name}' is not read here", "put the trees into one file" if child.name == "include" else "")
        for tag, known in ((root, ("BTCPP_format", "main_tree_to_execute", "project_name")), *((tree, ("ID", HEADER)) for tree in trees)):
            for name in (one for one in tag.attributes if one not in known and one not in IGNORED):
                self._error(tag, "unknown-word", f"'{name}' of '{tag.name}' has no counterpart in a task")
        seen: set[str] = set()
        for tree in trees:
            name = tree.attributes.get("ID", "task")
            if not NAME.fullmatch(name):
                self._error(tree, "wrong-type", f"the ID '{name}' is not a name of a task", "letters, digits, '_' and '-'")
            if name in seen:
                self._error(tree, "duplicate", f"there are two trees with the ID '{name}'")
            seen.add(name)

    # -- trees ------------------------------------------------------------------------------------------------------------------------

    def _tree(self, tree: Tag) -> dict[str, Any]:
        self.used = {}
        name = tree.attributes.get("ID", "task")
        if len(tree.children) != 1:
            self._error(tree, "wrong-type", f"the tree '{name}' has {len(tree.children)} nodes at its root", "give it one")
            return {}
        node = self._node(tree.children[0])
        try:
            header = json.loads(with_braces(tree.attributes.get(HEADER, "{}")))
        except ValueError:
            header = {}
        header = header if isinstance(header, dict) else {}
        if HEADER not in tree.attributes and self.used:
            header = {"parameters": self.used}
        return {"task": name, **header, "tree": node}

    def _node(self, tag: Tag) -> Any:
        word = self._word(tag)
        if word or tag.name in OF_THEIRS:
            self._all_read(tag, word or tag.name)
        if word in ("sequence", "reactive_sequence", "fallback", "reactive_fallback"):
            node: Any = {word: [self._node(child) for child in tag.children]}
        elif word in ("invert", "force_success", "force_failure"):
            node = {word: self._only(tag)}
        elif word or tag.name in OF_THEIRS:
            read: Callable[[Tag], Any] = getattr(self, f"_{word or tag.name.lower()}")
            node = read(tag)
        else:
            self._error(tag, "unknown-word", f"'{tag.name}' has no counterpart in a task", did_you_mean(tag.name, (*WORD_OF, *OF_THEIRS, *self.options)))
            return {}
        if "name" in tag.attributes and tag.attributes["name"] != tag.name and isinstance(node, dict):
            node["label"] = tag.attributes["name"]
        return node

    def _all_read(self, tag: Tag, word: str) -> None:
        for name in unread(tag.name, word, tag.attributes):
            self._error(tag, "unknown-word", f"'{name}' of '{tag.name}' has no counterpart in a task")
        for child in tag.children if word in LEAVES else ():
            self._error(child, "unknown-word", f"'{tag.name}' has no children, found '{child.name}'")

    def _word(self, tag: Tag) -> str:
        """What a tag is, by its name in the compact form and by its ID in the other; empty where it is nothing of ours."""
        name = tag.attributes.get("ID", "") if tag.name in CATEGORIES else tag.name
        if name in CUSTOM:
            return name
        if tag.name in ("Action", "Condition"):
            return "skill" if tag.name == "Action" else "condition"
        return WORD_OF.get(name, OTHER_NAMES.get(name, "skill" if name in self.actions or name in self.options else ""))

    def _only(self, tag: Tag) -> Any:
        if len(tag.children) != 1:
            self._error(tag, "wrong-type", f"'{tag.name}' has one child, found {len(tag.children)}")
            return {}
        return self._node(tag.children[0])

    def _attribute(self, tag: Tag, name: str, default: str = "") -> str:
        if name not in tag.attributes and not default:
            self._error(tag, "missing", f"'{tag.name}' lacks '{name}'")
        return tag.attributes.get(name, default)

    def _time(self, tag: Tag, name: str) -> Any:
        text = tag.attributes.get(f"{EXACT}{name}") or self._attribute(tag, name)
        try:
            return seconds(text) if text else "0 s"
        except ValueError:
            self._error(tag, "wrong-type", f"{name} is a number of milliseconds, found '{text}'")
            return "0 s"

    # -- words with a counterpart --------------------------------------------------------------------------------------------------------

    def _parallel(self, tag: Tag) -> Any:
        children = [self._node(child) for child in tag.children]
        of = len(children)
        counts = parallel_counts(unscalar(tag.attributes.get("success_count", "-1")), unscalar(tag.attributes.get("failure_count", "1")), of)
        if counts is None:
            self._error(tag, "wrong-type", "success_count and failure_count are whole numbers")
            return {}
        needed, failing = counts
        if failing != of - needed + 1:
            hint = f'failure_count="{of - needed + 1}"; where it is absent it is 1'
            self._error(tag, "unknown-word", f"a parallel of a task fails once too few can succeed, this one after {failing} failures", hint)
        return {"parallel": children} if needed == of else {"parallel": {"succeed": needed, "do": children}}

    def _times(self, tag: Tag, name: str) -> Any:
        count = unscalar(self._attribute(tag, name))
        return {"times": "forever" if count == -1 else count, "do": self._only(tag)}

    def _retry(self, tag: Tag) -> Any:
        return {"retry": self._times(tag, "num_attempts")}

    def _repeat(self, tag: Tag) -> Any:
        return {"repeat": self._times(tag, "num_cycles")}

    def _timeout(self, tag: Tag) -> Any:
        return {"timeout": {"after": self._time(tag, "msec"), "do": self._only(tag)}}

    def _sleep(self, tag: Tag) -> Any:
        return {"wait": self._time(tag, "msec")}

    def _delay(self, tag: Tag) -> Any:
        return {"sequence": [{"wait": self._time(tag, "delay_msec")}, self._only(tag)]}

    def _alwayssuccess(self, tag: Tag) -> Any:
        return {"condition": True}

    def _alwaysfailure(self, tag: Tag) -> Any:
        return {"condition": False}

    def _skill(self, tag: Tag) -> Any:
        return self._call(tag, "skill")

    def _task(self, tag: Tag) -> Any:
        return self._call(tag, "task")

    def _call(self, tag: Tag, word: str) -> Any:
        called = self._attribute(tag, "ID") if tag.name in ("Action", "SubTree") else tag.name
        given = {unported(name): unscalar(text) for name, text in tag.attributes.items() if name != "ID" and name not in IGNORED and not name.startswith("_")}
        into = {name: given.pop(name) for name in sorted(self.outputs.get(called, set()) & set(given)) if word == "task"}
        option = self.options.get(called) if word == "skill" else None
        for name, value in given.items():
            if isinstance(value, str) and value.startswith("$"):
                declared = next((one for one in option.parameters if one.name == name), None) if option is not None else None
                unit = {"unit": declared.unit} if declared is not None and declared.unit else {}
                self.used.setdefault(value[1:], {"type": declared.type if declared is not None else "object", **unit})
        node: dict[str, Any] = {word: called, **({"with": given} if given else {})}
        node.update(self._beside(tag))
        return {**node, "into": into} if into else node

    def _beside(self, tag: Tag) -> dict[str, Any]:
        arm = {"arm": tag.attributes["_arm"]} if "_arm" in tag.attributes else {}
        budgets = {name: self._time(tag, f"_{name}_msec") for name in BUDGETS if f"_{name}_msec" in tag.attributes}
        return {**arm, **({"budgets": budgets} if budgets else {})}

    # -- words of ours -------------------------------------------------------------------------------------------------------------------

    def _switch(self, tag: Tag) -> Any:
        cases = self._attribute(tag, "cases").split(BETWEEN)
        children = [self._node(child) for child in tag.children]
        if len(children) not in (len(cases), len(cases) + 1):
            self._error(tag, "wrong-type", f"a switch with {len(cases)} cases has {len(cases)} children, or one more, found {len(children)}")
        found: dict[str, Any] = {"cases": [{"when": when, "do": child} for when, child in zip(cases, children, strict=False)]}
        return {"switch": found if len(children) <= len(cases) else {**found, "otherwise": children[-1]}}

    def _for_each(self, tag: Tag) -> Any:
        among = tag.attributes.get("in")
        found: dict[str, Any] = {"each": self._attribute(tag, "each")}
        if among is not None:
            found["in"] = [unscalar(one) for one in among.split(BETWEEN)] if among else []
        if "where" in tag.attributes:
            found["where"] = tag.attributes["where"]
        return {"for_each": {**found, "do": self._only(tag)}}

    def _guard(self, tag: Tag) -> Any:
        return {"guard": {"when": self._attribute(tag, "when"), "do": self._only(tag)}}

    def _cleanup(self, tag: Tag) -> Any:
        if len(tag.children) != 2:
            self._error(tag, "wrong-type", f"'{tag.attributes.get('ID', tag.name)}' has two children, found {len(tag.children)}")
            return {}
        return {self._word(tag): {"do": self._node(tag.children[0]), "then": self._node(tag.children[1])}}

    _on_failure = _finally = _cleanup

    def _recover(self, tag: Tag) -> Any:
        if len(tag.children) not in (1, 2):
            self._error(tag, "wrong-type", f"'recover' has one child, or two, found {len(tag.children)}")
            return {}
        found = dict(zip(("do", "by"), (self._node(child) for child in tag.children), strict=False))
        return {"recover": {**found, "times": unscalar(tag.attributes.get("times", "1"))}}

    def _plan(self, tag: Tag) -> Any:
        return {"plan": self._attribute(tag, "goal"), **self._beside(tag)}

    def _condition(self, tag: Tag) -> Any:
        if tag.attributes.get("ID", "condition") != "condition":
            hint = 'write it as an expression: ID="condition" when="…"'
            self._error(tag, "unknown-word", f"the condition '{tag.attributes['ID']}' has no counterpart", hint)
        return {"condition": self._attribute(tag, "when", " ")}

    def _wait(self, tag: Tag) -> Any:
        return {"wait": {"until": self._attribute(tag, "until")}}

    def _set(self, tag: Tag) -> Any:
        return {"set": {unported(name): unscalar(text) for name, text in tag.attributes.items() if name != "ID" and name not in IGNORED}}

    def _ask(self, tag: Tag) -> Any:
        found: dict[str, Any] = {"question": self._attribute(tag, "question"), "answers": self._attribute(tag, "answers", "yes; no").split(BETWEEN)}
        return {"ask": {**found, "into": unscalar(tag.attributes["into"])} if "into" in tag.attributes else found}
