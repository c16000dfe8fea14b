"""What a task file promises before it runs: nodes that are never reached, loops that never end, skills that may not start where they stand.

The tree is walked once with what is known of the world, as far as conditions and the declared effects of skills tell: every fact is true,
false or not known, and a task starts with empty hands. A node gives what is known after its success and after its failure, or ``None``
where it cannot end so. Only what is certain is told, and as a warning: the world may know better.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from skillkit.documents import Document
from skillkit.exceptions import did_you_mean
from skillkit.expressions import Expression
from skillkit.option import Parameter
from skillkit.spaces import NOTHING
from skillkit.trees.known import UNKNOWN, Ends, Known, World, constant, either, read_fact
from skillkit.trees.node import Node, Reference

Ways = Callable[[Ends], tuple["World | None", "World | None"]]
"""Which end of a child goes on, and which one leaves."""


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
    @property
    def uses(self) -> tuple[str, ...]: ...


class Analysis:
    """One walk over a task.

    Args:
        skills: what the skills declare; preconditions are not looked at without.
        arms: name → action spaces of the arms there are, the first one first; not looked at where empty.
        cameras: names of those that stand beside these arms.
    """

    def __init__(
        self, document: Document, skills: Mapping[str, Declared] = NOTHING, arms: Mapping[str, Sequence[str]] = NOTHING, cameras: Sequence[str] = ()
    ) -> None:
        self.document, self.skills, self.arms, self.cameras = document, skills, arms, cameras
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
        success, failure = self._in_turn(node, world, lambda ends: (ends.success, ends.failure), "succeeds")
        return Ends(success, failure)

    def _fallback(self, node: Node, world: World) -> Ends:
        failure, success = self._in_turn(node, world, lambda ends: (ends.failure, ends.success), "fails")
        return Ends(success, failure)

    def _in_turn(self, node: Node, world: World, ways: Ways, word: str) -> tuple[World | None, World | None]:
        """Children one after the other, as long as they end so that it goes on; the world after the last one, and after leaving early."""
        left: World | None = None
        for index, child in enumerate(node.children):
            further, leaves = ways(self._walk(child, world))
            left = either(left, leaves)
            if further is None:
                self._unreachable(node.children[index + 1 :], f"'{child.name or child.word}' before it never {word}")
                return None, left
            world = further
        return world, left

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

    def _again(self, node: Node, world: World, child: Node, ways: Ways) -> Ends:
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
        for name in skill.uses if skill is not None else ():
            if name not in self.cameras:
                hint = did_you_mean(name, self.cameras) if self.cameras else "give the cell its cameras"
                self._tell(node, "unknown-camera", f"the cell has no camera '{name}', which '{node.values['call']}' uses", hint, "error")
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
