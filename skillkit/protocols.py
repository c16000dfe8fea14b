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

    def stop(self, reason: str) -> GateStep:
        """Latch a stop; the first tick of braking."""
        ...

    def reset(self, position: Array) -> None:
        """Start at rest at measured joint positions (n,); clears a stop."""
        ...

    def step(self, command: Array, measured: Array, age: float) -> GateStep:
        """What may be sent for ``command`` (n,), when the joint state ``measured`` is ``age`` seconds old. Never raises."""
        ...
