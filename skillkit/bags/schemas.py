"""Message schemas of a bag: the full ``ros2msg`` text of every type that is written, without ROS being installed.

A full schema is the type's own definition followed by those of all types it uses, each after a line of 80 ``=`` and a line
``MSG: package/Type`` (https://mcap.dev/spec/registry#ros2msg). Definitions of ``skillkit_interfaces`` are read from the ``.msg`` files
that ROS 2 is built from, so there is one source; the few standard types are given here as their field lists.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from skillkit.bags.definition import parse_definition, short_name
from skillkit.exceptions import BagError, UnknownName
from skillkit.share import PACKAGE

SEPARATOR = "=" * 80
OWN_PACKAGE = "skillkit_interfaces"

STEP = "skillkit_interfaces/msg/Step"
STEP_RESULT = "skillkit_interfaces/msg/StepResult"
DIGEST = "skillkit_interfaces/msg/Digest"
KEYFRAME = "skillkit_interfaces/msg/Keyframe"
SEEN = "skillkit_interfaces/msg/Seen"
TREE_SNAPSHOT = "skillkit_interfaces/msg/TreeSnapshot"
JOINT_STATE = "sensor_msgs/msg/JointState"
JOINT_TRAJECTORY = "trajectory_msgs/msg/JointTrajectory"
POSE_STAMPED = "geometry_msgs/msg/PoseStamped"
FLOAT64 = "std_msgs/msg/Float64"

STANDARD = {
    "builtin_interfaces/Time": "int32 sec\nuint32 nanosec\n",
    "builtin_interfaces/Duration": "int32 sec\nuint32 nanosec\n",
    "std_msgs/Header": "builtin_interfaces/Time stamp\nstring frame_id\n",
    "std_msgs/Float64": "float64 data\n",
    "std_msgs/String": "string data\n",
    "geometry_msgs/Point": "float64 x\nfloat64 y\nfloat64 z\n",
    "geometry_msgs/Quaternion": "float64 x 0\nfloat64 y 0\nfloat64 z 0\nfloat64 w 1\n",
    "geometry_msgs/Pose": "Point position\nQuaternion orientation\n",
    "geometry_msgs/PoseStamped": "std_msgs/Header header\nPose pose\n",
    "sensor_msgs/JointState": "std_msgs/Header header\nstring[] name\nfloat64[] position\nfloat64[] velocity\nfloat64[] effort\n",
    "trajectory_msgs/JointTrajectoryPoint": (
        "float64[] positions\nfloat64[] velocities\nfloat64[] accelerations\nfloat64[] effort\nbuiltin_interfaces/Duration time_from_start\n"
    ),
    "trajectory_msgs/JointTrajectory": "std_msgs/Header header\nstring[] joint_names\nJointTrajectoryPoint[] points\n",
}


def message_folders() -> Iterator[Path]:
    """Folders that may hold the ``.msg`` files of skillkit_interfaces: checkout, installation, ROS 2 environment."""
    yield PACKAGE.parent / "ros2_ws" / "src" / OWN_PACKAGE / "msg"
    for prefix in _prefixes():
        yield prefix / "share" / "skillkit" / "msg"
        yield prefix / "share" / OWN_PACKAGE / "msg"


def _prefixes() -> list[Path]:
    return [Path(sys.prefix), *(Path(part) for part in os.environ.get("AMENT_PREFIX_PATH", "").split(os.pathsep) if part)]


@cache
def definitions() -> dict[str, str]:
    """Every definition that can be written, by ``package/Type``.

    Raises:
        BagError: the message files of skillkit_interfaces are nowhere; the searched folders are named.
    """
    for folder in message_folders():
        files = sorted(folder.glob("*.msg"))
        if files:
            return {**STANDARD, **{f"{OWN_PACKAGE}/{file.stem}": file.read_text(encoding="utf-8") for file in files}}
    searched = ", ".join(str(folder) for folder in message_folders())
    raise BagError(OWN_PACKAGE, f"its .msg files are in none of {searched}", "install skillkit again, or run from a checkout")


@cache
def installed(name: str) -> str:
    """The definition of ``package/Type`` as an installed ROS 2 has it; empty where it has none."""
    package, _, kind = name.partition("/")
    for prefix in _prefixes():
        file = prefix / "share" / package / "msg" / f"{kind}.msg"
        if file.is_file():
            return file.read_text(encoding="utf-8")
    return ""


def text_of(name: str) -> str:
    """The definition of ``package/Type``.

    Raises:
        BagError: nobody here knows it.
    """
    text = definitions().get(name) or installed(name)
    if not text:
        raise BagError(name, "its definition is not known here", "install its package")
    return text


@cache
def schema(name: str) -> str:
    """The full ``ros2msg`` schema of a type named as in ROS 2, ``package/msg/Type``.

    Raises:
        UnknownName: no such type here; the message offers the nearest.
    """
    known, root = definitions(), short_name(name)
    if root not in known and not installed(root):
        raise UnknownName("message type", name, (f"{package}/msg/{word}" for package, word in (key.split("/") for key in known)))
    needed: list[str] = []
    waiting = [root]
    while waiting:
        current = waiting.pop(0)
        if current in needed:
            continue
        needed.append(current)
        waiting.extend(field.type for field in parse_definition(text_of(current), current) if not field.primitive)
    parts = [text_of(root), *(f"{SEPARATOR}\nMSG: {other}\n{text_of(other)}" for other in needed[1:])]
    return "".join(part if part.endswith("\n") else f"{part}\n" for part in parts)
