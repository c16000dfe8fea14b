"""What happens in a run and is told: runs that begin and end, statuses that change, and notes of what a decision was made from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from skillkit.spaces import Ending, Observation


@dataclass(frozen=True, slots=True)
class Started:
    """A run began: the decision that was taken."""

    path: str
    option: str
    parameters: Mapping[str, Any]
    roles: Mapping[str, str]
    time: float
    score: float


@dataclass(frozen=True, slots=True)
class Transition:
    """What one run of an option was to the level above (SMDP): (s, o, r, τ, s′).

    Attributes:
        reward: Σ γ^t r_t over the run, t in seconds since its start.
        duration: τ [s]; steps: policy steps taken.
        terminated: β ended it; truncated: something else did (time limit, cancel, gate).
    """

    path: str
    option: str
    parameters: Mapping[str, Any]
    start: float
    duration: float
    steps: int
    reward: float
    terminated: bool
    truncated: bool
    ending: Ending
    state: Observation | None = field(default=None, repr=False)
    next_state: Observation | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class StatusChange:
    """A node of a tree changed its status (py_trees' words: INVALID, RUNNING, SUCCESS, FAILURE)."""

    path: str
    status: str
    time: float


@dataclass(frozen=True, slots=True)
class Judged:
    """What I or β said of a run.

    Attributes:
        part: ``initiation`` or ``termination``.
        score: of I; of β, 1 where its success holds and 0 where it does not.
    """

    path: str
    part: str
    score: float


@dataclass(frozen=True, slots=True)
class Called:
    """π was asked for one step; ``weights`` begins the hash of its weights, where it has some."""

    path: str
    weights: str


@dataclass(frozen=True, slots=True)
class Written:
    """A variable of a task got a value; ``path`` is the node that wrote it."""

    path: str
    name: str
    value: Any


@dataclass(frozen=True, slots=True)
class Drawn:
    """A run drew random numbers; ``count`` words of 64 bits since it began, ``state`` as of :class:`skillkit.draws.Stand`."""

    path: str
    count: int
    state: int


Note: TypeAlias = Judged | Called | Written | Drawn
"""What a decision was made from; nothing changes by it."""
NOTES = (Judged, Called, Written, Drawn)
Event: TypeAlias = Started | Transition | StatusChange | Note
