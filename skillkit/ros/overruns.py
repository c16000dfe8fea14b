"""What follows when the control loop cannot keep its schedule."""

from __future__ import annotations

from collections import deque

from skillkit.spaces import CancelInput, ControlInput, Input

RULES = ("report", "degrade", "hold", "abort")
WINDOW = 1.0  # [s] over which missed ticks are counted, and that must pass without one until all is well again


class Overruns:
    """Counts ticks that could not be kept.

    Args:
        rule: ``report`` only says so in the diagnostics; ``degrade`` draws no trees meanwhile; ``hold`` pauses, the arms holding, until a second
            has passed without a missed tick; ``abort`` cancels every goal.
        allowed: ticks that may be missed within a second before the rule applies.
    """

    def __init__(self, rule: str = "report", allowed: int = 10) -> None:
        self.rule, self.allowed = rule, allowed
        self.strained = False
        self.recent = 0
        self._missed: deque[tuple[float, int]] = deque()
        self._holding = False

    def after(self, now: float, missed: int, paused: bool) -> Input | None:
        """What the core is to be told after a tick at ``now`` [s], when ``missed`` ticks were missed so far in all."""
        self._missed.append((now, missed))
        while now - self._missed[0][0] > WINDOW:
            self._missed.popleft()
        self.recent = missed - self._missed[0][1]
        if not self.strained and self.recent > self.allowed:
            self.strained = True
            return self._consequence(now, paused)
        if self.strained and self.recent == 0:
            self.strained = False
            held, self._holding = self._holding, False
            return ControlInput("resume", now) if held else None
        return None

    def _consequence(self, now: float, paused: bool) -> Input | None:
        if self.rule == "abort":
            return CancelInput("", now, f"the control loop missed {self.recent} ticks in {WINDOW:g} s")
        if self.rule == "hold" and not paused:
            self._holding = True
            return ControlInput("pause", now)
        return None
