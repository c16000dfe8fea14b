"""What a skill declares for its own safety: how fast and how hard it may act, and what is done when what it acts on is too old.

This narrows what the gate allows and never widens it: an arm whose joint state grows older than its ``stale_after`` brakes, whatever a skill declares.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from skillkit.spaces import CartesianDelta, Directive, Ending, Hold, Outcome

if TYPE_CHECKING:
    from skillkit.option import Situation

ACTIONS = {
    "hold": "come to rest and go on when it is fresh again",
    "brake": "come to rest and end UNSAFE",
    "retract": "draw the tool back, against its own z axis, and end UNSAFE",
}


class Stale(NamedTuple):
    """How old something may be [s], and which of :data:`ACTIONS` follows."""

    after: float
    do: str


@dataclass(frozen=True, slots=True)
class Safeguard:
    """The declarations of one skill.

    Attributes:
        speed: share of the velocity limits, above 0 and up to 1. force: of the gripper's force, where it tells its force.
        observation: of the joint states and the objects that it was called with. command: of the policy's last answer, once its step is over.
        retract: distance [m] and speed [m/s] of drawing back.
    """

    speed: float = 1.0
    force: float = 1.0
    observation: Stale | None = None
    command: Stale | None = None
    retract: tuple[float, float] = (0.05, 0.1)

    def judge(self, situation: Situation, unanswered: float, memory: dict[str, Any]) -> Mapping[str, Directive] | Ending | None:
        """What is done instead of asking the policy, by role, or how the run ends; ``None`` where nothing is stale.

        Args:
            unanswered: time since the step of the policy's last answer was over [s]. memory: of this run, plain JSON values.
        """
        if "reason" not in memory:
            rule, reason = self._stale(situation, unanswered)
            if rule == "brake":
                return Ending(Outcome.UNSAFE, reason)
            if rule != "retract":
                return {role: Hold() for role in situation.roles} if rule else None
            memory |= {"reason": reason, "begun": situation.elapsed}
        distance, speed = self.retract
        if situation.elapsed - memory["begun"] >= distance / speed:
            return Ending(Outcome.UNSAFE, f"{memory['reason']}; drew back")
        start = situation.observation.time - situation.elapsed + memory["begun"]
        return {role: CartesianDelta((0.0, 0.0, -distance), frame="tool", period=distance / speed, start=start) for role in situation.roles}

    def _stale(self, situation: Situation, unanswered: float) -> tuple[str, str]:
        if self.observation is not None:
            name, age = max(_ages(situation).items(), key=lambda item: item[1])
            if not age <= self.observation.after:
                return self.observation.do, f"stale observation: {name} is {age:.3f} s old, allowed {self.observation.after:g} s"
        if self.command is not None and unanswered > self.command.after:
            return self.command.do, f"stale command: the policy is {unanswered:.3f} s behind, allowed {self.command.after:g} s"
        return "", ""


NO_SAFEGUARD = Safeguard()


def _ages(situation: Situation) -> dict[str, float]:
    seen = situation.observation
    arms = {name: seen.arms[name].age for name in situation.roles.values()}
    values = [value for value in situation.parameters.values() if isinstance(value, str)]
    return {**arms, **{name: seen.objects[name].age for name in values if name in seen.objects}}
