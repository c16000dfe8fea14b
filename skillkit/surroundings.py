"""What one arm keeps clear of: itself, boxes that stand around it, and the bounds of its workspace. Read from a cell's YAML.

Boxes stand in the cell, for every arm that avoids; an arm avoids where it says so, if only with ``avoid: {}``::

    boxes:
      - {name: bench, xyz: [0.5, 0, -0.05], size: [1.2, 1.6, 0.1]}      # metres and radians (rpy) in the world frame, full extents
    arms:
      - name: left
        model: ur5e
        avoid: {margin: 0.02, workspace: {lower: [-0.8, -0.8, 0], upper: [0.8, 0.8, 1.2]}, touching: [[base_link, bench]]}
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from skillkit.documents import Document, Where, describe, is_number
from skillkit.hardware import POSE_WORDS, read_pose, read_triple
from skillkit.pose import Pose, Triple

MARGIN = 0.01  # [m]
BOX_WORDS = ("name", "size", *POSE_WORDS)
AVOID_WORDS = ("margin", "workspace", "touching")
BOUNDS = ("lower", "upper")


class Box(NamedTuple):
    """Something that stands around an arm: ``pose`` is ``transform_box_to_base``, ``size`` its full extents [m]."""

    name: str
    pose: Pose
    size: Triple


@dataclass(frozen=True)
class Surroundings:
    """What an arm keeps clear of, besides itself.

    Attributes:
        margin: the distance that nothing comes below [m].
        boxes: around the arm, in its base frame.
        workspace: lower and upper corner of what the tool point must not leave, base axes [m].
        touching: pairs of links or boxes that may touch.
    """

    margin: float = MARGIN
    boxes: tuple[Box, ...] = ()
    workspace: tuple[Triple, Triple] | None = None
    touching: tuple[tuple[str, str], ...] = ()

    def plain(self) -> dict[str, Any]:
        """As JSON values, for a run's description."""
        boxes = [[box.name, list(box.pose.values()), list(box.size)] for box in self.boxes]
        workspace = None if self.workspace is None else [list(corner) for corner in self.workspace]
        return {"margin": self.margin, "boxes": boxes, "workspace": workspace, "touching": [list(pair) for pair in self.touching]}

    @classmethod
    def from_plain(cls, values: dict[str, Any]) -> Surroundings:
        """The inverse of :meth:`plain`."""
        boxes = tuple(Box(str(name), Pose.from_values(pose), _triple(size)) for name, pose, size in values["boxes"])
        workspace = None if values["workspace"] is None else (_triple(values["workspace"][0]), _triple(values["workspace"][1]))
        return cls(float(values["margin"]), boxes, workspace, tuple((str(one), str(other)) for one, other in values["touching"]))


def read_boxes(document: Document, items: Any) -> tuple[Box, ...]:
    """The boxes of a cell, in the world frame; problems go into the document."""
    if not isinstance(items, list):
        document.error(("boxes",), "wrong-type", f"boxes is a list, found {describe(items)}")
        return ()
    return tuple(box for index, item in enumerate(items) if (box := _box(document, item, ("boxes", index))) is not None)


def read_avoid(document: Document, item: Any, where: Where) -> Surroundings | None:
    """What one arm says of its surroundings, still without boxes; problems go into the document."""
    if not isinstance(item, dict):
        document.error(where, "wrong-type", f"avoid is a mapping, found {describe(item)}", "write avoid: {} to keep clear of itself and of the cell's boxes")
        return None
    document.check_words(item, where, AVOID_WORDS, "avoid")
    margin = item.get("margin", MARGIN)
    if not is_number(margin) or not 0.0 < margin < 0.1:
        document.error((*where, "margin"), "out-of-range", f"margin is a distance above 0 and below 0.1 [m], found {describe(margin)}")
        return None
    touching = item.get("touching", [])
    if not isinstance(touching, list) or not all(
        isinstance(pair, list) and len(pair) == 2 and all(isinstance(name, str) for name in pair) for pair in touching
    ):
        document.error((*where, "touching"), "wrong-type", f"touching is a list of pairs of links or boxes, found {describe(touching)}")
        return None
    workspace = _workspace(document, item["workspace"], (*where, "workspace")) if "workspace" in item else None
    return Surroundings(float(margin), (), workspace, tuple((one, other) for one, other in touching))


def _is_pair(item: Any) -> bool:
    return isinstance(item, list) and len(item) == 2 and all(isinstance(name, str) for name in item)


def _workspace(document: Document, item: Any, where: Where) -> tuple[Triple, Triple] | None:
    if not isinstance(item, dict) or set(item) != set(BOUNDS):
        document.error(where, "wrong-type", f"workspace has lower and upper corner [m], found {describe(item)}")
        return None
    if not all(read_triple(document, item[word], (*where, word)) for word in BOUNDS):
        return None
    if not all(low < high for low, high in zip(item["lower"], item["upper"], strict=True)):
        document.error(where, "out-of-range", f"the lower corner {item['lower']} is not below the upper one {item['upper']}")
        return None
    return _triple(item["lower"]), _triple(item["upper"])


def _box(document: Document, item: Any, where: Where) -> Box | None:
    if not isinstance(item, dict) or not isinstance(item.get("name"), str):
        document.error(where, "wrong-type", f"a box has a name, found {describe(item)}", "write {name: bench, xyz: [0.5, 0, -0.05], size: [1, 1, 0.1]}")
        return None
    document.check_words(item, where, BOX_WORDS, "a box")
    pose = read_pose(document, {word: item[word] for word in POSE_WORDS if word in item}, where, "a box")
    size: Any = item.get("size")
    if pose is None or not read_triple(document, size, (*where, "size")):
        return None
    if min(size) <= 0.0:
        document.error((*where, "size"), "out-of-range", f"every extent of a box is above 0 [m], found {size}")
        return None
    return Box(item["name"], pose, _triple(size))


def _triple(values: Any) -> Triple:
    x, y, z = (float(value) for value in values)
    return x, y, z
