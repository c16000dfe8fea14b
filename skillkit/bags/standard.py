"""The standard ROS 2 messages that follow from one step: what other tools draw without knowing ours.

``/<arm>/joint_states`` and ``/<arm>/command`` for each arm, ``/objects/<name>/pose`` for each object, ``/signals/<name>`` for each signal.
They repeat what the step and its result say; a re-execution does not need them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

from skillkit.bags.schemas import FLOAT64, JOINT_STATE, JOINT_TRAJECTORY, POSE_STAMPED
from skillkit.embodiment import Embodiment
from skillkit.records import header

Topic: TypeAlias = tuple[str, str, dict[str, Any]]

POSE_LENGTH = 7  # x y z [m], quaternion x y z w


class Joints(NamedTuple):
    """How the joints of one arm are called in its standard messages.

    Attributes:
        arm: joint names in command order.
        fingers: finger joints; all follow the first.
        finger_per_gap: position of a finger joint per metre of gap, and at gap 0.
    """

    arm: tuple[str, ...]
    fingers: tuple[str, ...] = ()
    finger_per_gap: tuple[float, float] = (0.5, 0.0)

    @classmethod
    def of(cls, embodiment: Embodiment) -> Joints:
        """The names of an arm model."""
        gripper = embodiment.gripper
        if gripper is None or gripper.width <= 0.0:
            return cls(embodiment.joints)
        return cls(embodiment.joints, gripper.joints, ((gripper.open - gripper.closed) / gripper.width, gripper.closed))


def standard_messages(step: Mapping[str, Any], result: Mapping[str, Any], arms: Mapping[str, Joints]) -> Iterator[Topic]:
    """Topic, type and message of everything standard in one step."""
    for entry in step["inputs"]:
        kind, name, values = entry["kind"], entry["name"], entry["values"]
        if kind == "joint":
            yield f"/{name}/joint_states", JOINT_STATE, _joint_state(entry, arms.get(name))
        elif kind == "object" and len(values) == POSE_LENGTH:
            yield f"/objects/{name}/pose", POSE_STAMPED, _pose(entry)
        elif kind == "signal" and len(values):
            yield f"/signals/{name}", FLOAT64, {"data": values[0]}
    for command in result.get("commands", ()):
        yield f"/{command['arm']}/command", JOINT_TRAJECTORY, _trajectory(command, step["now"], arms.get(command["arm"]))


def _head(time: float, frame: str = "") -> dict[str, Any]:
    return header(time if 0.0 <= time < 2e9 else 0.0, frame)


def _names(joints: Joints | None, n: int) -> Sequence[str]:
    return joints.arm if joints is not None and len(joints.arm) == n else [f"joint{i + 1}" for i in range(n)]


def _joint_state(entry: Mapping[str, Any], joints: Joints | None) -> dict[str, Any]:
    values = entry["values"]
    n = max(0, (len(values) - 2) // 2)
    fingers = joints.fingers if joints is not None else ()
    slope, offset = joints.finger_per_gap if joints is not None else (0.0, 0.0)
    finger = [slope * values[2 * n] + offset] * len(fingers) if len(values) > 2 * n else []
    return {
        "header": _head(entry["received"]),
        "name": [*_names(joints, n), *fingers[: len(finger)]],
        "position": [*values[:n], *finger],
        "velocity": [*values[n : 2 * n], *([0.0] * len(finger))],
        "effort": [],
    }


def _pose(entry: Mapping[str, Any]) -> dict[str, Any]:
    x, y, z, qx, qy, qz, qw = entry["values"]
    pose = {"position": {"x": x, "y": y, "z": z}, "orientation": {"x": qx, "y": qy, "z": qz, "w": qw}}
    return {"header": _head(entry["received"], "world"), "pose": pose}


def _trajectory(command: Mapping[str, Any], now: float, joints: Joints | None) -> dict[str, Any]:
    point = {
        "positions": command["position"],
        "velocities": command["velocity"],
        "accelerations": [],
        "effort": [],
        "time_from_start": {"sec": 0, "nanosec": 0},
    }
    return {"header": _head(now), "joint_names": _names(joints, len(command["position"])), "points": [point]}
