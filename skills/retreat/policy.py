"""Back straight off."""

from skillkit.option import Situation
from skillkit.policies.grips import backed
from skillkit.policies.phases import Move, Phases

FURTHER = 0.05  # [m] beyond the distance asked for, so that it is left at speed


class Retreat(Phases):
    """One straight motion back, the way the tool came in."""

    order = ("back",)

    def back(self, situation: Situation) -> Move:
        goal = backed(self.recall("began"), situation.parameters["distance"] + FURTHER)
        return Move(goal, failure="the tool cannot back off")
