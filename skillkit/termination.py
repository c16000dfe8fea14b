"""Declared parts of β: progress, stall, contact, time and conditions, each with its own patience; the one that fires is the reason.

A :class:`Clause` is data. Its memory during one run is a plain JSON value that the execution keeps, so that a run can be laid open,
restored and re-executed. Nothing here raises: what is not known does not fire.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from skillkit.exceptions import SkillkitError
from skillkit.expressions import Expression
from skillkit.option import EPSILON, Situation
from skillkit.spaces import Ending, Outcome

HEADS: Mapping[str, str] = {
    "progress": "a quantity that must fall: by 'by' in every 'within'",
    "stall": "a speed [m/s] below which the hand (position, fingers, and rotation at 10 cm) stalls, for 'for'",
    "contact": "a gripping force [N] from which on there is contact",
    "time": "a time [s] since the run started",
    "when": "a condition",
}
MODIFIERS = ("for", "steps", "until", "outcome", "reason")
OUTCOMES = ("SUCCEEDED", "FAILED", "TIMED_OUT")
LEVER = 0.1  # [m] at which a rotation counts as a motion

Memory: TypeAlias = dict[str, Any]


@dataclass(frozen=True)
class Clause:
    """One part of β: a head, and how long it must hold.

    Attributes:
        head: one of ``HEADS``.
        value: of the head: a force, time or speed (SI); 0 for the others.
        expression: of ``progress`` and ``when``.
        by, within: of ``progress``: how much in how long [s].
        seconds: how long without a break [s]; steps: how many policy steps in a row.
        until: hysteresis: once true, it stays so until this holds.
        outcome, reason: what it ends with; a reason of its own is made where none is given.
    """

    head: str
    value: float = 0.0
    expression: Expression | None = None
    by: float = 0.0
    within: float = 0.0
    seconds: float = 0.0
    steps: int = 1
    until: Expression | None = None
    outcome: Outcome = Outcome.FAILED
    reason: str = ""

    def judge(self, situation: Situation, memory: Memory) -> Ending | None:
        """How the run ends by this clause, if it does; once per policy step. ``memory`` is changed in place and starts empty."""
        holds = self._holds(situation, memory)
        if self.until is not None:
            holds = memory["latched"] = holds or (memory.get("latched", False) and not self.until.truth(situation))
        if not holds:
            memory["count"], memory["since"] = 0, None
            return None
        memory["count"] = memory.get("count", 0) + 1
        since = memory["since"] = situation.elapsed if memory.get("since") is None else memory["since"]
        if memory["count"] < self.steps or situation.elapsed - since < self.seconds - EPSILON:
            return None
        return Ending(self.outcome, self._reason(situation, memory))

    def _holds(self, situation: Situation, memory: Memory) -> bool:
        if self.head == "when" and self.expression is not None:
            return self.expression.truth(situation)
        if self.head == "time":
            return situation.elapsed >= self.value - EPSILON
        try:
            if self.head == "contact":
                return situation.arm.force >= self.value
            return self._stalled(situation, memory) if self.head == "stall" else self._without_progress(situation, memory)
        except (SkillkitError, KeyError):  # an arm that is not seen
            return False

    def _without_progress(self, situation: Situation, memory: Memory) -> bool:
        value = float(self.expression.value(situation)) if self.expression is not None else float("nan")
        if value != value:
            return False
        if memory.get("best") is None or value <= memory["best"] - self.by:
            memory["best"], memory["best_at"] = value, situation.elapsed
        return bool(situation.elapsed - memory["best_at"] >= self.within - EPSILON)

    def _stalled(self, situation: Situation, memory: Memory) -> bool:
        """Whether the hand has stayed within ``value · seconds`` of where it was; the patience is counted here."""
        arm = situation.arm
        hand = [*arm.tool.position.tolist(), arm.opening, *(LEVER * arm.tool.rotation.ravel()).tolist()]
        reach = self.value * self.seconds
        anchor = memory.get("anchor")
        if anchor is None or float(np.max(np.abs(np.subtract(hand, anchor)))) > reach:
            memory["anchor"] = hand
            return False
        return True

    def _reason(self, situation: Situation, memory: Memory) -> str:
        if self.reason:
            return self.reason
        text = self.expression.text if self.expression is not None else ""
        said = {
            "progress": f"no progress: {text} did not fall by {self.by:g} in {self.within:g} s",
            "stall": f"stalled: the hand is slower than {self.value:g} m/s",
            "contact": f"contact: {self.value:g} N or more",
            "time": f"{self.value:g} s are over",
            "when": text,
        }[self.head]
        patience = [f"for {self.seconds:g} s"] if self.seconds > 0.0 else []
        patience += [f"{self.steps} steps in a row"] if self.steps > 1 else []
        return " ".join([said, *patience])
