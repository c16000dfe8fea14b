"""What the behaviours of one run of a tree share, and the leaf that runs an option."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from py_trees import composites
from py_trees.behaviour import Behaviour
from py_trees.common import Status

from skillkit.events import Event, Written
from skillkit.exceptions import SkillkitError
from skillkit.execution import Execution
from skillkit.option import Option, Situation, fill_parameters
from skillkit.protocols import Snapshot
from skillkit.spaces import Directive, Ending, Observation, Outcome
from skillkit.trees.node import Reference

if TYPE_CHECKING:
    from skillkit.trees.question import Question
    from skillkit.trees.task import Task

OTHER_WAY = ("the tree went another way", Outcome.PREEMPTED)


class Run:
    """The state of one run that its behaviours see. The clock is handed in: ``now`` is on the task clock [s].

    Attributes:
        parameters: values by name: the task's parameters, and its variables as they are now.
        roles: role of the tree → arm; ``arm`` is always among them.
        active: leaves whose option runs, by path, in the order they began.
        fatal: the ending that no node may swallow, once there is one, and the leaf it came from.
        wake: when the tree must be ticked at the latest [s].
        halting: reason and outcome for a leaf that is stopped from above.
        halted: arm → when it must be at rest [s], and the leaf that was halted, where that gave it a time.
        touched: nodes whose status may have changed since it was last told, by path.
    """

    def __init__(self, task: Task, options: Mapping[str, Option], parameters: Mapping[str, Any], roles: Mapping[str, str], decision_rate: float) -> None:
        first = next(iter(roles.values()), "")
        self.task, self.options, self.parameters, self.decision_rate = task, options, dict(parameters), decision_rate
        self.tree_roles = tuple(roles)
        self.roles = dict(roles) if "arm" in roles or not first else {**roles, "arm": first}
        self.observation: Observation | None = None
        self.now = self.elapsed = 0.0
        self.active: dict[str, OptionLeaf] = {}
        self.events: list[Event] = []
        self.fatal: tuple[OptionLeaf, Ending] | None = None
        self.wake = float("inf")
        self.halting = OTHER_WAY
        self.touched: dict[str, Behaviour] = {}
        self.halted: dict[str, tuple[float, OptionLeaf]] = {}

    @property
    def seen(self) -> Observation:
        """The observation of this tick."""
        if self.observation is None:
            raise RuntimeError("a tree was asked before its first observation")
        return self.observation

    def situation(self) -> Situation:
        """What a condition of the tree sees."""
        return Situation(self.seen, self.roles, self.parameters, self.elapsed)

    def value(self, value: Any) -> Any:
        """A value of a node, with a ``$name`` looked up as it is now."""
        return self.parameters[value.name] if isinstance(value, Reference) else value

    def write(self, writer: str, values: Mapping[str, Any]) -> None:
        """Give variables their values, told where one is new; ``writer`` is the path of the node that does."""
        for name, value in values.items():
            if name not in self.parameters or self.parameters[name] != value:
                self.events.append(Written(writer, name, value))
            self.parameters[name] = value

    def wake_at(self, time: float) -> None:
        """Ask for a tick at this time on the task clock [s]."""
        self.wake = min(self.wake, time)


class Treelike(Behaviour):
    """A behaviour of ours: it is told from those that nothing happened to, and its own state beside py_trees' lies open."""

    run: Run

    def terminate(self, new_status: Status) -> None:
        """Note that the status may have changed; a tick alone does not show who was stopped."""
        self.run.touched[self.name] = self

    def asks(self) -> Question | None:
        """What it waits to be told from outside, while it runs."""
        return None

    def state(self) -> Any:
        """Own state as plain JSON values."""
        return None

    def set_state(self, state: Any) -> None:
        """Put back what :meth:`state` gave."""


class OptionLeaf(Treelike):
    """Runs one option, call-and-return; it is stepped at every control tick, not only when the tree is ticked.

    Use ``initialise`` for beginning the run, ``update`` for telling how it stands, ``terminate`` for ending it from above.

    Args:
        parameters: gives the values to call it with, as they are when it begins.
        arms: those it leases while it runs; by default all of ``roles``.
        uses: what else it leases, such as cameras.
    """

    def __init__(
        self,
        path: str,
        run: Run,
        option: Option,
        parameters: Callable[[], Mapping[str, Any]],
        roles: Mapping[str, str],
        arms: frozenset[str] | None = None,
        uses: frozenset[str] = frozenset(),
    ) -> None:
        super().__init__(path)
        self.run, self.option, self.parameters, self.roles = run, option, parameters, dict(roles)
        self.arms = frozenset(self.roles.values()) if arms is None else arms
        self.uses = uses
        self.given: dict[str, Any] = {}
        self.execution: Execution | None = None

    def initialise(self) -> None:
        self.begin()

    def begin(self, refusal: str = "") -> None:
        """Begin a run of the option; with a ``refusal`` it ends REFUSED at once."""
        observation = self.run.seen
        self.feedback_message = ""
        try:
            self.given = fill_parameters(self.option.parameters, self.parameters(), self.option.name)
        except SkillkitError as error:
            self.given, refusal = dict(self.parameters()), refusal or str(error)
        self.execution = Execution(self.option, self.given, self.roles, self.name)
        if refusal:
            self.execution.refuse(observation, self.run.now, refusal)
        else:
            self.execution.begin(observation, self.run.now)
        if self.execution.ending is None:
            self._lease(observation)
        self.run.active[self.name] = self
        self.step()

    def _lease(self, observation: Observation) -> None:
        """Take the arms and what else it uses: from a leaf that this one is about to replace, never from one that runs beside it."""
        taken = self.taken()
        if taken and self.execution is not None:
            self.execution.preempt(observation, self.run.now, taken, Outcome.REFUSED)
            return
        for other in self._rivals():
            other.stop(Status.INVALID)

    def taken(self) -> str:
        """Which lease a leaf beside this one holds, in words; empty where none does."""
        above = set(_ancestors(self))
        for other in self._rivals():
            meeting = next((node for node in _ancestors(other) if node in above), None)
            if getattr(meeting, "side_by_side", False):
                arms, uses = sorted(other.arms & self.arms), sorted(other.uses & self.uses)
                what = f"the arm '{', '.join(arms)}'" if arms else f"'{', '.join(uses)}'"
                return f"{what} is leased to {other.name.rpartition('/')[2]}"
        return ""

    def _rivals(self) -> list[OptionLeaf]:
        """Running leaves that hold what this one needs."""
        active = (leaf for leaf in self.run.active.values() if leaf is not self and not leaf.ended)
        return [leaf for leaf in active if leaf.arms & self.arms or leaf.uses & self.uses]

    def step(self) -> None:
        """One control tick of the option."""
        execution = self.execution
        if execution is None:
            return
        execution.step(self.run.seen, self.run.now)
        if execution.events:
            self._collect(execution)
        ending = execution.ending
        if ending is not None:
            self.feedback_message = described(self.name, ending)
            if not ending.outcome.swallowable and self.run.fatal is None:
                self.run.fatal = (self, ending)

    def resume(self, changed: bool) -> None:
        """Go on with the option's run after a restore in another process."""
        if self.execution is not None:
            self.execution.resume(self.run.seen, self.run.now, changed)
            self._collect(self.execution)

    @property
    def ended(self) -> bool:
        """Whether the option's run is over."""
        return self.execution is not None and self.execution.ending is not None

    def called(self) -> str:
        """What runs, with its parameters: ``grasp(object=cup_1)``."""
        return f"{self.option.name}({', '.join(f'{name}={value}' for name, value in self.given.items())})"

    def directives(self) -> Mapping[str, Directive]:
        """What the option asks of its arms, by arm."""
        return self.execution.directives if self.execution is not None else {}

    def update(self) -> Status:
        ending = self.execution.ending if self.execution is not None else None
        if ending is None:
            return Status.RUNNING
        self.run.active.pop(self.name, None)
        return Status.SUCCESS if ending.outcome is Outcome.SUCCEEDED else Status.FAILURE

    def terminate(self, new_status: Status) -> None:
        super().terminate(new_status)
        self.run.active.pop(self.name, None)
        execution = self.execution
        if execution is None or execution.ending is not None or new_status is not Status.INVALID:
            return
        reason, outcome = self.run.halting
        execution.preempt(self.run.seen, self.run.now, reason, outcome)
        self._collect(execution)
        self.feedback_message = described(self.name, Ending(outcome, reason))

    def _collect(self, execution: Execution) -> None:
        self.run.events.extend(execution.drain())

    def state(self) -> Snapshot | None:
        return None if self.execution is None else self.execution.snapshot()

    def set_state(self, state: Snapshot | None) -> None:
        self.execution = None
        if state is not None:
            self.execution = Execution(self.option, {}, self.roles, self.name)
            self.execution.restore(state)
            self.given = self.execution.parameters


def begin_anew(children: Iterable[Behaviour]) -> None:
    """Have children forget how they ended the last time."""
    for child in children:
        if child.status is not Status.INVALID:
            child.stop(Status.INVALID)


def described(path: str, ending: Ending) -> str:
    """``grasp_cup: FAILED: the object slipped``."""
    reason = f": {ending.reason}" if ending.reason else ""
    return f"{path.rpartition('/')[2]}: {ending.outcome.value}{reason}"


def reason_of(node: Behaviour) -> str:
    """Why a node failed, in the words of the leaves that decided it."""
    if node.feedback_message or not node.children:
        return str(node.feedback_message)
    together = getattr(node, "side_by_side", False)
    if isinstance(node, composites.Selector) or together:
        reasons = [reason_of(child) for child in node.children if not together or child.status is Status.FAILURE]
        return "; ".join(reason for reason in dict.fromkeys(reasons) if reason)
    current = getattr(node, "current_child", None)
    return reason_of(current if current is not None else node.children[0])


def _ancestors(node: Behaviour) -> Iterator[Behaviour]:
    while node.parent is not None:
        node = node.parent
        yield node


def behaviours(root: Behaviour) -> Iterator[Behaviour]:
    """The root and all below it, parents first."""
    yield root
    for child in root.children:
        yield from behaviours(child)
