"""Open a hinged door by its bar.

The hinge is never asked for. At first the pull goes along the door's outward normal; as soon as the door has turned a little, two poses
of the bar give the axis it turns about, and the pull leads the bar along that arc. The bar may turn between the fingers, so an arm that pulls for long,
because it is stretched, may turn its hand about the bar as it likes.
"""

from math import tan

import numpy as np

from skillkit.option import Situation
from skillkit.policies.grips import UP, backed, heading, into, level, pointing, turned
from skillkit.policies.phases import CAREFUL, Move, Phases
from skillkit.policies.servo import Pace
from skillkit.pose import Array, Pose, frozen
from skillkit.spaces import Ending, Outcome

LEAD = 0.04  # [m] how far the pull leads the bar
DEEPER = 0.006  # [m] the fingers reach beyond the bar by this, room for it to roll towards the tips
STUCK = 0.05  # [rad] a door that turned less than this did not move
PATIENCE = 2.5  # [s] for the door to start
SLIPPED = 0.04  # [m] from the bar
LOCKED = Ending(Outcome.FAILED, "the door does not move: locked or blocked")
PLAY = 0.012  # [m] on each side of the bar while coming off it
OFF = 0.04  # [m] this far off, the fingers open fully
ABOUT_BAR = ("rx",)  # of the tool, whose z points at the bar and whose fingers open along y
STRETCHED = 3.0  # [s] of pulling after which the hand may turn about the bar as it likes
PULL = Pace(0.25, 1.2, 1.0, 4.0)


class OpenDoor(Phases):
    """Line up, advance, close, pull, let go, back off, open the fingers."""

    order = ("line_up", "advance", "close", "pull", "let_go", "back_off", "open_up")

    def begin(self, situation: Situation) -> None:
        self.note("closed", situation.object("handle").pose)

    def _grip(self, situation: Situation, back: float) -> Pose:
        front = level(situation.object("handle").pose)
        approach = into(front, situation.parameters["pitch"])
        return Pose(frozen(front.position - back * approach), pointing(approach, situation.arm.target))

    def line_up(self, situation: Situation) -> Move:
        return Move(
            self._grip(situation, situation.parameters["clearance"]), closure=0.0, near=0.02, around=0.6, failure="the tool cannot get in front of the handle"
        )

    def advance(self, situation: Situation) -> Move:
        return Move(self._grip(situation, -DEEPER), CAREFUL, 0.0, near=0.004, failure="the tool does not get to the handle")

    def close(self, situation: Situation) -> Move | Ending:
        done = self.lasted(situation) > 1.0
        if done and situation.arm.opening < 0.003:
            return Ending(Outcome.FAILED, "the fingers closed beside the handle")
        return Move(closure=1.0, done=done)

    def pull(self, situation: Situation) -> Move | Ending:
        handle, tool = situation.object("handle").pose, situation.arm.tool
        angle = heading(self.recall("closed"), handle)
        slipped = float(((tool.position - handle.position) ** 2).sum()) > SLIPPED**2
        if abs(angle) < STUCK and (slipped or self.lasted(situation) > PATIENCE):
            return LOCKED
        if slipped:
            return Ending(Outcome.FAILED, f"the handle slipped out of the fingers when the door was {abs(angle):.1f} rad open")
        self.note("pulled", tool)
        goal = Pose(frozen(self._ahead(handle, angle) + DEEPER * tool.rotation[:, 2]), self.recall("began").rotation)
        done = abs(angle) >= situation.parameters["angle"]
        free = ABOUT_BAR if self.lasted(situation) > STRETCHED else ()
        return Move(goal, PULL, 1.0, done=done, time_limit=12.0, failure=f"the door stopped {abs(angle):.1f} rad open", free=free)

    def _ahead(self, handle: Pose, angle: float) -> Array:
        """A point (3,) [m] on the bar's way, ``LEAD`` ahead of it."""
        if abs(angle) < STUCK:
            return handle.position + LEAD * level(handle).rotation[:, 0]
        closed = self.recall("closed").position
        chord = handle.position - closed
        hinge = closed + 0.5 * chord + np.cross(UP, chord) / (2.0 * tan(0.5 * angle))
        arm = handle.position - hinge
        further = np.copysign(LEAD / float(np.linalg.norm(arm)), angle)
        return hinge + turned(np.eye(3), float(further)) @ arm

    def _closure(self, situation: Situation) -> float:
        """Just open enough to come off the bar: beside it is the door."""
        return max(0.0, 1.0 - (self._bar(situation) + 2.0 * PLAY) / situation.arm.opening_max)

    def _bar(self, situation: Situation) -> float:
        return float(situation.object("handle").size.min())

    def let_go(self, situation: Situation) -> Move:
        done = situation.arm.opening > self._bar(situation) + PLAY
        return Move(self.recall("pulled"), closure=self._closure(situation), done=done, time_limit=2.0, failure="the gripper does not open")

    def back_off(self, situation: Situation) -> Move:
        pulled = self.recall("pulled")
        goal = backed(pulled, situation.parameters["clearance"])
        far = float(((situation.arm.tool.position - pulled.position) ** 2).sum()) > OFF**2
        return Move(goal, closure=0.0 if far else self._closure(situation), near=0.02)

    def open_up(self, situation: Situation) -> Move:
        return Move(closure=0.0, done=False, time_limit=2.0, failure="the gripper does not open, or the door fell shut")
