"""An arm model with the joint names that its driver uses."""

from __future__ import annotations

from dataclasses import replace

from skillkit.embodiment import Embodiment


def on_wire(model: Embodiment, prefix: str) -> Embodiment:
    """The model with ``prefix`` before every joint, as two arms of one description have it (``left_…``). For names only: its URDF has no such joints."""
    if not prefix or all(joint.startswith(prefix) for joint in model.joints):
        return model
    gripper = model.gripper and replace(model.gripper, joints=tuple(prefix + joint for joint in model.gripper.joints))
    return replace(model, joints=tuple(prefix + joint for joint in model.joints), gripper=gripper)
