"""An object that is held goes with the tool: its pose is known from the arm while no camera sees it between the fingers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from math import dist
from typing import NamedTuple

from skillkit.pose import Pose
from skillkit.protocols import Snapshot
from skillkit.spaces import ArmState, Glance, ObjectState

UNSEEN = 0.25  # [s] without a pose after which the tool is believed instead
CLOSED = 0.5  # commanded closure of a gripper that holds
NEAR = 0.02  # [m] beside half the object's largest extent between its centre and the tool
GAP = 0.003  # [m] between the fingers: they hold something


class Hand(NamedTuple):
    """What is known at once of an arm's gripper: commanded closure, and the gap between its fingers [m]."""

    closure: float
    opening: float


class Grip(NamedTuple):
    """An object in a hand, both as they were when it was seen last."""

    arm: str
    tool: Pose  # transform_tool_to_world
    pose: Pose  # transform_object_to_world

    @property
    def lies(self) -> Pose:
        """``transform_object_to_tool``."""
        return self.tool.inverse() @ self.pose


class _Moment(NamedTuple):
    """One at which objects were seen while hands were closed; whether one of them holds an object is worked out when that matters."""

    objects: Mapping[str, ObjectState]
    arms: Mapping[str, ArmState]
    holding: Sequence[str]

    def grip(self, name: str) -> Grip | None:
        """The hand that an object was in, if any."""
        if not self.holding:
            return None
        seen = self.objects[name]
        reach, centre = 0.5 * float(max(seen.size)) + NEAR, seen.pose.position.tolist()
        for arm in self.holding:
            tool = self.arms[arm].tool
            if dist(tool.position.tolist(), centre) <= reach:
                return Grip(arm, tool, seen.pose)
        return None


class Carried:
    """Which object is in which hand, and how it lies there."""

    def __init__(self) -> None:
        self._grips: dict[str, Grip] = {}
        self._seen: dict[str, _Moment] = {}  # when each was seen last; not worked out yet

    def follow(
        self, objects: Mapping[str, ObjectState], arms: Mapping[str, ArmState], hands: Mapping[str, Hand], ages: Iterable[tuple[str, float]]
    ) -> Mapping[str, ObjectState]:
        """The objects, those that are held and not seen where the tool has them; their age is that of the arm's state then.

        Args:
            objects, arms: what they hold must not change any more.
            hands: the grippers of the arms; nothing is looked at while all are open.
            ages: how long ago each of the same objects was seen [s].
        """
        if not any(hand.closure > CLOSED for hand in hands.values()):
            self._grips.clear()
            self._seen.clear()
            return objects
        holding = [name for name, hand in hands.items() if hand.closure > CLOSED and hand.opening > GAP]
        moved: dict[str, Callable[[], ObjectState]] = {}
        moment = _Moment(objects, arms, holding)
        for name, age in ages:
            if age <= UNSEEN:
                self._seen[name] = moment
            elif (grip := self.grips.get(name)) is None:
                continue
            elif grip.arm in holding:
                moved[name] = partial(_in_hand, name, grip, objects, arms)
            else:
                del self._grips[name]  # let go of where no camera saw it: from here its age tells
        return Glance({**{name: partial(objects.__getitem__, name) for name in objects}, **moved}) if moved else objects

    @property
    def grips(self) -> dict[str, Grip]:
        """Every object that is held, as it was seen last."""
        for name, moment in self._seen.items():
            grip = moment.grip(name)
            if grip is not None:
                self._grips[name] = grip
            else:
                self._grips.pop(name, None)
        self._seen.clear()
        return self._grips

    def snapshot(self) -> Snapshot:
        """Every grip."""
        return {name: [grip.arm, list(grip.tool.values()), list(grip.pose.values())] for name, grip in self.grips.items()}

    def restore(self, snapshot: Snapshot) -> None:
        """The inverse of :meth:`snapshot`."""
        self._seen, self._grips = {}, {name: Grip(arm, Pose.from_values(tool), Pose.from_values(pose)) for name, (arm, tool, pose) in snapshot.items()}


def _in_hand(name: str, grip: Grip, objects: Mapping[str, ObjectState], arms: Mapping[str, ArmState]) -> ObjectState:
    hand = arms[grip.arm]
    return replace(objects[name], pose=hand.tool @ grip.lies, age=hand.age, speed=0.0)
