"""Reach a place in front of an object."""

from skillkit.option import Situation
from skillkit.policies.grips import UP, into, level, pointing
from skillkit.policies.phases import Move, Phases
from skillkit.pose import Pose, frozen


class Reach(Phases):
    """One motion."""

    order = ("go",)

    def go(self, situation: Situation) -> Move:
        front = level(situation.object("object").pose)
        position = front.position + situation.parameters["distance"] * front.rotation[:, 0] + situation.parameters["height"] * UP
        return Move(
            Pose(frozen(position), pointing(into(front, situation.parameters["pitch"]), situation.arm.target)), done=False, failure="the tool cannot get there"
        )
