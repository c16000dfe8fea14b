"""What the runtime asks of a driver."""

from __future__ import annotations

from typing import Protocol

from skillkit.spaces import JointCommand


class MotionDriver(Protocol):
    """Takes what left the gate to one arm's controller; called from the control thread, never blocks."""

    topics: tuple[str, ...]
    """Command topics of which this process has to be the only writer."""

    def send(self, command: JointCommand) -> None:
        """One command; what follows it is a stop unless another comes."""
        ...

    def rehearse(self, command: JointCommand) -> object:
        """All that :meth:`send` would do but for the sending."""
        ...

    def close(self) -> None:
        """Send no more."""
        ...


class GripperDriver(Protocol):
    """Takes the gripper's command; called from the control thread with every command, never blocks."""

    topics: tuple[str, ...]

    def send(self, closure: float) -> None:
        """0 open … 1 closed."""
        ...

    def close(self) -> None:
        """Send no more."""
        ...
