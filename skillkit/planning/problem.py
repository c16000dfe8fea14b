"""Skills, a goal and an observation → a propositional planning problem.

An *atom* is a call of a true-or-false function with its names and numbers filled in, such as ``on(cup_1, tray)``. What some skill's
effects name can change; everything else is asked of the observation once. Quantities (``distance(…) < 2 m``) are left to run time:
the initiation set asks them there. In preconditions, effects and consequences the bare name ``any`` stands for some object (in a
condition) or for every object (in ``not p(any)`` as an effect).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import permutations
from typing import Any, NamedTuple, TypeAlias

from skillkit.exceptions import InvalidValue, UnknownName
from skillkit.expressions import Expression
from skillkit.expressions.terms import Call, Junction, Name, Not, ParameterTerm, Term, walk
from skillkit.expressions.terms import Literal as Constant
from skillkit.option import Situation
from skillkit.planning.knowledge import Knowledge
from skillkit.skill import Skill
from skillkit.spaces import Observation

ANY = "any"
MAX_CHOICES = 20_000  # ways to call one skill beyond which its object parameters are too many to try


class Literal(NamedTuple):
    """An atom that must be, or becomes, true or false."""

    atom: str
    positive: bool

    def __str__(self) -> str:
        return self.atom if self.positive else f"not {self.atom}"


Conjunction: TypeAlias = frozenset[Literal]


@dataclass(frozen=True)
class Action:
    """One way to call one skill; a consequence has no skill.

    Attributes:
        needs: what must hold before; makes: what holds afterwards.
    """

    skill: str
    parameters: Mapping[str, str]
    needs: Conjunction
    makes: Conjunction


@dataclass(frozen=True)
class Problem:
    """A propositional planning problem.

    Attributes:
        initial: every literal that holds now.
        goals: alternatives, one of which must hold.
    """

    actions: tuple[Action, ...]
    initial: frozenset[Literal]
    goals: tuple[Conjunction, ...]
    text: str = ""


def ground_problem(
    skills: Mapping[str, Skill], goal: Expression, observation: Observation, roles: Mapping[str, str], knowledge: Knowledge, strict: str = "the goal"
) -> Problem:
    """The problem of reaching ``goal`` from an observation.

    Args:
        strict: what the goal is called where a quantity in it is an error; empty leaves quantities to run time.

    Raises:
        InvalidValue: a goal or effect that is no true-or-false statement about names.
        UnknownName: the goal names an object that is not seen.
    """
    for name in goal.objects:
        if name not in observation.objects:
            raise UnknownName("object", name, observation.objects)
    changing = {call.function.name for skill in skills.values() for effect in skill.effects for call in _calls(effect.root)}
    changing |= {call.function.name for one in knowledge.consequences for call in _calls(one.then.root)}
    grounding = _Grounding(observation, roles, knowledge, frozenset(changing))
    goals = tuple(grounding.alternatives(goal.root, {}, strict=strict))
    actions = tuple(action for name in sorted(skills) for action in _actions(skills[name], grounding)) + tuple(_consequences(knowledge, grounding))
    return Problem(actions, grounding.initial(), goals, goal.text)


def _calls(term: Term) -> Iterator[Call]:
    return (one for one in walk(term) if isinstance(one, Call))


def _actions(skill: Skill, grounding: _Grounding) -> Iterator[Action]:
    objects = [parameter.name for parameter in skill.parameters if parameter.type == "object"]
    others = {parameter.name: parameter.default for parameter in skill.parameters if parameter.type != "object"}
    if not skill.effects or any(value is None for value in others.values()):
        return
    names = sorted(grounding.observation.objects)
    if len(names) ** len(objects) > MAX_CHOICES:
        raise InvalidValue(f"object parameters of {skill.name}", f"{len(objects)} among {len(names)} objects", f"at most {MAX_CHOICES} ways to call it")
    conditions = [*([skill.initiation] if skill.initiation is not None else []), *skill.preconditions]
    for chosen in permutations(names, len(objects)):  # no skill is called with one thing in two parts
        called = dict(zip(objects, chosen, strict=True))
        binding = {**others, **called}
        needs = _joined(grounding.alternatives(condition.root, binding) for condition in conditions)
        if needs:
            makes = grounding.outcome([effect.root for effect in skill.effects], binding, f"an effect of {skill.name}")
            yield from (Action(skill.name, called, need, makes) for need in needs)


def _consequences(knowledge: Knowledge, grounding: _Grounding) -> Iterator[Action]:
    for one in knowledge.consequences:
        for name in sorted(grounding.observation.objects):
            when, then = (substitute(part.root, {}, name) for part in (one.when, one.then))
            makes = grounding.outcome([then], {}, "a consequence")
            yield from (Action("", {}, needs, makes) for needs in grounding.alternatives(when, {}))


def _joined(parts: Iterable[Sequence[Conjunction]]) -> list[Conjunction]:
    """The alternatives of a conjunction of alternatives, in order, without contradictions and repetitions."""
    found: list[Conjunction] = [frozenset()]
    for part in parts:
        found = [one | other for one in found for other in part if not any(Literal(a, not p) in one for a, p in other)]
    return list(dict.fromkeys(found))


@dataclass
class _Grounding:
    """Fills names in and decides what cannot change."""

    observation: Observation
    roles: Mapping[str, str]
    knowledge: Knowledge
    changing: frozenset[str]
    terms: dict[str, Call] = field(default_factory=dict)

    def alternatives(self, term: Term, binding: Mapping[str, Any], positive: bool = True, strict: str = "") -> list[Conjunction]:
        """When a condition holds, as alternatives of literals (disjunctive normal form).

        Args:
            strict: whose condition it is, where quantities are not allowed.
        """
        if _says_any(term):
            return self._any(term, binding, positive, strict)
        if isinstance(term, Not):
            return self.alternatives(term.inner, binding, not positive, strict)
        if isinstance(term, Junction):
            parts = [self.alternatives(part, binding, positive, strict) for part in term.parts]
            return _joined(parts) if term.conjunction is positive else list(dict.fromkeys(one for part in parts for one in part))
        if isinstance(term, Constant):
            return [frozenset()] if bool(term.constant) is positive else []
        if not isinstance(term, Call):
            if strict:
                raise InvalidValue(strict, term.text, "functions that are true or false, joined by and, or, not; the planner knows no quantities")
            return [frozenset()]
        return self._atom(substitute(term, binding), positive)

    def _any(self, term: Term, binding: Mapping[str, Any], positive: bool, strict: str) -> list[Conjunction]:
        """It holds for some object; where that is negated, for none."""
        if isinstance(term, Junction) and not term.conjunction:  # each part has an ``any`` of its own
            parts = [self.alternatives(part, binding, positive, strict) for part in term.parts]
        else:
            parts = [self.alternatives(substitute(term, {}, name), binding, positive, strict) for name in sorted(self.observation.objects)]
        return list(dict.fromkeys(one for part in parts for one in part)) if positive else _joined(parts)

    def _atom(self, call: Call, positive: bool) -> list[Conjunction]:
        if call.function.name not in self.changing:
            return [frozenset()] if self.truth(call) is positive else []
        atom = _shown(call)
        self.terms[atom] = call
        return [frozenset([Literal(atom, positive)])]

    def truth(self, call: Call) -> bool:
        """Whether it holds now; what is not known does not (the closed world of classical planning)."""
        names = tuple(str(argument.value(self._situation)) for argument in call.arguments)
        declared = self.knowledge.holds(call.function.name, names)
        value = call.value(self._situation) if declared is None else declared
        return value is True

    def outcome(self, effects: Sequence[Term], binding: Mapping[str, Any], whose: str) -> Conjunction:
        """The literals that effects make true; what is made true wins over what is made false."""
        made: dict[str, bool] = {}
        for literal in sorted((one for effect in effects for one in self._made(effect, binding, whose)), key=lambda one: one.positive):
            made[literal.atom] = literal.positive
        return frozenset(Literal(atom, positive) for atom, positive in made.items())

    def _made(self, effect: Term, binding: Mapping[str, Any], whose: str) -> Iterator[Literal]:
        if isinstance(effect, Junction) and effect.conjunction:
            for part in effect.parts:
                yield from self._made(part, binding, whose)
            return
        positive, call = (False, effect.inner) if isinstance(effect, Not) else (True, effect)
        if not isinstance(call, Call):
            raise InvalidValue(whose, effect.text, "a function that is true or false, or its 'not', joined by 'and'")
        for name in sorted(self.observation.objects) if _says_any(call) else [ANY]:
            yield Literal(_shown(substitute(call, binding, name)), positive)

    def initial(self) -> frozenset[Literal]:
        """Every literal over the atoms met so far that holds now."""
        return frozenset(Literal(atom, self.truth(call)) for atom, call in self.terms.items())

    @property
    def _situation(self) -> Situation:
        return Situation(self.observation, self.roles)


def _says_any(term: Term) -> bool:
    """Whether ``any`` occurs in it outside of a ``not``."""
    if isinstance(term, Not):
        return False
    return (isinstance(term, Name) and term.text == ANY) or any(_says_any(child) for child in term.children())


def substitute(term: Any, binding: Mapping[str, Any], anything: str = ANY) -> Any:
    """A term with its parameters and the name ``any`` filled in."""
    if isinstance(term, ParameterTerm) and term.name in binding:
        value = binding[term.name]
        return Name(term.column, value, term.dimension) if isinstance(value, str) else Constant(term.column, term.text, term.dimension, value * term.factor)
    if isinstance(term, Name) and term.text == ANY:
        return replace(term, text=anything)
    if isinstance(term, Call):
        return replace(term, arguments=tuple(substitute(argument, binding, anything) for argument in term.arguments))
    if isinstance(term, Not):  # an ``any`` under a ``not`` is its own
        return replace(term, inner=substitute(term.inner, binding, ANY))
    if isinstance(term, Junction):
        return replace(term, parts=tuple(substitute(part, binding, anything) for part in term.parts))
    return term


def _shown(call: Call) -> str:
    """``opened(cabinet_handle, cabinet, 1.05)``: equal for equal names and numbers, defaults filled in."""
    shown = [argument.text if isinstance(argument, Name) else f"{getattr(argument, 'constant', argument.text):.3g}" for argument in call.arguments]
    return f"{call.function.name}({', '.join(shown)})"
