"""Press a button: line up with the fingers shut, push along its travel until it is down, stay."""

from math import tan

from skillkit.option import Situation
from skillkit.policies.grips import UP, pointing
from skillkit.policies.phases import Move, Phases
from skillkit.policies.servo import Pace
from skillkit.pose import Pose, frozen

PUSH = Pace(0.05, 0.8, 1.0, 4.0)
LEVEL = 0.5  # a button whose front rises less than this (sine) is pressed with the tool pitched
DOWN = 0.97  # part of the travel that counts as all the way down


class Press(Phases):
    """Line up, touch, push, keep."""

    order = ("line_up", "touch", "push", "keep")

    def begin(self, situation: Situation) -> None:
        self.note("button", situation.object("button").pose)

    def _before(self, situation: Situation, back: float) -> Pose:
        button = self.recall("button")
        front = button.rotation[:, 0]
        approach = -front - tan(situation.parameters["pitch"]) * UP if abs(float(front @ UP)) < LEVEL else -front
        return Pose(frozen(button.position + back * front), pointing(approach, situation.arm.target))

    def _travel(self, situation: Situation) -> float:
        return situation.observation.signals.get(situation.parameters["button"], 0.0)

    def line_up(self, situation: Situation) -> Move:
        goal = self._before(situation, situation.parameters["clearance"])
        return Move(goal, closure=1.0, near=0.012, around=0.6, failure="the tool cannot get in front of the button")

    def touch(self, situation: Situation) -> Move:
        goal = self._before(situation, 0.03)
        return Move(goal, PUSH, 1.0, near=0.008, failure="the tool cannot get to the button", force_limit=situation.parameters["force_limit"])

    def push(self, situation: Situation) -> Move:
        goal = self._before(situation, -situation.parameters["depth"])
        down, limit = self._travel(situation) >= DOWN, situation.parameters["force_limit"]
        return Move(goal, PUSH, 1.0, done=down, time_limit=4.0, failure="the button does not go down", force_limit=limit)

    def keep(self, situation: Situation) -> Move:
        return Move(closure=1.0, done=False, time_limit=5.0, failure="the button does not stay down", force_limit=situation.parameters["force_limit"])
