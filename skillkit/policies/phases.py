"""A policy as a sequence of named phases, each a function of the situation.

A skill designed by hand is a class with one method per phase. The method says, at every policy step, where the tool should be now
(:class:`Move`); the runner steers there, goes on when the phase is done, and names the phase that got stuck.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import inf
from typing import ClassVar

from skillkit.option import Situation
from skillkit.policies.around import around
from skillkit.policies.servo import Pace, Servo, reached
from skillkit.pose import Pose
from skillkit.protocols import Snapshot
from skillkit.spaces import Directive, Ending, Outcome
from skillkit.wrench import REACHED

BRISK = Pace(0.45, 1.8, 1.5, 6.0)
CLOSE = 0.42  # [m] from the arm's base axis, on the way round it
CAREFUL = Pace(0.12, 0.8, 1.5, 6.0)
UNGUARDED = "unguarded: no wrench is measured"


@dataclass(frozen=True)
class Move:
    """What a phase wants at this policy step.

    Attributes:
        goal: ``transform_tool_to_world`` to steer to; ``None`` stays where the phase began.
        pace: how fast.
        closure: of the gripper, 0 open … 1 closed; ``None`` keeps it.
        near, near_turn: the measured tool this close to the goal ends the phase [m, rad]; wide ones pass by without stopping.
        done: ends the phase instead of having reached the goal.
        around: go round the arm's base while the goal is further round it than this [rad]; else straight.
        time_limit: of the phase [s]; reaching it ends the skill FAILED.
        failure: what to say then; what stood in the way, in words.
        force_limit: the contact force [N] that ends the skill FAILED; the motion slows down before, see :mod:`skillkit.wrench`.
        free: motions of the tool that are not steered, as :class:`~skillkit.spaces.CartesianDelta` says.
    """

    goal: Pose | None = None
    pace: Pace = BRISK
    closure: float | None = None
    near: float = 0.006
    near_turn: float = 0.06
    done: bool | None = None
    around: float = inf
    time_limit: float = 8.0
    failure: str = ""
    force_limit: float | None = None
    free: tuple[str, ...] = ()


class Phases:
    """Runs the methods named in ``order`` one after the other. Satisfies :class:`skillkit.protocols.Policy`.

    ``PERIOD`` is the policy step [s]; it is 1 over the rate in skill.yaml. What a phase must remember is kept with :meth:`note`, so
    that it is part of the snapshot.
    """

    PERIOD: ClassVar[float] = 0.05
    order: ClassVar[tuple[str, ...]] = ()

    def __init__(self) -> None:
        self.servo = Servo(self.PERIOD)
        self.index = 0
        self.since = 0.0  # [s] elapsed time when the phase began
        self.noted: dict[str, list[float]] = {}
        self._poses: dict[str, tuple[list[float], Pose]] = {}  # of the notes that were recalled
        self.remark = ""  # what is to be said of the run beside how it ended

    # -- what phases use -------------------------------------------------------------------------------------------------------------

    def note(self, name: str, pose: Pose) -> None:
        """Remember a pose."""
        self.noted[name] = list(pose.values())

    def recall(self, name: str) -> Pose:
        """A pose remembered with :meth:`note`; ``"began"`` is the commanded tool pose at which the running phase began."""
        values = self.noted[name]
        known = self._poses.get(name)
        if known is None or known[0] is not values:
            known = self._poses[name] = values, Pose.from_values(values)
        return known[1]

    def begin(self, situation: Situation) -> None:
        """Called once at the start of the run, for notes; does nothing unless a skill says otherwise."""

    def lasted(self, situation: Situation) -> float:
        """How long the running phase has lasted [s]."""
        return situation.elapsed - self.since

    # -- the policy ------------------------------------------------------------------------------------------------------------------

    def start(self, situation: Situation) -> None:
        """Take notes of where things are, and enter the first phase."""
        self._enter(0, situation)
        self.begin(situation)

    def act(self, situation: Situation) -> Mapping[str, Directive] | Ending:
        """One policy step; phases that are done already are passed through."""
        while self.index < len(self.order):
            method: Callable[[Situation], Move | Ending] = getattr(self, self.order[self.index])
            move = method(situation)
            if isinstance(move, Ending):
                return move
            goal = move.goal or self.recall("began")
            done = reached(situation.arm.tool, goal, move.near, move.near_turn) if move.done is None else move.done
            if not done:
                return self._move(move, goal, situation)
            self._enter(self.index + 1, situation)
        return Ending(Outcome.SUCCEEDED)

    def _move(self, move: Move, goal: Pose, situation: Situation) -> Mapping[str, Directive] | Ending:
        if self.lasted(situation) >= move.time_limit:
            return Ending(Outcome.FAILED, move.failure or f"the tool did not get through the phase '{self.order[self.index]}'")
        arm, limit = situation.arm, move.force_limit
        if limit is not None and arm.wrench is None:
            self.remark = UNGUARDED
        elif limit is not None and situation.elapsed > 0.0 and arm.contact >= REACHED * limit:  # at 0 the contact is of the motion before
            return Ending(Outcome.FAILED, f"{arm.contact:.0f} N of contact in the phase '{self.order[self.index]}', where {limit:g} N are allowed")
        steer = around(arm.base, arm.target, goal, move.around, CLOSE)
        return {"arm": self.servo.step(arm.target, steer, move.pace, move.closure, limit, move.free)}

    def _enter(self, index: int, situation: Situation) -> None:
        self.index, self.since = index, situation.elapsed
        self.note("began", situation.arm.target)

    # -- state in the open ---------------------------------------------------------------------------------------------------------------

    def snapshot(self) -> Snapshot:
        """Phase, its start, notes, the remark and the servo's twist."""
        noted = {name: list(values) for name, values in self.noted.items()}
        return {"index": self.index, "since": self.since, "noted": noted, "remark": self.remark, "servo": self.servo.snapshot()}

    def restore(self, snapshot: Snapshot) -> None:
        """The inverse of :meth:`snapshot`."""
        self.index, self.since, self.remark = snapshot["index"], snapshot["since"], snapshot["remark"]
        self.noted = {name: list(values) for name, values in snapshot["noted"].items()}
        self.servo.restore(snapshot["servo"])
