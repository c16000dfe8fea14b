"""``skill`` and ``task``: words that run an option with parameters, within budgets of time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from py_trees.behaviour import Behaviour
from py_trees.common import Status

from skillkit.documents import Where
from skillkit.events import Judged
from skillkit.exceptions import SkillkitError
from skillkit.option import EPSILON, Initiation, Option, Situation, fill_parameters
from skillkit.spaces import Ending, Outcome
from skillkit.trees.node import Ask, Node, Scope, Word
from skillkit.trees.reader import Reader
from skillkit.trees.rest import Rest
from skillkit.trees.run import OptionLeaf, Run, described


class CallWord(Word):
    """A word that runs an option with parameters."""

    extras: tuple[str, ...] = ("with", "arm", "budgets")

    def option(self, node: Node, options: Mapping[str, Option], roles: Sequence[str], path: str, decision_rate: float) -> Option:
        """What is run."""
        return options[node.values["call"]]

    def read(self, reader: Reader, value: Any, where: Where, extras: Mapping[str, Any]) -> Node | None:
        call = reader.call(self.name, value, where, extras, self.form)
        return None if call is None else self.checked(reader, call.node(self.name), call.name_at)

    def checked(self, reader: Reader, node: Node, name_at: Where) -> Node | None:
        """The node, checked against what it calls."""
        raise NotImplementedError

    def build(self, node: Node, path: str, run: Run, children: Sequence[Behaviour]) -> Behaviour:
        option = self.option(node, run.options, run.tree_roles, path, run.decision_rate)
        if "execute" in node.values:
            option = replace(option, time_limit=min(option.time_limit, float(run.value(node.values["execute"]))))
        return CallLeaf(path, run, option, node)

    def initiation(self, node: Node, scope: Scope, ask: Ask) -> Initiation:
        if "find" in node.values or "accept" in node.values:
            return Initiation(True)  # it may wait until it may start
        situation = scope.situation
        option = self.option(node, scope.options, tuple(situation.roles), "", 10.0)
        try:
            parameters = fill_parameters(option.parameters, node.given(situation.parameters), option.name)
        except SkillkitError as error:
            return Initiation(False, 0.0, str(error))
        found = option.initiation(Situation(situation.observation, arms_for(node, option, situation.roles), parameters))
        return found if found.allowed else Initiation(False, 0.0, f"{node.name}: {found.reason}")

    def detail(self, node: Node) -> str:
        shown = ", ".join(f"{name}={value:g}" if isinstance(value, float) else f"{name}={value}" for name, value in node.given().items())
        arm = f" on {node.values['arm']}" if "arm" in node.values else ""
        arm += f" → {', '.join(f'${name}' for name in node.values['into'].values())}" if node.values.get("into") else ""
        called = "" if node.name == node.values["call"] else str(node.values["call"])
        return f"{called}({shown}){arm}" if called else f"{shown}{arm}".strip()


class CallLeaf(OptionLeaf):
    """Runs the option of a ``skill`` or ``task`` node within its budgets; takes over the outputs of a task that succeeded.

    Before it begins it waits, if it may, until everything is there (find) and until it is inside I (accept); after it has ended, until its arms
    are at rest (settle).
    """

    def __init__(self, path: str, run: Run, option: Option, node: Node) -> None:
        roles, arms = arms_for(node, option, run.roles), frozenset(leased(node, run.options, run.roles))
        super().__init__(path, run, option, lambda: node.given(run.parameters), roles, arms, frozenset(used(node, run.options)))
        self.node = node
        self.into: Mapping[str, str] = node.values.get("into", {})
        self.since = 0.0  # when it began to wait [s]
        self.found: float | None = None  # when everything was there [s]
        self.ended_at: float | None = None  # when its run ended [s]
        self.rest = Rest(run)

    def budget(self, name: str) -> float | None:
        """A budget of the node [s]; ``None`` where it names none."""
        return float(self.run.value(self.node.values[name])) if name in self.node.values else None

    def initialise(self) -> None:
        self.execution, self.since, self.found, self.ended_at, self.rest.since = None, self.run.now, None, None, None
        self.feedback_message = ""
        if self.budget("find") is None and self.budget("accept") is None:
            self.begin()

    def update(self) -> Status:
        if self.execution is None:
            late = self._wait()
            if late is None:
                return Status.RUNNING
            self.begin(late)
        status = super().update()
        settle = self.budget("settle")
        if status is not Status.RUNNING and settle is not None:
            status = self._settled(status, settle)
        if status is Status.SUCCESS and self.into and self.execution is not None:
            outputs = getattr(self.execution.policy, "outputs", {})
            self.run.write(self.name, {name: outputs.get(output) for output, name in self.into.items()})
        return status

    def _wait(self) -> str | None:
        """``None`` while it may not begin yet; else why it is refused, empty where it is not."""
        now, find, accept = self.run.now, self.budget("find") or 0.0, self.budget("accept") or 0.0
        if self.found is None:
            missing = self._missing() if find else ""
            if missing:
                return self._patient(missing, self.since + find, f"not found within {find:g} s")
            self.found = now
        observation, accepted = self.run.seen, Initiation(True)
        if accept:
            try:
                parameters = fill_parameters(self.option.parameters, self.parameters(), self.option.name)
                accepted = self.option.initiation(Situation(observation, self.roles, parameters))
                self.run.events.append(Judged(self.name, "initiation", accepted.score))
            except Exception:  # user code, or parameters: the run that begins now ends by it, and says so
                return ""
        return "" if accepted.allowed else self._patient(accepted.reason, self.found + accept, f"not accepted within {accept:g} s")

    def _patient(self, why: str, until: float, late: str) -> str | None:
        if self.run.now >= until - EPSILON:
            return f"{late}: {why}"
        self.feedback_message = f"waits: {why}"
        self.run.wake_at(until)
        return None

    def _missing(self) -> str:
        observation, given = self.run.seen, self.parameters()
        objects = [given.get(one.name, one.default) for one in self.option.parameters if one.type == "object"]
        unseen = [f"{name} is not seen" for name in objects if name not in observation.objects]
        return ", ".join([*unseen, *(f"the arm '{arm}' is not heard" for arm in self.arms if arm not in observation.arms)]) or self.taken()

    def _settled(self, status: Status, within: float) -> Status:
        self.ended_at = self.run.now if self.ended_at is None else self.ended_at
        if self.rest.reached(self.arms):
            return status
        if self.run.now < self.ended_at + within - EPSILON:
            return Status.RUNNING
        self.feedback_message = described(self.name, Ending(Outcome.TIMED_OUT, f"not at rest within {within:g} s"))
        return Status.FAILURE

    def terminate(self, new_status: Status) -> None:
        running = new_status is Status.INVALID and self.execution is not None and self.execution.ending is None
        super().terminate(new_status)
        cancel = self.budget("cancel") if running else None
        if cancel is not None:
            self.run.halted.update(dict.fromkeys(self.arms, (self.run.now + cancel, self)))

    def state(self) -> dict[str, Any]:
        return {"times": [self.since, self.found, self.ended_at, self.rest.since], "execution": super().state()}

    def set_state(self, state: Mapping[str, Any] | None) -> None:
        if state is not None:
            self.since, self.found, self.ended_at, self.rest.since = state["times"]
            super().set_state(state["execution"])


def used(node: Node, options: Mapping[str, Option]) -> set[str]:
    """What else than arms the skills in a node use, such as cameras."""
    own = set(options[node.values["call"]].uses) if node.word == "skill" and node.values["call"] in options else set()
    return own.union(*(used(child, options) for child in node.children))


def leased(node: Node, options: Mapping[str, Option], roles: Mapping[str, str]) -> set[str]:
    """The arms that a node may move: those of the skills in it."""
    if node.word == "plan":
        return {roles.get(node.values.get("arm", ""), next(iter(roles.values()), ""))}
    if node.word == "skill":
        return set(arms_for(node, options[node.values["call"]], roles).values())
    chosen = roles.get(node.values.get("arm", "")) if node.word == "task" else None
    below = dict.fromkeys(roles, chosen) if chosen else roles
    return set().union(*(leased(child, options, below) for child in node.children)) if node.children else set()


def arms_for(node: Node, option: Option, roles: Mapping[str, str]) -> dict[str, str]:
    """The arm for each role of the option: the one ``arm:`` names, else that of the same role, else the tree's first."""
    first = next(iter(roles.values()), "")
    chosen = roles.get(node.values.get("arm", ""))
    return {role: chosen or roles.get(role, first) for role in option.roles}


class SkillWord(CallWord):
    """A skill."""

    name = "skill"
    form = "skill: grasp, with: {object: cup_1}"
    description = "Runs a skill until it ends."

    def checked(self, reader: Reader, node: Node, name_at: Where) -> Node | None:
        return reader.check_skill(node, name_at)

    def schema(self) -> dict[str, Any]:
        return {"$ref": "#/definitions/skill_call"}


class TaskWord(CallWord):
    """Another task."""

    name = "task"
    form = "task: make_room, with: {object: cup_1}"
    description = "Runs the tree of another task as one node; `into: {output: $variable}` takes its outputs over."
    extras = ("with", "arm", "budgets", "into")

    def checked(self, reader: Reader, node: Node, name_at: Where) -> Node | None:
        return reader.subtask(node, name_at)

    def schema(self) -> dict[str, Any]:
        return {"$ref": "#/definitions/task_call"}

    def option(self, node: Node, options: Mapping[str, Option], roles: Sequence[str], path: str, decision_rate: float) -> Option:
        if node.task is None:
            raise KeyError(node.values["call"])
        return node.task.option(options, roles, decision_rate, above=path)
