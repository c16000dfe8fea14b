"""Task files: ``tasks/<name>.yaml`` → a checked :class:`Task`, which is an option."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from skillkit import documents, share
from skillkit.cell import Cell
from skillkit.declarations import read_parameter
from skillkit.documents import Document, Where, describe
from skillkit.exceptions import InvalidFile, InvalidValue, Problem, SkillkitError, UnknownName, did_you_mean
from skillkit.expressions import Expression
from skillkit.option import Initiation, Option, Parameter, Situation
from skillkit.spaces import NOTHING
from skillkit.trees.analysis import Analysis, Declared
from skillkit.trees.halts import warn_of_halts
from skillkit.trees.judge import Judge, check_scene, read_judge
from skillkit.trees.node import Node, Scope, layout
from skillkit.trees.policy import TreePolicy
from skillkit.trees.reader import NODE_LIMIT, Reader
from skillkit.trees.words import WORDS

HEADER = ("task", "description", "include", "parameters", "variables", "outputs", "scene", "cell", "goal", "judge", "tree")
DEPTH_LIMIT = 20  # tasks within tasks
DECISION_RATE = 10.0  # [Hz]


@dataclass(frozen=True)
class Task:
    """A checked task.

    Attributes:
        scene, cell: names of the simulated scene and of the set-up it is at home in; empty if none is named.
        goal: must hold when the tree has succeeded, else the task FAILED.
        judge: who says of a simulated run whether it was physically done; nobody where there is none.
        variables: what nodes may give new values, outputs included; unknown outside of the task.
        outputs: names of the variables that the caller may take over.
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
    variables: tuple[Parameter, ...] = ()
    outputs: tuple[str, ...] = ()
    cell: str = ""
    judge: Judge | None = None
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
            begun = replace(situation, parameters={**self.initial_variables, **situation.parameters})
            return _ask(self.tree, Scope(begun, known))

        def policy() -> TreePolicy:
            return TreePolicy(self, known, decision_rate, above)

        return Option(name=self.name, policy=policy, initiation=initiation, rate=0.0, parameters=self.parameters, roles=tuple(roles), digest=self.digest)

    @property
    def initial_variables(self) -> dict[str, Any]:
        """The values that variables begin with; ``None`` where one has none yet."""
        return {variable.name: variable.default for variable in self.variables}

    @property
    def skills(self) -> tuple[str, ...]:
        """The skills it calls, in order of appearance."""
        return tuple(dict.fromkeys(p.node.values["call"] for p in layout(self.tree, self.name) if p.node.word == "skill"))

    @property
    def arms(self) -> tuple[str, ...]:
        """The arms it names itself with ``arm:``, in order of appearance."""
        return tuple(dict.fromkeys(p.node.values["arm"] for p in layout(self.tree, self.name) if "arm" in p.node.values))

    def held_of(self, arms: Sequence[str]) -> tuple[str, ...]:
        """Those of a cell's arms that it holds while it runs: the ones it names, where every call names its own, else all of them."""
        named = all("arm" in p.node.values for p in layout(self.tree, self.name) if "call" in p.node.values)
        return tuple(arm for arm in arms if arm in self.arms) if named and self.arms else tuple(arms)


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


def check_task(
    path: str | Path, options: Mapping[str, Option] | None = None, skills: Mapping[str, Declared] = NOTHING, cell: Cell | None = None
) -> list[Problem]:
    """Every problem of a task file and of the tasks it uses; never raises on a bad file.

    Args:
        options: the skills there are; ``None`` leaves calls unchecked.
        skills: what they declare, to tell where one may not start.
        cell: the arms there are; by default those of the cell that the task names.
    """
    loader = _Loader(options, skills, cell)
    loader.load(Path(path), ())
    return loader.problems


class _Loader:
    """Loads a task and the tasks it uses, each file once."""

    def __init__(self, options: Mapping[str, Option] | None, skills: Mapping[str, Declared] = NOTHING, cell: Cell | None = None) -> None:
        self.options, self.skills, self.cell = options, skills, cell
        self.problems: list[Problem] = []
        self.loaded: dict[Path, Task | None] = {}
        self.included: dict[str, Path] = {}  # task name → file, of every ``include`` so far

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

        parameters = _parameters(document, data, "parameters")
        outputs = _parameters(document, data, "outputs", parameters)
        variables = {**_parameters(document, data, "variables", {**parameters, **outputs}), **outputs}
        self.included.update(_includes(document, data.get("include", []), path))
        judge = read_judge(document, data, Reader(document, WORDS, parameters, self.options, find).condition)
        reader = Reader(document, WORDS, {**parameters, **variables}, self.options, find, tuple(variables))
        name = _word(document, data, "task")
        tree = reader.node(data["tree"], ("tree",)) if "tree" in data else None
        for output in [name for name in outputs if name not in reader.assigned and tree is not None]:
            document.error(("outputs", output), "missing-output", f"no node gives the output '{output}' a value", f"add 'set: {{{output}: …}}'", key=True)
            reader.assigned.add(output)
        goal = reader.condition(data["goal"], ("goal",)) if "goal" in data else None
        description, scene, home = _word(document, data, "description"), _word(document, data, "scene"), _word(document, data, "cell")
        check_scene(document, data)
        cell = self.cell or _cell(document, home)
        if tree is None or any(problem.severity == "error" for problem in document.problems):
            return None
        if len(layout(tree, name)) > NODE_LIMIT:
            document.error(("tree",), "endless", f"with the tasks it uses, it has more than {NODE_LIMIT} nodes")
        unique = tuple(dict.fromkeys(str(file) for file in files))
        arms = {arm.name: arm.embodiment.actions for arm in cell.arms} if cell is not None else NOTHING
        Analysis(document, self.skills, arms, [camera.name for camera in cell.cameras] if cell is not None else ()).walk(tree)
        warn_of_halts(document, tree)
        warnings = tuple(document.problems)
        inputs, inner = tuple(parameters.values()), tuple(variables.values())
        return Task(name, description, inputs, scene, goal, tree, unique, _digest(unique), inner, tuple(outputs), home, judge, warnings)

    def _subtask(self, document: Document, name: str, where: Where, path: Path, above: tuple[Path, ...]) -> Task | None:
        key = bool(where) and where[-1] == name
        found = _find(name, path, self.included)
        if found is None:
            folders = (path.parent, *(root / "tasks" for root in share.roots()))
            known = {*self.included, *(file.stem for folder in folders for file in folder.glob("*.yaml"))} - {path.stem}
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


def _find(name: str, path: Path, included: Mapping[str, Path]) -> Path | None:
    beside = path.parent / f"{name}.yaml"
    if beside.is_file() or name in included:
        return included.get(name, beside)
    try:
        return share.find("tasks", name)
    except SkillkitError:
        return None


def _cell(document: Document, name: str) -> Cell | None:
    try:
        return Cell.load(name) if name else None
    except InvalidFile as error:
        document.problems.extend(error.problems)
    except SkillkitError as error:
        document.error(("cell",), "unknown-cell", str(error))
    return None


def _includes(document: Document, data: Any, path: Path) -> dict[str, Path]:
    """Tasks in other folders: name → file. A copy beside the task stands in for one that is not at its place, as in a bag."""
    if not isinstance(data, list) or not all(isinstance(item, str) for item in data):
        document.error(("include",), "wrong-type", f"include is a list of task files, found {describe(data)}")
        return {}
    found: dict[str, Path] = {}
    for index, item in enumerate(data):
        file = next((one for one in (path.parent / item, path.parent / Path(item).name) if one.suffix in (".yaml", ".yml") and one.is_file()), None)
        if file is None:
            near = did_you_mean(item, (other.name for other in path.parent.glob("*.yaml")))
            document.error(("include", index), "unknown-file", f"there is no task file '{item}' beside {path.name}", near)
        else:
            found[file.stem] = file
    return found


def _parameters(document: Document, header: Mapping[str, Any], kind: str, taken: Mapping[str, Parameter] = NOTHING) -> dict[str, Parameter]:
    data = header.get(kind)
    if data is None:
        return {}
    if not isinstance(data, dict):
        document.error((kind,), "wrong-type", f"{kind} is a mapping of name to declaration, found {describe(data)}")
        return {}
    for name in [name for name in data if name in taken]:
        document.error((kind, name), "two-words", f"'{name}' is declared twice", "take another name", key=True)
    found = {name: read_parameter(document, name, value, (kind, name)) for name, value in data.items()}
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
