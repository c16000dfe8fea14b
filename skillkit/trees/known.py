"""What is known of the world while a task is only read: every fact is true, false or not known, and a task starts with empty hands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from skillkit.expressions import Expression
from skillkit.expressions.terms import Call, Literal, Not, ParameterTerm, Term

HAND = ("grasped", "holding", "gripper_open")  # facts of one arm
EMPTY_HAND = ("grasped", "holding")  # false when a task starts
PLACE = ("grasped", "on", "above", "inside")  # facts of where an object is: a new one ends the others
START = "a task starts with empty hands"


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
