"""Where a re-execution first departs from its bag: what differs, in which class, at which step, and the way up the tree from there.

| class | what decided otherwise |
| --- | --- |
| ``input`` | a step is missing, or its inputs are not those that were recorded |
| ``expression`` | an initiation set or a termination |
| ``policy`` | π: its directive, or when it said it was done |
| ``parameter`` | a skill was called with other values |
| ``status`` | the tree |
| ``blackboard`` | what the runtime remembers, though no decision shows it yet |
| ``ik`` · ``gate`` | the command, for an equal directive |
| ``clock`` · ``random`` | the skill at work read the wall clock, or randomness that nobody seeded; or it drew otherwise from its own |
| ``platform`` | numbers, by less than the tolerance, on another platform than that of the recording |
| ``result`` | the bag holds digests only, so that the step is known and the field is not |
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, NamedTuple

from skillkit.bags.compare import ABSENT, Difference
from skillkit.events import Event, Started, Transition
from skillkit.execution import Execution
from skillkit.runtime import Runtime
from skillkit.skill import Skill
from skillkit.trees import TreePolicy

TIME_LIMIT = "time limit of "


class Node(NamedTuple):
    """One node on the way up the tree; type and status are empty where the tree is gone already."""

    path: str
    type: str
    status: str
    detail: str


class Ways:
    """Which options run: those that ``runtime`` runs at first, from there on from the records of the steps."""

    def __init__(self, runtime: Runtime) -> None:
        self.active = {run.path: run.option.name for goal in runtime.goals.values() for run in _runs(goal.execution)}  # path → option
        self.options = dict(self.active)  # of every run so far
        self.reasons: dict[str, str] = {}  # of every end so far
        self.latest = ""  # the run that began or ended last

    def follow(self, events: Sequence[Event]) -> None:
        """Take in the events of one step: those that began, then those that ended."""
        for event in events:
            if isinstance(event, Started):
                self.active[event.path] = self.options[event.path] = event.option
                self.latest = event.path
        for event in events:
            if isinstance(event, Transition):
                self.active.pop(event.path, None)
                self.reasons[event.path] = event.ending.reason

    def leaf(self) -> str:
        """The innermost run that began last among those that run, else the one that ran last."""
        leaves = [path for path in self.active if not any(other.startswith(f"{path}/") for other in self.active)]
        return leaves[-1] if leaves else self.latest


@dataclass(frozen=True)
class FirstDifference:
    """See the module.

    Attributes:
        kind: its class.
        path: the field that differs; expected: what the bag holds; got: what came now.
        step: tick; time: task clock [s].
        last_equal: tick and task clock of the last step that was equal; ``None`` where there was none.
        skill: the skill at work; empty for none.
        why: the nodes from there up to the root of the tree.
        because: more about the cause, in words.
    """

    kind: str
    path: str
    expected: Any
    got: Any
    step: int
    time: float
    last_equal: tuple[int, float] | None
    skill: str
    why: tuple[Node, ...]
    because: str = ""

    @classmethod
    def of(
        cls,
        found: Difference,
        ways: Ways,
        last_equal: tuple[int, float] | None,
        runtime: Runtime,
        skills: Mapping[str, Skill],
        changed: Mapping[str, Sequence[str]],
    ) -> FirstDifference:
        """A difference of two records, seen from inside the re-execution."""
        run = _run_of(found, ways, runtime)
        skill = ways.options.get(run, "")
        kind = found.kind
        if kind == "outcome":
            kind = _who_ended(found, skills[skill], changed.get(skill, ()), ways.reasons.get(run, "")) if skill in skills else "status"
        if kind == "random" and changed.get(skill):  # another policy draws otherwise
            kind = "policy"
        return cls(kind, found.path, found.expected, found.got, found.step, found.time, last_equal, skill if skill in skills else "", _why(run, runtime))

    def by_platform(self, differing: Mapping[str, tuple[str, str]]) -> FirstDifference:
        """The same, put down to the platform: name → (recorded, here)."""
        words = "; ".join(f"{name} was {was or 'not there'}, is {now or 'not there'}" for name, (was, now) in differing.items())
        return replace(self, kind="platform", because=words)

    def blamed(self, impure: Mapping[str, Mapping[str, str]]) -> FirstDifference:
        """The same, put down to the clock or to randomness where the skill at work, or one unknown, has read it."""
        read = impure.get(self.skill) or impure.get("")
        if not read:
            return self
        kind = next(iter(read))
        return replace(self, kind=kind, because=f"the skill '{self.skill}' reads {read[kind]}")

    def as_dict(self) -> dict[str, Any]:
        """Plain values; ``kind`` is called ``class``."""
        values = asdict(self)
        values["last_equal"] = None if self.last_equal is None else {"step": self.last_equal[0], "time": self.last_equal[1]}
        return {"class": values.pop("kind"), **values, "why": [node._asdict() for node in self.why]}


def _run_of(found: Difference, ways: Ways, runtime: Runtime) -> str:
    """The path of the run that the difference belongs to."""
    part, bracket, rest = found.path.partition("[")
    label = rest.partition("]")[0] if bracket else ""
    if part in ("judged", "transitions", "started", "statuses", "writes", "calls", "draws") and label:
        return label
    return (_at_work(runtime, label) if part in ("directives", "commands") else "") or ways.leaf()


def _runs(execution: Execution) -> Iterator[Execution]:
    """A run and those inside it, outermost first."""
    yield execution
    if isinstance(execution.policy, TreePolicy):
        for leaf in execution.policy.run.active.values():
            yield from _runs(leaf.execution) if leaf.execution is not None else ()


def _at_work(runtime: Runtime, arm: str) -> str:
    """The innermost run that holds an arm; empty for none."""
    execution = next((goal.execution for goal in runtime.goals.values() if arm in goal.arms), None)
    path = ""
    while execution is not None:
        path, policy = execution.path, execution.policy
        leaves = [leaf for leaf in policy.run.active.values() if arm in leaf.roles.values()] if isinstance(policy, TreePolicy) else []
        execution = leaves[-1].execution if leaves else None
    return path


def _who_ended(found: Difference, skill: Skill, changed: Sequence[str], reason: str) -> str:
    """Whether a run ended, or did not, by its termination or by its policy."""
    files = {line.partition(":")[0] for line in changed}
    if files:
        return "expression" if files == {"skill.yaml"} else "policy" if "skill.yaml" not in files else "expression"
    for side in (found.expected, found.got):
        if isinstance(side, Mapping) and side != ABSENT:
            reason = str(side.get("reason", reason))
    terminations = (skill.success.text, *(failure.reason for failure in skill.failures))
    return "expression" if reason in terminations or reason.startswith(TIME_LIMIT) else "policy"


def _why(run: str, runtime: Runtime) -> tuple[Node, ...]:
    known = {
        state.path: Node(state.path, state.type, state.status, state.detail)
        for goal in runtime.goals.values()
        if isinstance(goal.execution.policy, TreePolicy)
        for state in goal.execution.policy.nodes()
    }
    parts = run.split("/") if run else []
    above = ["/".join(parts[:n]) for n in range(len(parts), 0, -1)]
    return tuple(known.get(path, Node(path, "", "", "")) for path in above)
