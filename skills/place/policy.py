"""Place a held object on a surface, coming in from the front of what the surface belongs to."""

from skillkit.option import Situation
from skillkit.policies.carry import Carry
from skillkit.policies.phases import Move
from skillkit.policies.servo import Pace

TRAVEL = Pace(0.4, 1.4, 1.0, 4.0)
IN = Pace(0.14, 0.8, 1.0, 4.0)  # guarded: a jolt of the tool's own mass, as of a late command, grows with the speed


class Place(Carry):
    """Lift, withdraw, travel, come in, lower, let go, back off."""

    FACING = "facing"
    order = ("lift", "withdraw", "travel", "come_in", "lower", "let_go", "back_off")

    def travel(self, situation: Situation) -> Move:
        goal = self.holding_at(situation, situation.parameters["clearance"], situation.parameters["lift"])
        return Move(goal, TRAVEL, around=0.2, near=0.015, failure="the object cannot be brought in front of the surface")

    def come_in(self, situation: Situation) -> Move:
        goal, limit = self.holding_at(situation, 0.0, situation.parameters["lift"]), situation.parameters["force_limit"]
        return Move(goal, IN, failure="the object cannot be brought over the surface", force_limit=limit)
