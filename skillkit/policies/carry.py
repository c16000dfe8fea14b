"""Phases for a held object: where the tool must be so that the object is where it should be."""

from __future__ import annotations

import numpy as np

from skillkit.option import Situation
from skillkit.policies.grips import STEEP, UP, backed, columns, level, unit
from skillkit.policies.phases import BRISK, Move, Phases
from skillkit.policies.servo import Pace
from skillkit.pose import Array, Pose, cross, frozen, norm, sealed
from skillkit.wrench import REACHED

LOWER = Pace(0.08, 0.8, 1.0, 4.0)
TOUCH = 0.0005  # [m] gap below which the object stands
CLOSE_BY = 0.01  # [m] gap below which an object that goes down no further stands, too
SETTLED = 0.004  # [m/s]
SETTLING = 0.5  # [s]
PRESS_DOWN = 0.01  # [m] how far below standing the tool may aim, so that a sagging grip still sets it down


def half_height(pose: Pose, size: Array) -> float:
    """Half the vertical extent [m] of a box of ``size`` (3,) turned to ``pose``."""
    return 0.5 * float(np.abs(pose.rotation[2]) @ size)


def facing_upright(held: Array, front: Pose, like: Pose) -> Array:
    """Tool rotation (3, 3) that keeps an object, ``held`` (3, 3) in the tool's frame, upright, and comes in against a level front.

    A tool that points straight down comes from nowhere; it keeps the heading it has in ``like``.
    """
    up = held[:, 2]  # the object's up, in the tool's frame
    across = cross(up, [0.0, 0.0, 1.0])  # level when the object is upright, and square to the approach
    if norm(across) < STEEP:
        return like.rotation
    aside = unit(across)
    from_tool = columns(cross(aside, up), aside, up)  # level frame → tool, x along the approach
    return sealed(columns(-front.rotation[:, 0], -front.rotation[:, 1], UP) @ from_tool.T)


class Carry(Phases):
    """Phases over the parameters ``object`` (held) and a surface; what they share.

    ``SURFACE`` and ``FACING`` name the parameters that hold the surface and what gives the direction to come from.
    """

    SURFACE = "on"
    FACING = "on"

    def begin(self, situation: Situation) -> None:
        self.note("held", situation.arm.tool.inverse() @ situation.object("object").pose)

    def gap(self, situation: Situation) -> float:
        """From the surface's top to the object's bottom [m]."""
        held, surface = situation.object("object"), situation.object(self.SURFACE)
        return float(held.pose.position[2] - surface.pose.position[2]) - half_height(held.pose, held.size) - half_height(surface.pose, surface.size)

    def holding_at(self, situation: Situation, back: float, gap: float) -> Pose:
        """Tool pose for the object ``back`` [m] in front of the middle of the surface and ``gap`` [m] above it."""
        held, surface = situation.object("object"), situation.object(self.SURFACE)
        front = level(situation.object(self.FACING).pose)
        height = gap + 0.5 * float(held.size[2]) + half_height(surface.pose, surface.size)
        centre = surface.pose.position + back * front.rotation[:, 0] + height * UP
        rotation = facing_upright(self.recall("held").rotation, front, situation.arm.target)
        return Pose(frozen(centre - rotation @ self.recall("held").position), rotation)

    def lift(self, situation: Situation) -> Move:
        """Straight up from where it stands."""
        began = self.recall("began")
        return Move(Pose(frozen(began.position + situation.parameters["lift"] * UP), began.rotation), near=0.012)

    def withdraw(self, situation: Situation) -> Move:
        """Straight back, the way the tool came in."""
        goal = backed(self.recall("began"), situation.parameters["withdraw"])
        return Move(goal, BRISK, near=0.03, failure="the object cannot be taken out")

    def lower(self, situation: Situation) -> Move:
        """Down until the object stands; let go any earlier, it would rock on its edge."""
        goal = self.holding_at(situation, situation.parameters.get("ahead", 0.0), -PRESS_DOWN)
        gap, settled = self.gap(situation), situation.object("object").speed < SETTLED and self.lasted(situation) > SETTLING
        limit = situation.parameters["force_limit"]
        stands = settled or situation.arm.contact >= REACHED * limit
        done = gap < TOUCH or (stands and gap < CLOSE_BY)
        return Move(goal, LOWER, done=done, time_limit=5.0, failure="the object does not come down to the surface", force_limit=limit)

    def let_go(self, situation: Situation) -> Move:
        done = situation.arm.opening > 0.93 * situation.arm.opening_max
        return Move(closure=0.0, done=done, time_limit=2.0, failure="the gripper does not open")

    def back_off(self, situation: Situation) -> Move:
        """Straight back by the clearance."""
        return Move(backed(self.recall("began"), situation.parameters["clearance"]), closure=0.0, near=0.02)
