"""Options ⟨I, π, β⟩ after Sutton, Precup & Singh, "Between MDPs and semi-MDPs" (Artificial Intelligence 112, 1999).

An :class:`Option` is a description: initiation set I, policy π, termination β; one run of it is an :class:`~skillkit.execution.Execution`.
A task tree is an option whose policy ticks the tree; so trees nest, and a tree can be a leaf.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias

import numpy as np

from skillkit.draws import Draws
from skillkit.exceptions import InvalidValue, UnknownName
from skillkit.protocols import Policy
from skillkit.safeguard import NO_SAFEGUARD, Safeguard
from skillkit.spaces import ArmState, Ending, ObjectState, Observation

EPSILON = 1e-9  # [s] slack when comparing times on the task clock


@dataclass(frozen=True, slots=True)
class Situation:
    """What I, π and β see: the observation through the run's parameters and arms.

    Attributes:
        observation: everything observed at this tick.
        roles: role of the option → name of the arm that plays it.
        parameters: the values the option was called with.
        elapsed: time since the run started [s].
        draws: behind :attr:`random`.
    """

    observation: Observation
    roles: Mapping[str, str]
    parameters: Mapping[str, Any] = field(default_factory=dict)
    elapsed: float = 0.0
    draws: Draws | None = field(default=None, repr=False, compare=False)

    @property
    def random(self) -> np.random.Generator:
        """The generator of random numbers of this run. What is drawn from it is recorded, and drawn again when the run is re-executed."""
        return (self.draws or Draws()).generator

    @property
    def arm(self) -> ArmState:
        """The arm in role ``arm``, or the only arm there is."""
        return self.arm_in("arm")

    def arm_in(self, role: str) -> ArmState:
        """The arm that plays a role."""
        if role in self.roles:
            return self.observation.arms[self.roles[role]]
        if len(self.roles) == 1:
            return self.observation.arms[next(iter(self.roles.values()))]
        raise UnknownName("role", role, self.roles)

    def object(self, parameter: str) -> ObjectState:
        """The object that a parameter names."""
        return self.observation.object(self.parameters[parameter])


@dataclass(frozen=True, slots=True)
class Initiation:
    """Whether an option may start here: score in [0, 1], and the reason where it may not."""

    allowed: bool
    score: float = 1.0
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A typed parameter.

    Attributes:
        type: ``object``, ``number``, ``integer``, ``boolean``, ``word``.
        unit: of a number, for example ``m``.
        minimum, maximum: bounds of a number, both inside.
        default: the value where none is given; ``None`` makes it required.
        choices: the words allowed, where not every word is.
    """

    name: str
    type: str
    unit: str = ""
    minimum: float | None = None
    maximum: float | None = None
    default: Any = None
    choices: tuple[str, ...] = ()
    description: str = ""

    def check(self, value: Any) -> str:
        """Empty when ``value`` fits, else what would."""
        number = isinstance(value, (int, float)) and not isinstance(value, bool) and value == value
        if self.type in ("object", "word"):
            if not isinstance(value, str) or not value:
                return "a word"
            return "" if not self.choices or value in self.choices else f"one of {', '.join(self.choices)}"
        if self.type == "boolean":
            return "" if isinstance(value, bool) else "true or false"
        if not number or (self.type == "integer" and not isinstance(value, int)):
            return "a whole number" if self.type == "integer" else f"a number{f' in {self.unit}' if self.unit else ''}"
        low = self.minimum if self.minimum is not None else float("-inf")
        high = self.maximum if self.maximum is not None else float("inf")
        return "" if low <= value <= high else f"from {low:g} to {high:g}{f' {self.unit}' if self.unit else ''}"


def fill_parameters(declared: Sequence[Parameter], given: Mapping[str, Any], owner: str) -> dict[str, Any]:
    """Given values checked against their declarations, defaults filled in.

    Raises:
        UnknownName, InvalidValue: with the allowed names or values.
    """
    names = {parameter.name: parameter for parameter in declared}
    for name in given:
        if name not in names:
            raise UnknownName(f"parameter of {owner}", name, names)
    values: dict[str, Any] = {}
    for name, parameter in names.items():
        value = given.get(name, parameter.default)
        expected = parameter.check(value)
        if expected:
            raise InvalidValue(f"parameter '{name}' of {owner}", value, expected)
        values[name] = value
    return values


class Watch(Protocol):
    """A part of β that remembers: see :mod:`skillkit.termination`."""

    def judge(self, situation: Situation, memory: dict[str, Any]) -> Ending | None:
        """How the run ends by it, if it does; asked once per policy step, ``memory`` being its own plain JSON values."""
        ...


InitiationSet: TypeAlias = Callable[[Situation], Initiation]
Termination: TypeAlias = Callable[[Situation], "Ending | None"]


def anywhere(situation: Situation) -> Initiation:
    """The initiation set that holds every state."""
    return Initiation(True)


def never(situation: Situation) -> Ending | None:
    """The termination of an option whose policy says itself when it is done."""
    return None


@dataclass(frozen=True)
class Option:
    """⟨I, π, β⟩ with a name and typed parameters.

    Attributes:
        initiation: I, may the option start here.
        policy: makes π anew for each run.
        termination: β, checked before every policy step; deterministic, so a set of states rather than a probability.
        rate: policy steps per second [Hz]; 0 means at every control tick.
        time_limit: [s]; reaching it is TIMED_OUT, never success.
        roles: the arms the option needs, by role; each is leased while it runs.
        hold_success: β's success must hold this long without a break [s].
        watches: further parts of β, each with a memory of its own.
        uses: what it leases beside its arms, such as cameras, by name.
        free, first: what its deltas leave free and put first, see :class:`~skillkit.spaces.CartesianDelta`.
        digest: identifies the files the option was made from; recorded in bags.
        safeguard: how fast and hard it may act, and what is done when what it acts on is too old.
    """

    name: str
    policy: Callable[[], Policy]
    initiation: InitiationSet = anywhere
    termination: Termination = never
    rate: float = 20.0
    time_limit: float = float("inf")
    parameters: tuple[Parameter, ...] = ()
    roles: tuple[str, ...] = ("arm",)
    hold_success: float = 0.0
    watches: tuple[Watch, ...] = ()
    uses: tuple[str, ...] = ()
    digest: str = ""
    safeguard: Safeguard = NO_SAFEGUARD
    free: tuple[str, ...] = ()
    first: str = ""
