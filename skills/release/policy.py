"""Let go and back off."""

from skillkit.option import Situation
from skillkit.policies.grips import backed
from skillkit.policies.phases import Move, Phases


class Release(Phases):
    """Open the gripper where it is, then straight back, the way the tool came in."""

    order = ("let_go", "back_off")

    def let_go(self, situation: Situation) -> Move:
        done = situation.arm.opening > 0.93 * situation.arm.opening_max
        return Move(closure=0.0, done=done, time_limit=2.0, failure="the gripper does not open")

    def back_off(self, situation: Situation) -> Move:
        return Move(backed(self.recall("began"), situation.parameters["clearance"]), closure=0.0, near=0.02, failure="the tool cannot back off")
