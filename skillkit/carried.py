"""An object that is held goes with the tool: its pose is known from the arm while no camera sees it between the fingers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from math import dist
from typing import Any, NamedTuple

from skillkit.pose import Array, Pose
from skillkit.protocols import Snapshot
from skillkit.spaces import ArmState, ObjectState

UNSEEN = 0.25  # [s] without a pose after which the tool is believed instead
CLOSED = 0.5  # commanded closure of a gripper that holds
NEAR = 0.02  # [m] beside half the object's largest extent between its centre and the tool
GAP = 0.003  # [m] between the fingers: they hold something


class Glimpse(NamedTuple):
    """What is known at once of an object: since when [s], the position of its centre [m], and its extents [m]."""

    age: float
    position: Sequence[float]
    size: Array


class Grip(NamedTuple):
    """An object in a hand, both as they were when it was seen last."""

    arm: str
    tool: Pose  # transform_tool_to_world
    pose: Pose  # transform_object_to_world

    @property
    def lies(self) -> Pose:
        """``transform_object_to_tool``."""
        return self.tool.inverse() @ self.pose


class Carried:
    """Which object is in which hand, and how it lies there."""

    def __init__(self) -> None:
        self.grips: dict[str, Grip] = {}

    def follow(
        self, objects: Mapping[str, ObjectState], arms: Mapping[str, ArmState], closures: Iterable[float], glimpses: Mapping[str, Glimpse] | None = None
    ) -> Mapping[str, ObjectState]:
        """The objects, those that are held and not seen where the tool has them; their age is that of the arm's state then.

        Args:
            closures: commanded of every gripper; nothing is looked at while all are open.
            glimpses: the same objects as far as they are known without working anything out; only those near a tool are looked at then.
        """
        if not any(closure > CLOSED for closure in closures):
            self.grips.clear()
            return objects
        hands = {name: (hand, hand.tool.position.tolist()) for name, hand in arms.items() if _holds(hand)}
        seen = glimpses if glimpses is not None else {name: Glimpse(one.age, one.pose.position.tolist(), one.size) for name, one in objects.items()}
        moved: dict[str, ObjectState] = {}
        for name, glimpse in seen.items():
            if glimpse.age <= UNSEEN:
                self._look(name, glimpse, objects, hands)
            elif (grip := self._held(name, hands)) is not None:
                moved[name] = replace(objects[name], pose=arms[grip.arm].tool @ grip.lies, age=arms[grip.arm].age, speed=0.0)
        return {**objects, **moved} if moved else objects

    def _look(self, name: str, glimpse: Glimpse, objects: Mapping[str, ObjectState], hands: Mapping[str, tuple[ArmState, list[float]]]) -> None:
        self.grips.pop(name, None)
        for arm, (hand, tool) in hands.items():
            if dist(tool, glimpse.position) <= 0.5 * float(max(glimpse.size)) + NEAR:
                self.grips[name] = Grip(arm, hand.tool, objects[name].pose)
                return

    def _held(self, name: str, hands: Mapping[str, Any]) -> Grip | None:
        grip = self.grips.get(name)
        if grip is not None and grip.arm not in hands:
            del self.grips[name]  # let go of where no camera saw it: from here its age tells
            return None
        return grip

    def snapshot(self) -> Snapshot:
        """Every grip."""
        return {name: [grip.arm, list(grip.tool.values()), list(grip.pose.values())] for name, grip in self.grips.items()}

    def restore(self, snapshot: Snapshot) -> None:
        """The inverse of :meth:`snapshot`."""
        self.grips = {name: Grip(arm, Pose.from_values(tool), Pose.from_values(pose)) for name, (arm, tool, pose) in snapshot.items()}


def _holds(hand: ArmState) -> bool:
    return hand.closure > CLOSED and hand.opening > GAP
