"""Carry a held object to above another."""

from skillkit.option import Situation
from skillkit.policies.carry import Carry
from skillkit.policies.phases import Move
from skillkit.policies.servo import Pace

TRAVEL = Pace(0.4, 1.4, 1.0, 4.0)


class Transport(Carry):
    """Lift, withdraw, travel."""

    SURFACE = FACING = "to"
    order = ("lift", "withdraw", "travel")

    def travel(self, situation: Situation) -> Move:
        goal = self.holding_at(situation, situation.parameters["ahead"], situation.parameters["above"])
        return Move(goal, TRAVEL, around=0.2, done=False, failure="the object cannot be brought above the target")
