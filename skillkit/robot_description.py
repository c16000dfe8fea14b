"""The robot as it stands: its own description instead of the model's URDF, below the model's limits and roles.

A driver publishes the URDF of its robot, with the kinematics that were measured when that robot was built; a model's URDF has nominal
ones. The result is a robot model like any other: two files, so a bag carries it and re-executes with it.
"""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from skillkit.embodiment import Embodiment, UrdfTree
from skillkit.exceptions import InvalidValue, UnknownName
from skillkit.hardware import Hardware
from skillkit.pose import Array, Pose, frozen

VECTORS = ("lower", "upper", "velocity", "acceleration", "jerk", "effort")


def robot_as_described(model: Embodiment, description: str, hardware: Hardware, name: str, folder: Path) -> Embodiment:
    """A model whose kinematics are those of a robot's own description; written to ``folder`` as ``<name>.urdf`` and ``<name>.yaml``.

    Of the limits of model and description the tighter ones count.

    Args:
        description: URDF text, as the driver publishes it.

    Raises:
        InvalidFile: not a URDF. UnknownName: a joint or link that the description does not have.
    """
    folder.mkdir(parents=True, exist_ok=True)
    fingers = _fingers(model, hardware)
    urdf = folder / f"{name}.urdf"
    urdf.write_text(_completed(description, model.tool, fingers, hardware), encoding="utf-8")
    tree = UrdfTree.read(urdf)
    prefix = hardware.prefix
    joints = tuple(f"{prefix}{joint}" for joint in model.joints)
    base, tool = f"{prefix}{model.base}", model.tool if hardware.tool_parent else f"{prefix}{model.tool}"
    gripper = model.gripper
    for joint in joints:
        if joint not in tree.joints:
            raise UnknownName("joint of the robot's own description", joint, tree.joints)
    chain = tree.chain(base, tool)
    for joint in joints:
        if joint not in chain:
            raise UnknownName(f"moving joint between {base} and {tool} in the robot's own description", joint, chain)
    own = [tree.joints[joint] for joint in joints]
    found = replace(
        model, name=name, urdf=urdf, base=base, tool=tool, joints=joints, gripper=replace(gripper, joints=fingers) if gripper else None,
        lower=frozen(np.maximum(model.lower, [joint.lower for joint in own])), upper=frozen(np.minimum(model.upper, [joint.upper for joint in own])),
        velocity=frozen(np.minimum(model.velocity, [joint.velocity for joint in own])),
    )  # fmt: skip
    return write_model(found, folder)


def slowed(model: Embodiment, share: float) -> Embodiment:
    """The model with ``share`` of its velocity limits.

    Raises:
        InvalidValue: a share that is not above 0 and at most 1.
    """
    if not 0.0 < share <= 1.0:
        raise InvalidValue("speed", share, "above 0 and at most 1")
    return replace(model, velocity=frozen(model.velocity * share))


def write_model(model: Embodiment, folder: Path) -> Embodiment:
    """Write the model YAML ``<name>.yaml`` beside its URDF and read it back."""
    gripper = model.gripper
    words: dict[str, Any] = {
        "robot": model.name, "source": "the robot's own description", "urdf": model.urdf.name, "base": model.base, "tool": model.tool,
        "joints": list(model.joints), "limits": {name: _numbers(getattr(model, name)) for name in VECTORS},
        "home": _numbers(np.clip(model.home, model.lower, model.upper)),
        "control_rate": model.control_rate, "settle": model.settle, "stale_after": model.stale_after,
    }  # fmt: skip
    if gripper is not None:
        words["gripper"] = {name: getattr(gripper, name) for name in ("open", "closed", "width", "force", "speed")} | {"joints": list(gripper.joints)}
    file = folder / f"{model.name}.yaml"
    file.write_text(yaml.safe_dump(words, sort_keys=False, width=160), encoding="utf-8")
    return Embodiment.load(file)


def _numbers(values: Array) -> list[float]:
    return [float(value) for value in values]


def _fingers(model: Embodiment, hardware: Hardware) -> tuple[str, ...]:
    if model.gripper is None:
        return ()
    return (hardware.gripper.joint,) if hardware.gripper.joint else tuple(f"{hardware.prefix}{joint}" for joint in model.gripper.joints)


def _completed(description: str, tool: str, fingers: Sequence[str], hardware: Hardware) -> str:
    """The description with the link ``tool`` fixed to ``hardware.tool_parent``, where that is given, and with the finger joints it lacks."""
    try:
        root = ElementTree.fromstring(description)
    except ElementTree.ParseError:
        return description  # UrdfTree says where
    links, joints = ([child.get("name", "") for child in root.findall(kind)] for kind in ("link", "joint"))
    parent = hardware.tool_parent
    if parent and parent not in links:
        raise UnknownName("tool_parent in the robot's own description", parent, links)
    if parent and tool not in links:
        _add(root, "fixed", f"{tool}_fixed", parent, tool, hardware.tool)
    for finger in fingers:
        if finger not in joints:
            _add(root, "prismatic", finger, parent or f"{hardware.prefix}{tool}", f"{finger}_link", Pose.from_vector())
    return ElementTree.tostring(root, encoding="unicode")


def _add(root: ElementTree.Element, kind: str, name: str, parent: str, child: str, transform_child_to_parent: Pose) -> None:
    """A link without a body, on a joint."""
    ElementTree.SubElement(root, "link", name=child)
    joint = ElementTree.SubElement(root, "joint", name=name, type=kind)
    ElementTree.SubElement(joint, "parent", link=parent)
    ElementTree.SubElement(joint, "child", link=child)
    xyz = " ".join(repr(float(value)) for value in transform_child_to_parent.position)
    ElementTree.SubElement(joint, "origin", xyz=xyz, rpy=" ".join(map(repr, transform_child_to_parent.rpy())))
    if kind == "prismatic":
        ElementTree.SubElement(joint, "limit", lower="-1", upper="1", velocity="1", effort="0")
