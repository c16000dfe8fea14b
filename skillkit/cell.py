"""A cell: the arms that stand in one real or simulated set-up. ``cells/lab.yaml``, or one arm by the name of its model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from skillkit import documents, share
from skillkit.documents import Document, describe
from skillkit.embodiment import Embodiment
from skillkit.exceptions import InvalidFile, SkillkitError, did_you_mean
from skillkit.hardware import POSE_WORDS, Hardware, read_hardware, read_pose, read_triple
from skillkit.pose import Array, Pose, frozen
from skillkit.surroundings import Box, Surroundings, read_avoid, read_boxes

WORDS = ("cell", "description", "arms", "cameras", "objects", "boxes")
ARM_WORDS = ("name", "model", "base", "namespace", "hardware", "avoid")
CAMERA_WORDS = ("name", "frame", "on", *POSE_WORDS)
WORLD = "world"


@dataclass(frozen=True)
class CellArm:
    """One arm: its name in the cell, its model, and ``transform_base_to_world``.

    Attributes:
        namespace: that its topics live in; ``None`` for its name, or for none where it stands alone.
        hardware: how the real arm is reached.
        avoid: what it keeps clear of; ``None`` for nothing, not even itself.
    """

    name: str
    embodiment: Embodiment
    base: Pose
    namespace: str | None = None
    hardware: Hardware = field(default_factory=Hardware)
    avoid: Surroundings | None = None


@dataclass(frozen=True)
class Camera:
    """A camera that object poses come from.

    Attributes:
        frame: ``frame_id`` of the poses it gives.
        on: the arm whose tool carries it, or ``world``.
        pose: ``transform_camera_to_tool``, the result of a hand-eye calibration, or ``transform_camera_to_world``.
    """

    name: str
    frame: str
    on: str
    pose: Pose


@dataclass(frozen=True)
class Cell:
    """The arms of a set-up, the cameras that look at it, and the full extents (3,) [m] of the objects that they can tell the pose of."""

    name: str
    arms: tuple[CellArm, ...]
    cameras: tuple[Camera, ...] = ()
    objects: Mapping[str, Array] = field(default_factory=dict)

    @classmethod
    def of_robot(cls, model: str | Path, base: Pose | None = None) -> Cell:
        """A cell of one arm, named after its model, standing at the world's origin unless told otherwise."""
        embodiment = Embodiment.load(model)
        return cls(embodiment.name, (CellArm(embodiment.name, embodiment, base or Pose.from_vector()),))

    @classmethod
    def load(cls, name_or_yaml: str | Path) -> Cell:
        """A cell by name or by the path of its YAML.

        Raises:
            UnknownName: no such cell. InvalidFile: every problem in it.
        """
        path = share.find("cells", name_or_yaml)
        document = documents.load(path)
        document.raise_errors()
        data = document.data
        if not isinstance(data, dict) or not isinstance(data.get("arms"), list) or not data["arms"]:
            document.error((), "wrong-type", "a cell has 'cell' (its name) and 'arms' (a list with at least one arm)")
            document.raise_errors()
        document.check_words(data, (), WORDS, "a cell")
        arms = [arm for index, item in enumerate(data["arms"]) if (arm := _arm(document, item, index)) is not None]
        _check_names(document, "arms", [arm.name for arm in arms])
        _check_serials(document, arms)
        _check_signals(document, arms)
        cameras = _cameras(document, data.get("cameras", []), {WORLD, *(arm.name for arm in arms)})
        _check_names(document, "cameras", [camera.name for camera in cameras])
        objects = _objects(document, data.get("objects", {}))
        boxes = read_boxes(document, data.get("boxes", []))
        _check_names(document, "boxes", [box.name for box in boxes])
        if boxes and not any(arm.avoid for arm in arms):
            document.error(("boxes",), "unused", "no arm of the cell avoids them", "write avoid: {} at the arms that shall")
        document.raise_errors()
        arms = [_among(arm, boxes) for arm in arms]
        return cls(str(data.get("cell", path.stem)), tuple(arms), tuple(cameras), objects)


def _among(arm: CellArm, boxes: tuple[Box, ...]) -> CellArm:
    """The arm with the boxes, which stand in the world frame, as it sees them."""
    if arm.avoid is None:
        return arm
    seen = tuple(box._replace(pose=arm.base.inverse() @ box.pose) for box in boxes)
    return replace(arm, avoid=replace(arm.avoid, boxes=seen))


def _check_names(document: Document, word: str, names: list[str]) -> None:
    for index, name in enumerate(names):
        if name in names[:index]:
            document.error((word, index, "name"), "duplicate-name", f"two {word} are named '{name}'", f"give each of the {word} its own name")


def _check_serials(document: Document, arms: list[CellArm]) -> None:
    serials = [arm.hardware.serial for arm in arms]
    for index, serial in enumerate(serials):
        if serial and serial in serials[:index]:
            document.error(("arms", index, "hardware", "serial"), "duplicate-name", f"two arms have the serial '{serial}'", "read it off the arm's plate")


def _check_signals(document: Document, arms: list[CellArm]) -> None:
    owners: dict[str, str] = {}
    for index, arm in enumerate(arms):
        for name in arm.hardware.signals:
            if name in owners:
                where = ("arms", index, "hardware", "signals", name)
                document.error(where, "duplicate-name", f"'{owners[name]}' and '{arm.name}' both have a signal '{name}'", "give each signal its own name")
            owners[name] = arm.name


def _arm(document: Document, item: Any, index: int) -> CellArm | None:
    where: documents.Where = ("arms", index)
    if not isinstance(item, dict) or not isinstance(item.get("model"), str):
        document.error(where, "wrong-type", f"an arm has a model, found {describe(item)}", "write {name: left, model: panda}")
        return None
    document.check_words(item, where, ARM_WORDS, "an arm")
    base = read_pose(document, item.get("base", {}), (*where, "base"), "a base")
    hardware = read_hardware(document, item.get("hardware", {}), (*where, "hardware"))
    avoid = read_avoid(document, item["avoid"], (*where, "avoid")) if "avoid" in item else None
    namespace = item.get("namespace")
    if namespace is not None and not isinstance(namespace, str):
        document.error((*where, "namespace"), "wrong-type", f"namespace is a word, found {describe(namespace)}")
    elif base is not None and hardware is not None:
        return _with_model(document, item, where, base, namespace, hardware, avoid)
    return None


def _with_model(
    document: Document, item: dict[str, Any], where: documents.Where, base: Pose, namespace: str | None, hardware: Hardware, avoid: Surroundings | None
) -> CellArm | None:
    try:
        return CellArm(str(item.get("name", item["model"])), Embodiment.load(item["model"]), base, namespace, hardware, avoid)
    except InvalidFile as error:
        document.problems.extend(error.problems)
    except SkillkitError as error:
        document.error((*where, "model"), "unknown-robot", str(error))
    return None


def _cameras(document: Document, items: Any, places: set[str]) -> list[Camera]:
    if not isinstance(items, list):
        document.error(("cameras",), "wrong-type", f"cameras is a list, found {describe(items)}")
        return []
    return [camera for index, item in enumerate(items) if (camera := _camera(document, item, ("cameras", index), places)) is not None]


def _camera(document: Document, item: Any, where: documents.Where, places: set[str]) -> Camera | None:
    if not isinstance(item, dict) or not isinstance(item.get("name"), str):
        document.error(where, "wrong-type", f"a camera has a name, found {describe(item)}", "write {name: wrist, on: left, xyz: [0.05, 0, -0.1]}")
        return None
    document.check_words(item, where, CAMERA_WORDS, "a camera")
    on = item.get("on", WORLD)
    if on not in places:
        document.error((*where, "on"), "unknown-arm", f"a camera is on an arm of the cell or on the world, found {describe(on)}", did_you_mean(str(on), places))
        return None
    pose = read_pose(document, {word: item[word] for word in POSE_WORDS if word in item}, where, "a camera")
    return Camera(item["name"], str(item.get("frame", item["name"])), on, pose) if pose is not None else None


def _objects(document: Document, items: Any) -> dict[str, Array]:
    if not isinstance(items, dict):
        document.error(("objects",), "wrong-type", f"objects has the full extents [x, y, z] of each, found {describe(items)}")
        return {}
    return {str(name): frozen(size) for name, size in items.items() if read_triple(document, size, ("objects", name))}
