"""Task files: ``tasks/<name>.yaml`` → a checked :class:`Task`, which is an option."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from skillkit import documents, share
from skillkit.documents import Document, Where, describe
from skillkit.exceptions import InvalidFile, InvalidValue, Problem, SkillkitError, UnknownName, did_you_mean
from skillkit.expressions import Expression
from skillkit.library import read_parameter
from skillkit.option import Initiation, Option, Parameter, Situation
from skillkit.trees.node import Node, Scope, layout
from skillkit.trees.policy import TreePolicy
from skillkit.trees.reader import NODE_LIMIT, Reader
from skillkit.trees.words import WORDS

HEADER = ("task", "description", "parameters", "scene", "goal", "tree")
DEPTH_LIMIT = 20  # tasks within tasks
DECISION_RATE = 10.0  # [Hz]


@dataclass(frozen=True)
class Task:
    """A checked task.

    Attributes:
        scene: name of the simulated scene it is at home in; empty if none is named.
        goal: must hold when the tree has succeeded, else the task FAILED.
        files: its own file, then those of the tasks it uses.
        digest: sha256 over all of them.
    """

    name: str
    description: str
    parameters: tuple[Parameter, ...]
    scene: str
    goal: Expression | None
    tree: Node
    files: tuple[str, ...]
    digest: str
    warnings: tuple[Problem, ...] = field(default=(), repr=False)

    def option(self, options: Mapping[str, Option], roles: Sequence[str] = ("arm",), decision_rate: float = DECISION_RATE, above: str = "") -> Option:
        """The task as an option over these skills.

        Args:
            options: the skills it may call, by name.
            roles: the arms it holds while it runs; a skill takes the one named by ``arm:``, else the one of its own role, else the first.
            decision_rate: ticks of the tree per second [Hz]; a leaf that ends is followed up at once, not at the next tick.
            above: path of the node that the task stands in, when it stands in another task.

        Raises:
            UnknownName: a skill or an arm of the task is not there.
        """
        for placed in layout(self.tree, self.name):
            node = placed.node
            if node.word == "skill" and node.values["call"] not in options:
                raise UnknownName("skill", node.values["call"], options)
        for arm in self.arms:
            if arm not in roles:
                raise UnknownName("arm", arm, roles)
        if not decision_rate > 0.0:
            raise InvalidValue("decision_rate", decision_rate, "above 0 Hz")
        known = dict(options)

        def initiation(situation: Situation) -> Initiation:
            return _ask(self.tree, Scope(situation, known))

        def policy() -> TreePolicy:
            return TreePolicy(self, known, decision_rate, above)

        return Option(name=self.name, policy=policy, initiation=initiation, rate=0.0, parameters=self.parameters, roles=tuple(roles), digest=self.digest)

    @property
    def skills(self) -> tuple[str, ...]:
        """The skills it calls, in order of appearance."""
        return tuple(dict.fromkeys(p.node.values["call"] for p in layout(self.tree, self.name) if p.node.word == "skill"))

    @property
    def arms(self) -> tuple[str, ...]:
        """The arms it names itself with ``arm:``, in order of appearance."""
        return tuple(dict.fromkeys(p.node.values["arm"] for p in layout(self.tree, self.name) if "arm" in p.node.values))


def _ask(node: Node, scope: Scope) -> Initiation:
    return WORDS[node.word].initiation(node, scope, _ask)


def load_task(path: str | Path, options: Mapping[str, Option] | None = None) -> Task:
    """A task file, checked; against the skills that there are, where ``options`` gives them.

    Raises:
        InvalidFile: with every problem, each with file, line, column, what is allowed and the nearest word.
    """
    loader = _Loader(options)
    task = loader.load(Path(path), ())
    if task is None:
        raise InvalidFile(loader.problems)
    return task


def check_task(path: str | Path, options: Mapping[str, Option] | None = None) -> list[Problem]:
    """Every problem of a task file and of the tasks it uses; never raises on a bad file."""
    loader = _Loader(options)
    loader.load(Path(path), ())
    return loader.problems


class _Loader:
    """Loads a task and the tasks it uses, each file once."""

    def __init__(self, options: Mapping[str, Option] | None) -> None:
        self.options = options
        self.problems: list[Problem] = []
        self.loaded: dict[Path, Task | None] = {}

    def load(self, path: Path, above: tuple[Path, ...]) -> Task | None:
        """The task in a file, or ``None`` with the problems kept."""
        document = documents.load(path)
        task = self._task(document, path, (*above, path.resolve())) if not document.problems else None
        self.problems.extend(sorted(document.problems, key=lambda problem: (problem.line, problem.column)))
        return None if any(problem.severity == "error" for problem in document.problems) else task

    def _task(self, document: Document, path: Path, above: tuple[Path, ...]) -> Task | None:
        data = document.data
        if not isinstance(data, dict):
            document.error((), "wrong-type", f"a task is a mapping with 'task' and 'tree', found {describe(data)}")
            return None
        document.check_words(data, (), HEADER, "a task")
        for word in ("task", "tree"):
            if word not in data:
                document.error((), "missing", f"'{word}' is missing")
        files = [path]

        def find(name: str, where: Where) -> Task | None:
            found = self._subtask(document, name, where, path, above)
            files.extend(Path(file) for file in (found.files if found else ()))
            return found

        parameters = _parameters(document, data.get("parameters"))
        reader = Reader(document, WORDS, parameters, self.options, find)
        name = _word(document, data, "task")
        goal = reader.condition(data["goal"], ("goal",)) if "goal" in data else None
        tree = reader.node(data["tree"], ("tree",)) if "tree" in data else None
        description, scene = _word(document, data, "description"), _word(document, data, "scene")
        if tree is None or any(problem.severity == "error" for problem in document.problems):
            return None
        if len(layout(tree, name)) > NODE_LIMIT:
            document.error(("tree",), "endless", f"with the tasks it uses, it has more than {NODE_LIMIT} nodes")
        unique = tuple(dict.fromkeys(str(file) for file in files))
        return Task(name, description, tuple(parameters.values()), scene, goal, tree, unique, _digest(unique), tuple(document.problems))

    def _subtask(self, document: Document, name: str, where: Where, path: Path, above: tuple[Path, ...]) -> Task | None:
        key = bool(where) and where[-1] == name
        found = _find(name, path)
        if found is None:
            known = {file.stem for folder in (path.parent, *(root / "tasks" for root in share.roots())) for file in folder.glob("*.yaml")} - {path.stem}
            document.error(where, "unknown-task", f"unknown task '{name}'", did_you_mean(name, known), key=key)
            return None
        resolved = found.resolve()
        if resolved in above or len(above) > DEPTH_LIMIT:
            loop = " → ".join([file.stem for file in above] + [found.stem])
            document.error(where, "recursion", f"a task cannot use itself: {loop}", "use 'retry' or 'repeat' to do something again", key=key)
            return None
        if resolved not in self.loaded:
            self.loaded[resolved] = self.load(found, above)
            if self.loaded[resolved] is None:
                document.error(where, "broken-task", f"the task '{name}' ({found}) has errors itself", key=key)
        return self.loaded[resolved]


def _find(name: str, path: Path) -> Path | None:
    beside = path.parent / f"{name}.yaml"
    if beside.is_file():
        return beside
    try:
        return share.find("tasks", name)
    except SkillkitError:
        return None


def _parameters(document: Document, data: Any) -> dict[str, Parameter]:
    if data is None:
        return {}
    if not isinstance(data, dict):
        document.error(("parameters",), "wrong-type", f"parameters is a mapping of name to declaration, found {describe(data)}")
        return {}
    found = {name: read_parameter(document, name, value, ("parameters", name)) for name, value in data.items()}
    return {name: parameter for name, parameter in found.items() if parameter is not None}


def _word(document: Document, data: Mapping[str, Any], key: str) -> str:
    value = data.get(key, "")
    if key in data and (not isinstance(value, str) or not value or (key == "task" and not value.replace("_", "a").replace("-", "a").isalnum())):
        what = "a name of letters, digits, '_' and '-'" if key == "task" else "a word or sentence"
        document.error((key,), "wrong-type", f"{key} is {what}, found {describe(value)}")
    return str(value)


def _digest(files: Sequence[str]) -> str:
    total = hashlib.sha256()
    for file in files:
        total.update(Path(file).read_bytes() + b"\0")
    return total.hexdigest()
