"""Faults to inject: what a skill does wrong, at which of its runs; or observations that come late."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from skillkit.option import Initiation, Option, Situation
from skillkit.protocols import Policy, Snapshot
from skillkit.spaces import CartesianDelta, Directive, Ending, Hold, Outcome


@dataclass(frozen=True)
class Fault:
    """One fault; made by the functions below.

    Attributes:
        kind: ``fails``, ``refuses``, ``stalls``, ``slow``, ``lies``, ``late`` or ``killed``.
        node: label of a node, or name of a skill; empty for ``late`` and ``killed``.
        times: the first so many runs of the node are faulty.
        after: time into the run [s], or for ``late`` and ``killed`` into the task; amount: factor of ``slow``, delay of ``late``, outage [s];
            lasts: of ``late`` [s].
    """

    kind: str
    node: str = ""
    times: int = 1_000_000
    after: float = 0.0
    amount: float = 0.0
    lasts: float = 0.0
    reason: str = ""


def fails(node: str, times: int = 1_000_000, after: float = 0.2, reason: str = "injected") -> Fault:
    """The skill ends FAILED ``after`` seconds."""
    return Fault("fails", node, times, after, reason=reason)


def refuses(node: str, times: int = 1_000_000, reason: str = "injected") -> Fault:
    """The initiation set refuses, so many times; a tree that begins with the node asks it too."""
    return Fault("refuses", node, times, reason=reason)


def stalls(node: str, times: int = 1_000_000, after: float = 0.2) -> Fault:
    """The skill holds still from then on, until something ends it."""
    return Fault("stalls", node, times, after)


def slow(node: str, factor: float, times: int = 1_000_000) -> Fault:
    """The skill moves ``factor`` times slower."""
    return Fault("slow", node, times, amount=factor)


def lies(node: str, times: int = 1_000_000) -> Fault:
    """The skill says SUCCEEDED at once, having done nothing."""
    return Fault("lies", node, times)


def late(by: float, after: float = 0.0, lasts: float = 1e9) -> Fault:
    """Joint states, objects and signals arrive ``by`` seconds late, from ``after`` on for ``lasts`` seconds of the task."""
    return Fault("late", after=after, amount=by, lasts=lasts)


def killed(after: float, outage: float = 1.0) -> Fault:
    """The runtime dies ``after`` seconds of the task, and ``outage`` seconds later a new one goes on from its checkpoint."""
    return Fault("killed", after=after, amount=outage)


class Faulty:
    """Options of one node with a fault; counts its runs."""

    def __init__(self, option: Option, fault: Fault) -> None:
        self.sound, self.fault, self.runs = option, fault, 0

    @property
    def option(self) -> Option:
        """The option as the tree sees it: the fault takes part in I, π and β."""
        return replace(self.sound, policy=self._policy, initiation=self._initiation, termination=self._termination)

    @property
    def _faulty(self) -> bool:
        return self.runs <= self.fault.times

    def _initiation(self, situation: Situation) -> Initiation:
        if self.runs < self.fault.times and self.fault.kind == "refuses":
            self.runs += 1
            return Initiation(False, 0.0, self.fault.reason)
        return Initiation(True) if self.runs < self.fault.times and self.fault.kind == "lies" else self.sound.initiation(situation)

    def _policy(self) -> Policy:
        self.runs += 1
        policy = self.sound.policy()
        return _FaultyPolicy(policy, self.fault, 1.0 / self.sound.rate if self.sound.rate > 0.0 else 0.0) if self._faulty else policy

    def _termination(self, situation: Situation) -> Ending | None:
        if self._faulty and self.fault.kind == "lies":
            return Ending(Outcome.SUCCEEDED, "it says so")
        if self._faulty and self.fault.kind in ("fails", "stalls") and situation.elapsed >= self.fault.after:
            return Ending(Outcome.FAILED, self.fault.reason) if self.fault.kind == "fails" else None
        return self.sound.termination(situation)


class _FaultyPolicy:
    """π that stalls or is slow."""

    def __init__(self, policy: Policy, fault: Fault, period: float) -> None:
        self.policy, self.fault, self.period = policy, fault, period

    def start(self, situation: Situation) -> None:
        self.policy.start(situation)

    def act(self, situation: Situation) -> Mapping[str, Directive] | Ending:
        if self.fault.kind == "stalls" and situation.elapsed >= self.fault.after:
            return {role: Hold() for role in situation.roles}
        if self.fault.kind != "slow":
            return self.policy.act(situation)
        answer = self.policy.act(replace(situation, elapsed=situation.elapsed / self.fault.amount))
        return answer if isinstance(answer, Ending) else {role: self._slower(directive) for role, directive in answer.items()}

    def _slower(self, directive: Directive) -> Directive:
        if not isinstance(directive, CartesianDelta):
            return directive
        (x, y, z), (u, v, w), factor = directive.translation, directive.rotation, self.fault.amount
        return replace(directive, translation=(x / factor, y / factor, z / factor), rotation=(u / factor, v / factor, w / factor))

    def snapshot(self) -> Snapshot:
        return self.policy.snapshot()

    def restore(self, snapshot: Snapshot) -> None:
        self.policy.restore(snapshot)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.policy, name)
