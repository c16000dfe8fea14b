"""Whether an arm may move: conditions that each have their own source, and the worst of them as one stamped input.

Told from any thread.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from skillkit.spaces import DriverInput, Input, SignalInput

RANK = {"ready": 0, "blocked": 1, "fault": 2}
COARSE = 0.01  # change of the speed scaling that is worth an input


class Readiness:
    """The conditions of one arm.

    Args:
        put: hands inputs to the control loop.
        now: the task clock.
    """

    def __init__(self, arm: str, put: Callable[[Input], None], now: Callable[[], float]) -> None:
        self._arm, self._put, self._now = arm, put, now
        self._conditions: dict[str, tuple[str, str]] = {}
        self._awaited: dict[str, str] = {}
        self._told: tuple[str, str, float] = ("ready", "", 1.0)
        self._speed = 1.0
        self._lock = threading.Lock()

    def tell(self, what: str, state: str, reason: str = "") -> None:
        """The condition ``what`` is now ``ready``, ``blocked`` or ``fault``."""
        with self._lock:
            self._awaited.pop(what, None)
            self._conditions[what] = (state, "" if state == "ready" else reason)
            self._settle()

    def expect(self, what: str, source: str, reason: str = "is not there") -> None:
        """The condition ``what`` is blocked until ``source`` has spoken for the first time."""
        with self._lock:
            self._awaited[what] = source
            self._conditions[what] = ("blocked", f"{source} {reason}")
            self._settle()

    @property
    def awaited(self) -> list[str]:
        """Those that have not spoken yet."""
        with self._lock:
            return list(self._awaited.values())

    def scale(self, speed: float) -> None:
        """The driver runs at this share of its speed."""
        if abs(speed - self._speed) >= COARSE or (speed in (0.0, 1.0) and speed != self._speed):
            with self._lock:
                self._speed = min(1.0, max(0.0, speed))
                self._settle()

    def signal(self, name: str, value: float, of_arm: bool = True) -> None:
        """A named number into the observation, behind the arm's name where it is one of the arm's."""
        now = self._now()
        self._put(SignalInput(f"{self._arm}_{name}" if of_arm else name, now, now, float(value)))

    @property
    def ready(self) -> bool:
        """Whether nothing forbids motion."""
        return self._told[0] == "ready"

    def _settle(self) -> None:
        worst = max((state for state, _ in self._conditions.values()), key=RANK.__getitem__, default="ready")
        reason = "; ".join(reason for state, reason in self._conditions.values() if state == worst and reason)
        if self._told != (worst, reason, self._speed):
            self._told = (worst, reason, self._speed)
            self._put(DriverInput(self._arm, self._now(), worst, reason, self._speed))
