"""Grasp an object from the front of what it stands in: sideways first, then straight in, then close."""

from skillkit.option import Situation
from skillkit.policies.grips import UP, into, level, pointing
from skillkit.policies.phases import CAREFUL, Move, Phases
from skillkit.pose import Pose, frozen
from skillkit.spaces import Ending, Outcome

DEEPEST = 0.17  # [m] the tool moves sideways at the distance at which it is, at most this far beyond the clearance
PATIENCE = 2.0  # [s] in which fingers have closed
STALLED, EMPTY = 0.95, 0.002  # share of the whole opening, and [m], beyond which they hold nothing
SHORT = 0.004  # [m] the fingers need not reach quite to the middle; the palm stays off


class Grasp(Phases):
    """Line up, come near, advance, close."""

    order = ("line_up", "come_near", "advance", "close")

    def _grip(self, situation: Situation, back: float) -> Pose:
        approach = into(level(situation.object("facing").pose), situation.parameters["pitch"])
        held = situation.object("object").pose.position + situation.parameters["height"] * UP
        return Pose(frozen(held - back * approach), pointing(approach, situation.arm.target))

    def line_up(self, situation: Situation) -> Move:
        """In front of the object, no nearer than the tool was, so that it passes nothing on the way in."""
        near = self._grip(situation, 0.0)
        distance = float((near.position - self.recall("began").position) @ near.rotation[:, 2])
        clearance = situation.parameters["clearance"]
        goal = self._grip(situation, min(max(distance, clearance), clearance + DEEPEST))
        return Move(goal, closure=0.0, near=0.03, near_turn=0.2, around=0.6, failure="the tool cannot get in front of the object")

    def come_near(self, situation: Situation) -> Move:
        return Move(self._grip(situation, situation.parameters["clearance"]), closure=0.0, near=0.02, failure="the tool cannot come near the object")

    def advance(self, situation: Situation) -> Move:
        return Move(self._grip(situation, SHORT), CAREFUL, 0.0, failure="the tool does not get to the object")

    def close(self, situation: Situation) -> Move | Ending:
        if self.lasted(situation) > PATIENCE:
            gap, wide = situation.arm.opening, situation.arm.opening_max
            stands = f"its fingers stand {1e3 * gap:.0f} mm apart of {1e3 * wide:.0f}, {PATIENCE:g} s after they were told to close"
            if gap > STALLED * wide:
                return Ending(Outcome.FAILED, f"the gripper stalled open and holds nothing: {stands}")
            if gap < EMPTY:
                return Ending(Outcome.FAILED, f"the gripper closed on nothing: {stands}")
        return Move(closure=1.0, done=self.lasted(situation) > PATIENCE)
