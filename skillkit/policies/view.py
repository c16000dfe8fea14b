"""What a learned policy sees of a situation: a vector of fixed length that holds no joint, no arm and no place.

Everything is in the *level frame* of the arm's base: its origin and heading, z up. Points are the commanded tool, the place where the run began,
and the centre of each object among the parameters; then the tool's axes y and z now and at the beginning, the gripper, each object's axes x and z
and size, and the numbers among the parameters.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from skillkit.option import Parameter, Situation
from skillkit.policies.grips import level
from skillkit.pose import Array, Pose
from skillkit.protocols import Snapshot

AXES = ("x", "y", "z")


class View:
    """The view of one run.

    Args:
        objects, numbers: the names of the parameters that are looked at, in this order.
    """

    def __init__(self, objects: Sequence[str], numbers: Sequence[str]) -> None:
        self.objects, self.numbers = tuple(objects), tuple(numbers)
        self.began: list[float] = []

    @classmethod
    def of(cls, parameters: Sequence[Parameter]) -> View:
        """The view that a skill's declared parameters give."""
        return cls([p.name for p in parameters if p.type == "object"], [p.name for p in parameters if p.type in ("number", "integer")])

    @property
    def names(self) -> tuple[str, ...]:
        """What each number is."""
        points = [f"{name}_{axis}" for name in ("tool", "began", *self.objects) for axis in AXES]
        tool = [f"{name}_{column}{axis}" for name in ("tool", "began") for column in ("y", "z") for axis in AXES]
        objects = [f"{name}_{column}{axis}" for name in self.objects for column in ("x", "z", "size_") for axis in AXES]
        return (*points, *tool, "closure", "opening", *objects, *self.numbers)

    @property
    def details(self) -> dict[str, Any]:
        """Which columns are points, and which belong together."""
        names = ("tool", "began", *self.objects)
        points = {name: [3 * number, 3 * number + 1, 3 * number + 2] for number, name in enumerate(names)}
        groups = [list(columns) for columns in points.values()]
        count, rest = 3 * len(names), len(self.names)
        return {"points": points, "groups": [*groups, list(range(count, count + 14)), list(range(count + 14, rest))], **self.as_dict()}

    def as_dict(self) -> dict[str, list[str]]:
        """What the view is made of."""
        return {"objects": list(self.objects), "numbers": list(self.numbers)}

    def start(self, situation: Situation) -> None:
        """Remember where the run begins."""
        self.began = list(self._of_tool(situation)[1].values())

    def __call__(self, situation: Situation) -> Array:
        """(len(names),) the situation as it is now."""
        arm = situation.arm
        transform_world_to_level, tool = self._of_tool(situation)
        began = Pose.from_values(self.began)
        states = [situation.object(name) for name in self.objects]
        poses = [transform_world_to_level @ state.pose for state in states]
        points = [tool.position, began.position, *(pose.position for pose in poses)]
        axes = [tool.rotation[:, 1], tool.rotation[:, 2], began.rotation[:, 1], began.rotation[:, 2]]
        gripper = np.array([arm.closure, arm.opening / arm.opening_max if arm.opening_max else 0.0])
        objects = [part for pose, state in zip(poses, states, strict=True) for part in (pose.rotation[:, 0], pose.rotation[:, 2], state.size)]
        numbers = np.array([float(situation.parameters[name]) for name in self.numbers])
        return np.concatenate([*points, *axes, gripper, *objects, numbers])

    def to_world(self, situation: Situation, vector: Array) -> Array:
        """A direction (3,) of the level frame, in the world's."""
        return level(situation.arm.base).rotation @ vector

    def from_world(self, situation: Situation, vector: Array) -> Array:
        """The inverse of :meth:`to_world`."""
        return level(situation.arm.base).rotation.T @ vector

    def _of_tool(self, situation: Situation) -> tuple[Pose, Pose]:
        transform_world_to_level = level(situation.arm.base).inverse()
        return transform_world_to_level, transform_world_to_level @ situation.arm.target

    def snapshot(self) -> Snapshot:
        """Where the run began."""
        return {"began": list(self.began)}

    def restore(self, snapshot: Mapping[str, Any]) -> None:
        """The inverse of :meth:`snapshot`."""
        self.began = list(snapshot["began"])
