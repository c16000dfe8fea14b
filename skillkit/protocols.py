"""What the core asks of others: the only abstract classes of the library.

Every stateful part can be laid open and put back: ``snapshot()`` returns plain JSON values, ``restore`` makes the part behave from
there bit for bit as it did.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeAlias

from skillkit.pose import Array, Pose

if TYPE_CHECKING:
    from skillkit.option import Situation
    from skillkit.spaces import Directive, Ending

Snapshot: TypeAlias = dict[str, Any]
"""Plain JSON values: dict, list, str, int, float, bool, None. Floats survive ``repr`` exactly."""


class ControlStep(NamedTuple):
    """One control tick of a Cartesian controller."""

    position: Array  # (n,) joint command [rad] or [m]
    velocity: Array  # (n,) [rad/s] or [m/s]
    active_limits: tuple[str, ...]  # "velocity:joint2", "position:joint4", "lead" …


class GateStep(NamedTuple):
    """What may be sent, and why it differs from what was asked."""

    position: Array  # (n,) [rad] or [m]
    velocity: Array  # (n,) [rad/s] or [m/s]
    limited: tuple[str, ...]  # empty when passed unchanged
    safe: bool  # False once the gate stops the arm on its own account
    reason: str  # why it is not safe, in words


class StopReport(NamedTuple):
    """The protective stop that is latched: why, and what the arm does since."""

    cause: str  # "stale", "state", "tracking", "input", "request" or "reset"
    reason: str  # the same in words
    ticks: int  # since the stop was latched
    at_rest: bool  # the last three positions sent are the same
    residual: Array | None  # (n,) measured minus sent [rad or m]; None without a usable joint state
    still: bool | None  # the joints were measured within ``settle`` of the same place for a period; None without two usable joint states
    torque: bool | None = None  # the drives hold the arm, as far as its driver tells; None where it may not be moved from here and they may be off


class Stateful(Protocol):
    """A part whose whole state lies open."""

    def snapshot(self) -> Snapshot:
        """The whole state as plain JSON values."""
        ...

    def restore(self, snapshot: Snapshot) -> None:
        """Continue from a snapshot bit for bit."""
        ...


class Policy(Stateful, Protocol):
    """π of an option, made anew for every run. Where it has a ``remark``, that is added to the reason its run ends with."""

    def start(self, situation: Situation) -> None:
        """Called once, before the first :meth:`act` of a run."""
        ...

    def act(self, situation: Situation) -> Mapping[str, Directive] | Ending:
        """One policy step: a directive for each role it moves, or how it ended. A role left out holds."""
        ...


class Kinematics(Protocol):
    """Forward kinematics of one arm."""

    def forward(self, position: Array) -> Pose:
        """``transform_tool_to_base`` at joint positions (n,)."""
        ...


class Controller(Stateful, Protocol):
    """Cartesian deltas → joint positions, one arm, one fixed rate."""

    @property
    def target(self) -> Pose:
        """The pose being steered to, ``transform_tool_to_base``."""
        ...

    @property
    def residual(self) -> Array:
        """(6,) target minus commanded pose, base axes [m, rad]."""
        ...

    def prepare(self) -> None:
        """Work out what the next tick needs and is known already. Without it that tick does so itself, with the same result."""
        ...

    def reset(self, position: Array) -> None:
        """Start at rest at joint positions (n,)."""
        ...

    def aim(self, free: tuple[str, ...] = (), first: str = "") -> None:
        """From now on leave axes of the tool free, and put position or rotation first, as :class:`~skillkit.spaces.CartesianDelta` says."""
        ...

    def step(self, measured: Array, delta: Array, frame: str = "base") -> ControlStep:
        """Move the target by ``delta`` (6,) [m, rad] in ``"base"`` or ``"tool"`` and follow it for one tick."""
        ...

    @property
    def slowing(self) -> bool:
        """Whether the arm is too fast yet for the limits that were asked for."""
        ...

    def limit_speed(self, share: float) -> None:
        """From now on keep to a ``share`` of the velocity limits, above 0 and up to 1."""
        ...

    def stop(self, measured: Array) -> ControlStep:
        """One tick of coming to rest; the target becomes where the arm comes to rest."""
        ...

    def move(self, measured: Array, goal: Array) -> ControlStep:
        """One tick towards joint positions ``goal`` (n,)."""
        ...


class Gate(Stateful, Protocol):
    """The last word before the driver."""

    @property
    def at_rest(self) -> bool:
        """Whether what was sent leaves neither speed nor acceleration."""
        ...

    @property
    def stopped(self) -> StopReport | None:
        """The latched stop, or None while there is none."""
        ...

    @property
    def speed_share(self) -> float:
        """The share of the velocity limits that is kept to."""
        ...

    @property
    def slowing(self) -> bool:
        """Whether the arm brakes because it is too fast for slower limits to hold it."""
        ...

    def limit_speed(self, share: float) -> None:
        """From now on allow only a ``share`` of the velocity limits, above 0 and up to 1."""
        ...

    def stop(self, reason: str) -> GateStep:
        """Latch a stop; the first tick of braking."""
        ...

    def reset(self, position: Array) -> None:
        """Start at rest at measured joint positions (n,); clears a stop."""
        ...

    def step(self, command: Array, measured: Array, age: float, deadman: bool = True) -> GateStep:
        """What may be sent for ``command`` (n,), when the joint state ``measured`` is ``age`` seconds old. Never raises.

        While the ``deadman`` is not held the arm brakes and stays, without a stop that latches.
        """
        ...
