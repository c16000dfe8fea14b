"""What a task file promises before it runs: nodes that are never reached, loops that never end, skills that may not start where they stand.

The tree is walked once with what is known of the world, as far as conditions and the declared effects of skills tell: every fact is true,
false or not known, and a task starts with empty hands. A node gives what is known after its success and after its failure, or ``None``
where it cannot end so. Only what is certain is told, and as a warning: the world may know better.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from skillkit.documents import Document
from skillkit.exceptions import did_you_mean
from skillkit.expressions import Expression
from skillkit.expressions.terms import Call, Literal, Not, ParameterTerm, Term
from skillkit.option import Parameter
from skillkit.spaces import NOTHING
from skillkit.trees.node import Node, Reference

HAND = ("grasped", "holding", "gripper_open")  # facts of one arm
EMPTY_HAND = ("grasped", "holding")  # false when a task starts
PLACE = ("grasped", "on", "above", "inside")  # facts of where an object is: a new one ends the others
START = "a task starts with empty hands"


class Declared(Protocol):
    """What is asked of a skill here; :class:`skillkit.skill.Skill` has it."""

    @property
    def initiation(self) -> Expression | None: ...
    @property
    def effects(self) -> tuple[Expression, ...]: ...
    @property
    def parameters(self) -> tuple[Parameter, ...]: ...
    @property
    def space(self) -> str: ...


class Fact(NamedTuple):
    """A function of names, on an arm where it is about a hand."""

    arm: str
    function: str
    arguments: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.function}({', '.join(self.arguments)})" + (f" of the arm '{self.arm}'" if self.arm else "")


class Known(NamedTuple):
    """Whether a fact holds, and who made it so."""

    holds: bool | None
    since: str = ""


@dataclass(frozen=True)
class World:
    """What is known; ``begun`` while nothing has happened that is not followed."""

    facts: Mapping[Fact, Known] = field(default_factory=dict)
    begun: bool = True

    def of(self, fact: Fact) -> Known:
        """What is known of a fact."""
        if fact in self.facts:
            return self.facts[fact]
        return Known(False, START) if self.begun and fact.function in EMPTY_HAND else Known(None)

    def after(self, fact: Fact, known: Known) -> World:
        """The world once a fact has been made so."""
        facts = dict(self.facts)
        if fact.function in PLACE and known.holds and fact.arguments:
            facts.update({other: Known(None) for other in facts if other.function in PLACE and other.arguments[:1] == fact.arguments[:1]})
        facts[fact] = known
        if fact.function == "grasped":
            facts[Fact(fact.arm, "holding", ())] = known
        return World(facts, self.begun)

    def joined(self, other: World) -> World:
        """What is known when either may be the case."""
        both = {fact: self.of(fact) if self.of(fact).holds == other.of(fact).holds else Known(None) for fact in {**self.facts, **other.facts}}
        return World(both, self.begun and other.begun)


UNKNOWN = World({}, False)


class Ends(NamedTuple):
    """The world after success and after failure; ``None`` where a node cannot end so."""

    success: World | None
    failure: World | None


def either(*worlds: World | None) -> World | None:
    """What is known when one of them is the case."""
    found: World | None = None
    for world in worlds:
        found = world if found is None else found if world is None else found.joined(world)
    return found


class Analysis:
    """One walk over a task.

    Args:
        skills: what the skills declare; preconditions are not looked at without.
        arms: name → action spaces of the arms there are, the first one first; not looked at where empty.
    """

    def __init__(self, document: Document, skills: Mapping[str, Declared] = NOTHING, arms: Mapping[str, Sequence[str]] = NOTHING) -> None:
        self.document, self.skills, self.arms = document, skills, arms
        self.inside_tasks = 0
        self.recovered = 0  # ways back into an initiation set around
        self.limited = 0  # timeouts, guards and parallels around
        self.names: dict[str, str] = {}  # parameters of the task that is walked, as the outermost one would write them
        self.arm = ""

    def walk(self, node: Node) -> Ends:
        """Tell what is wrong in and below a node that a task starts with."""
        return self._walk(node, World())

    def _walk(self, node: Node, world: World) -> Ends:
        step: Callable[[Node, World], Ends] = getattr(self, f"_{node.word}", self._other)
        return step(node, world)

    def _tell(self, node: Node, code: str, message: str, hint: str = "", severity: str = "warning") -> None:
        if not self.inside_tasks:
            self.document.error(node.where, code, message, hint, key=True, severity=severity)

    def _unreachable(self, nodes: Sequence[Node], why: str) -> None:
        if nodes:
            self._tell(nodes[0], "unreachable", f"this node is never reached: {why}", "remove it, or what stands before it")

    # -- flow -----------------------------------------------------------------------------------------------------------------------------

    def _sequence(self, node: Node, world: World) -> Ends:
        failure: World | None = None
        for index, child in enumerate(node.children):
            ends = self._walk(child, world)
            failure = either(failure, ends.failure)
            if ends.success is None:
                self._unreachable(node.children[index + 1 :], f"'{child.name or child.word}' before it never succeeds")
                return Ends(None, failure)
            world = ends.success
        return Ends(world, failure)

    def _fallback(self, node: Node, world: World) -> Ends:
        success: World | None = None
        for index, child in enumerate(node.children):
            ends = self._walk(child, world)
            success = either(success, ends.success)
            if ends.failure is None:
                self._unreachable(node.children[index + 1 :], f"'{child.name or child.word}' before it never fails")
                return Ends(success, None)
            world = ends.failure
        return Ends(success, world)

    _reactive_sequence, _reactive_fallback = _sequence, _fallback

    def _parallel(self, node: Node, world: World) -> Ends:
        self.limited += node.values["succeed"] < len(node.children)
        ends = [self._walk(child, world) for child in node.children]
        self.limited -= node.values["succeed"] < len(node.children)
        can, must = sum(end.success is not None for end in ends), sum(end.failure is None for end in ends)
        return Ends(UNKNOWN if can >= node.values["succeed"] else None, UNKNOWN if must < node.values["succeed"] else None)

    def _switch(self, node: Node, world: World) -> Ends:
        ends: list[Ends] = []
        for index, case in enumerate(node.values["cases"]):
            if constant(case) is False:
                self._unreachable([node.children[index]], "its case never holds")
                continue
            ends.append(self._walk(node.children[index], self._assumed(case, world, True)))
            world = self._assumed(case, world, False)
            if constant(case) is True:
                self._unreachable(node.children[index + 1 :], "the case before it always holds")
                return Ends(either(*(end.success for end in ends)), either(*(end.failure for end in ends)))
        otherwise = node.children[len(node.values["cases"]) :]
        ends.append(self._walk(otherwise[0], world) if otherwise else Ends(None, world))
        return Ends(either(*(end.success for end in ends)), either(*(end.failure for end in ends)))

    def _for_each(self, node: Node, world: World) -> Ends:
        if node.values["in"] == () or constant(node.values["where"]) is False:
            self._unreachable(node.children, "there is nothing to do it for")
            return Ends(world, None)
        symbol = f"${node.values['each']}"
        ends = self._walk(node.children[0], World({f: k for f, k in world.facts.items() if symbol not in f.arguments}, world.begun))
        return Ends(either(world, ends.success), ends.failure)

    # -- words with one child ---------------------------------------------------------------------------------------------------------------

    def _retry(self, node: Node, world: World) -> Ends:
        return self._again(node, world, node.children[0], lambda ends: (ends.success, ends.failure))

    def _repeat(self, node: Node, world: World) -> Ends:
        success, failure = self._again(node, world, node.children[0], lambda ends: (ends.failure, ends.success))
        return Ends(failure, success)

    def _again(self, node: Node, world: World, child: Node, ways: Callable[[Ends], tuple[World | None, World | None]]) -> Ends:
        """A loop that is left by one end of its child and begins again with the other."""
        leaves, again = ways(self._walk(child, world))
        forever = node.values["times"] == "forever"
        if leaves is None and forever and not self.limited:
            what = "fails" if node.word == "repeat" else "succeeds"
            self._tell(node, "endless-loop", f"this loop never ends: its child never {what}", "give 'times' a number, or put it in a 'timeout:' or 'guard:'")
        elif leaves is None and node.word == "retry":
            self._tell(node, "endless-loop", "trying again cannot help: its child never succeeds", "remove the 'retry:'")
        return Ends(leaves, None if forever else again)

    def _limited(self, node: Node, world: World) -> Ends:
        self.limited += 1
        ends = self._walk(node.children[0], world)
        self.limited -= 1
        return Ends(ends.success, UNKNOWN)

    _timeout = _limited

    def _guard(self, node: Node, world: World) -> Ends:
        if constant(node.values["when"]) is False:
            self._unreachable(node.children, "its guard never holds")
            return Ends(None, world)
        return self._limited(node, self._assumed(node.values["when"], world, True))

    def _invert(self, node: Node, world: World) -> Ends:
        ends = self._walk(node.children[0], world)
        return Ends(ends.failure, ends.success)

    def _force_success(self, node: Node, world: World) -> Ends:
        return Ends(either(*self._walk(node.children[0], world)), None)

    def _force_failure(self, node: Node, world: World) -> Ends:
        return Ends(None, either(*self._walk(node.children[0], world)))

    def _on_failure(self, node: Node, world: World) -> Ends:
        ends = self._walk(node.children[0], world)
        if ends.failure is None:
            self._unreachable(node.children[1:], "what it cleans up after never fails")
            return ends
        return Ends(ends.success, either(*self._walk(node.children[1], ends.failure)))

    def _finally(self, node: Node, world: World) -> Ends:
        ends = self._walk(node.children[0], world)
        after = either(*ends)
        cleaned = either(*self._walk(node.children[1], after)) if after is not None else None
        return Ends(cleaned if ends.success is not None else None, cleaned if ends.failure is not None else None)

    # -- leaves -----------------------------------------------------------------------------------------------------------------------------

    def _condition(self, node: Node, world: World) -> Ends:
        when = node.values["when"]
        held = constant(when)
        return Ends(None if held is False else self._assumed(when, world, True), None if held is True else self._assumed(when, world, False))

    def _wait(self, node: Node, world: World) -> Ends:
        until = node.values.get("until")
        if until is not None and constant(until) is False:
            self._tell(node, "endless-loop", f"this waits for ever: '{until}' never holds")
            return Ends(None, None if not self.limited else world)
        return Ends(self._assumed(until, world, True) if until is not None else world, None)

    def _set(self, node: Node, world: World) -> Ends:
        changed = {f"${name}" for name in node.values["values"]}
        kept = {fact: known for fact, known in world.facts.items() if not changed & set(fact.arguments)}
        return Ends(World(kept, world.begun), world if any(isinstance(v, Expression) for v in node.values["values"].values()) else None)

    def _ask(self, node: Node, world: World) -> Ends:
        return Ends(world, None if node.values["into"] else world)

    def _plan(self, node: Node, world: World) -> Ends:
        goal = node.values.get("goal")
        if goal is not None and constant(goal) is False:
            self._tell(node, "unreachable", "this goal never holds", "write what is to be true in the end")
            return Ends(None, world)
        return Ends(self._assumed(goal, UNKNOWN, True) if goal is not None else UNKNOWN, UNKNOWN)

    def _recover(self, node: Node, world: World) -> Ends:
        """What its skill needs is restored where it does not hold; what is known where that fails is not followed."""
        work, way_back = node.children
        self.recovered += 1
        ends = self._walk(work, world)
        self.recovered -= 1
        back = self._walk(way_back, UNKNOWN).success
        again = self._walk(work, back) if back is not None else Ends(None, None)
        return Ends(either(ends.success, again.success), UNKNOWN)

    def _other(self, node: Node, world: World) -> Ends:
        return Ends(UNKNOWN, UNKNOWN)

    def _task(self, node: Node, world: World) -> Ends:
        outer, outer_arm = self.names, self.arm
        given = node.given()
        declared = node.task.parameters if node.task is not None else ()
        self.names = {parameter.name: self._name(given.get(parameter.name, parameter.default)) for parameter in declared}
        self.arm = node.values.get("arm", self.arm)
        self.inside_tasks += 1
        ends = self._walk(node.children[0], world)
        self.inside_tasks -= 1
        self.names, self.arm = outer, outer_arm
        goal = node.task is not None and node.task.goal is not None
        return Ends(ends.success, either(ends.failure, world) if goal else ends.failure)

    def _skill(self, node: Node, world: World) -> Ends:
        skill = self.skills.get(node.values["call"])
        arm = node.values.get("arm", self.arm)
        self._check_arm(node, arm, skill)
        if skill is None:
            return Ends(UNKNOWN, UNKNOWN)
        given = node.given()
        names = {parameter.name: self._name(given.get(parameter.name, parameter.default)) for parameter in skill.parameters}
        if skill.initiation is not None and not self.recovered:
            self._check_start(node, skill.initiation, world, names, arm)
        success = failure = world
        for effect in (part for whole in skill.effects for part in whole.conjuncts):
            fact, holds = read_fact(effect.root, names, arm)
            if fact is not None:
                success = success.after(fact, Known(holds, f"'{node.name}' makes it so"))
                failure = failure.after(fact, Known(None))
        return Ends(success, failure)

    def _check_start(self, node: Node, initiation: Expression, world: World, names: Mapping[str, str], arm: str) -> None:
        for part in initiation.conjuncts:
            fact, wanted = read_fact(part.root, names, arm)
            known = world.of(fact) if fact is not None else Known(None)
            if known.holds is None or known.holds is wanted:
                continue
            message = f"'{node.values['call']}' may not start here: it needs {'' if wanted else 'not '}{fact}, but {known.since}"
            hint = f"put a skill before it that makes it so, or 'condition: {fact.function}({', '.join(fact.arguments)})'" if wanted and fact else ""
            self._tell(node, "unmet-precondition", message, hint)
            return

    def _check_arm(self, node: Node, arm: str, skill: Declared | None) -> None:
        if not self.arms:
            return
        arm = arm or next(iter(self.arms))
        if arm not in self.arms:
            self._tell(node, "unknown-arm", f"there is no arm '{arm}' in the cell", did_you_mean(arm, self.arms), "error")
        elif skill is not None and skill.space not in self.arms[arm]:
            can = ", ".join(self.arms[arm]) or "none"
            self._tell(node, "action-space", f"the arm '{arm}' does not take '{skill.space}', which '{node.values['call']}' gives", f"it takes: {can}", "error")

    # -- facts ------------------------------------------------------------------------------------------------------------------------------

    def _name(self, value: Any) -> str:
        return self.names.get(value.name, f"${value.name}") if isinstance(value, Reference) else str(value)

    def _assumed(self, when: Expression, world: World, holds: bool) -> World:
        """The world where a condition has just been seen to hold, or not to."""
        parts = when.conjuncts if holds else when.conjuncts if len(when.conjuncts) == 1 else ()
        for part in parts:
            fact, wanted = read_fact(part.root, self.names, self.arm)
            if fact is not None:
                world = world.after(fact, Known(wanted is holds, f"'{when}' was {'seen to hold' if holds else 'seen not to hold'} before"))
        return world


def constant(when: Expression | None) -> bool | None:
    """Whether an expression always or never holds."""
    return bool(when.constant()) if when is not None and when.is_constant else None


def read_fact(term: Term, names: Mapping[str, str], arm: str) -> tuple[Fact | None, bool]:
    """A function of names, or ``not`` of one, as a fact and whether it is to hold; ``None`` for anything else."""
    holds = True
    while isinstance(term, Not):
        term, holds = term.children()[0], not holds
    if not isinstance(term, Call) or term.dimension != "boolean":
        return None, holds
    arguments = tuple(
        names.get(one.name, f"${one.name}") if isinstance(one, ParameterTerm) else f"{one.constant:.6g}" if isinstance(one, Literal) else one.text
        for one in term.arguments
    )
    return Fact(arm if term.function.name in HAND else "", term.function.name, arguments), holds
