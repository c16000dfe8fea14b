"""An object that is held goes with the tool: its pose is known from the arm while no camera sees it between the fingers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

import numpy as np

from skillkit.pose import Pose
from skillkit.protocols import Snapshot
from skillkit.spaces import ArmState, ObjectState

UNSEEN = 0.25  # [s] without a pose after which the tool is believed instead
CLOSED = 0.5  # commanded closure of a gripper that holds
NEAR = 0.02  # [m] beside half the object's largest extent between its centre and the tool
GAP = 0.003  # [m] between the fingers: they hold something


class Carried:
    """Which object is in which hand, and how it lies there: ``transform_object_to_tool`` when it was seen last."""

    def __init__(self) -> None:
        self.grips: dict[str, tuple[str, Pose]] = {}

    def follow(self, objects: Mapping[str, ObjectState], arms: Mapping[str, ArmState], closures: Iterable[float]) -> Mapping[str, ObjectState]:
        """The objects, those that are held and not seen where the tool has them; their age is that of the arm's state then.

        Args:
            closures: commanded of every gripper; nothing is looked at while all are open.
        """
        if not any(closure > CLOSED for closure in closures):
            self.grips.clear()
            return objects
        moved: dict[str, ObjectState] = {}
        for name, state in objects.items():
            if state.age <= UNSEEN:
                self._look(name, state, arms)
            elif (grip := self._held(name, arms)) is not None:
                arm, lies = grip
                moved[name] = replace(state, pose=arms[arm].tool @ lies, age=arms[arm].age, speed=0.0)
        return {**objects, **moved} if moved else objects

    def _look(self, name: str, state: ObjectState, arms: Mapping[str, ArmState]) -> None:
        self.grips.pop(name, None)
        reach = 0.5 * float(max(state.size)) + NEAR
        for arm, hand in arms.items():
            if _holds(hand) and float(np.linalg.norm(hand.tool.position - state.pose.position)) <= reach:
                self.grips[name] = (arm, hand.tool.inverse() @ state.pose)
                return

    def _held(self, name: str, arms: Mapping[str, ArmState]) -> tuple[str, Pose] | None:
        grip = self.grips.get(name)
        if grip is not None and (grip[0] not in arms or not _holds(arms[grip[0]])):
            del self.grips[name]  # let go of where no camera saw it: from here its age tells
            return None
        return grip

    def snapshot(self) -> Snapshot:
        """Every grip."""
        return {name: [arm, list(lies.values())] for name, (arm, lies) in self.grips.items()}

    def restore(self, snapshot: Snapshot) -> None:
        """The inverse of :meth:`snapshot`."""
        self.grips = {name: (arm, Pose.from_values(values)) for name, (arm, values) in snapshot.items()}


def _holds(hand: ArmState) -> bool:
    return hand.closure > CLOSED and hand.opening > GAP
