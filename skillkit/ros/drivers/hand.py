"""What a gripper's actions are asked, and how their results read; no ROS here."""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

from skillkit.embodiment import Gripper

CHANGE = 1e-3  # of the closure, below which nothing is asked again
MARGIN = 0.002  # [m] by which fingers that hold something stand further apart than they were asked to


class Grip(NamedTuple):
    """How a goal ended.

    Attributes:
        width: of the gap, as measured [m]; not a number where nothing told it.
        stalled: the fingers stand elsewhere than they were asked to. holds: something keeps them apart.
        error: what broke; empty where nothing did.
    """

    width: float
    stalled: bool
    holds: bool
    error: str = ""


class Hand(Protocol):
    """The actions of one kind of gripper."""

    preempts: bool
    """Whether a goal takes the place of one that still runs; where not, that one is cancelled first."""

    def goal(self, closure: float) -> tuple[Any, Any]:
        """An action client, and its goal for a closure 0 … 1."""
        ...

    def feedback(self, message: Any) -> None:
        """What a running goal tells."""
        ...

    def read(self, result: Any) -> Grip | None:
        """A goal that has ended; ``None`` while its width is still to come."""
        ...

    def homing(self) -> tuple[Any, Any] | None:
        """An action client and its goal; ``None`` where the gripper cannot be homed, or nobody declared that it may be."""
        ...


class Wishes:
    """What is news in a stream of closures.

    The first one is where the gripper is already: an arm's closure begins at what is measured, and whoever asks for the measured width of a held
    object lets go of it.
    """

    def __init__(self) -> None:
        self.wanted = -1.0
        self._asked: float | None = None

    def want(self, closure: float) -> None:
        """One command."""
        if self._asked is None:
            self._asked = closure
        self.wanted = closure

    @property
    def news(self) -> bool:
        """Whether something else is wanted than was asked."""
        return self._asked is not None and self.wanted >= 0.0 and abs(self.wanted - self._asked) >= CHANGE

    def take(self) -> float:
        """The wanted closure, from now on the one that was asked."""
        self._asked = self.wanted
        return self.wanted

    def forget(self) -> None:
        """Whatever comes next is news."""
        self.wanted, self._asked = -1.0, float("inf")


def opening_of(gripper: Gripper, closure: float) -> float:
    """Closure 0 … 1 → gap between the fingers [m]."""
    return gripper.width * (1.0 - min(1.0, max(0.0, closure)))


def held(gripper: Gripper, width: float, asked: float) -> bool:
    """Whether fingers that were closing to ``asked`` and stand ``width`` apart [m] hold something: between wide open and where they should be."""
    return asked + MARGIN < width < gripper.width - MARGIN
