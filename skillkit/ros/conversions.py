"""Messages ↔ the core's values. Pure: no node, no clock; times are handed in.

Message fields are not checked in production: an int in a ``float64`` field would silently become 5e-324, so every number is converted here.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Any

import numpy as np
from builtin_interfaces.msg import Time
from geometry_msgs.msg import PoseStamped, PoseWithCovarianceStamped, Transform, WrenchStamped
from sensor_msgs.msg import JointState
from trajectory_msgs.msg import JointTrajectory
from visualization_msgs.msg import Marker, MarkerArray

from skillkit.embodiment import Embodiment
from skillkit.exceptions import SkillkitError
from skillkit.hardware import WrenchSource
from skillkit.pose import Array, Pose, cross, frozen
from skillkit.records import Record, header, time_fields
from skillkit.spaces import JointInput, ObjectInput, WrenchInput

Sampled = tuple[list[float], list[list[float]], list[list[float]]]
"""Times from start (k,) [s], positions (k, n), velocities (k, n)."""


def seconds(stamp: Time) -> float:
    """A stamp in seconds."""
    return float(stamp.sec) + 1e-9 * float(stamp.nanosec)


def stamp_of(time: float) -> Time:
    """Seconds as a stamp."""
    fields = time_fields(time)
    return Time(sec=fields["sec"], nanosec=fields["nanosec"])


class JointStateReader:
    """Joint states of one arm, matched by joint name.

    A driver that publishes no velocities gets them from the difference of its last two positions.

    Args:
        gripped: the gripper is driven from here, so there is no state before its opening is known: one that passes for closed would have it closed.
    """

    def __init__(self, arm: str, embodiment: Embodiment, gripped: bool = False) -> None:
        self.arm, self.embodiment = arm, embodiment
        self.missing: list[str] = []  # joints that the last state lacked
        self._gripped = gripped and embodiment.gripper is not None
        self._apart: tuple[float, float] | None = None  # first finger joint and its effort, where they have a topic of their own
        self._names: tuple[str, ...] = ()
        self._places: list[int] | None = None
        self._finger = -1
        self._before: tuple[float, list[float]] | None = None

    def read(self, message: JointState, received: float) -> JointInput | None:
        """The arm's part of a message; ``None`` where a joint of the arm is missing or the arrays do not fit each other."""
        names = tuple(message.name)
        if names != self._names:
            self._learn(names)
        if self._places is None or len(message.position) != len(names) or self.missing:
            return None
        position = [float(message.position[place]) for place in self._places]
        stamp = seconds(message.header.stamp)
        velocity = self._velocity(message, position, stamp)
        self._before = (stamp, position)
        return JointInput(self.arm, stamp, received, tuple(position), tuple(velocity), self._opening(message), self._force(message))

    def _learn(self, names: tuple[str, ...]) -> None:
        self._names = names
        joints = self.embodiment.joints
        self._places = [names.index(joint) for joint in joints] if set(joints) <= set(names) else None
        gripper = self.embodiment.gripper
        self._finger = names.index(gripper.joints[0]) if gripper and gripper.joints[0] in names else -1
        needed = [*joints, *(gripper.joints[:1] if gripper and self._gripped and self._apart is None else ())]
        self.missing = [joint for joint in needed if joint not in names]

    def read_fingers(self, message: JointState) -> None:
        """A state of the gripper on a topic of its own."""
        gripper = self.embodiment.gripper
        if gripper is not None and gripper.joints[0] in message.name and len(message.position) == len(message.name):
            place = list(message.name).index(gripper.joints[0])
            effort = abs(float(message.effort[place])) if len(message.effort) == len(message.name) else 0.0
            self._apart = float(message.position[place]), effort
            self.missing = [joint for joint in self.missing if joint != gripper.joints[0]]

    def _velocity(self, message: JointState, position: list[float], stamp: float) -> list[float]:
        if self._places is not None and len(message.velocity) == len(self._names):
            return [float(message.velocity[place]) for place in self._places]
        if self._before is None or stamp <= self._before[0]:
            return [0.0] * len(position)
        return [(now - before) / (stamp - self._before[0]) for now, before in zip(position, self._before[1], strict=True)]

    def _opening(self, message: JointState) -> float:
        gripper = self.embodiment.gripper
        if gripper is not None and self._apart is not None:
            return gripper.gap(self._apart[0])
        return gripper.gap(float(message.position[self._finger])) if gripper and self._finger >= 0 else 0.0

    def _force(self, message: JointState) -> float:
        if self._apart is not None:
            return self._apart[1]
        return abs(float(message.effort[self._finger])) if self._finger >= 0 and len(message.effort) == len(self._names) else 0.0


def joint_state(embodiment: Embodiment, given: JointInput) -> JointState:
    """One arm's state as a driver publishes it, the fingers after the arm's joints."""
    message = JointState()
    message.header.stamp = stamp_of(given.stamp)
    fingers = embodiment.gripper.joints if embodiment.gripper else ()
    message.name = [*embodiment.joints, *fingers]
    at = finger_position(embodiment, given.opening)
    message.position = [float(value) for value in given.position] + [at] * len(fingers)
    message.velocity = [float(value) for value in given.velocity] + [0.0] * len(fingers)
    message.effort = [0.0] * len(given.position) + [float(given.force)] * len(fingers)
    return message


def finger_position(embodiment: Embodiment, gap: float) -> float:
    """Gap between the fingers [m] → position of the first finger joint."""
    gripper = embodiment.gripper
    return gripper.closed + gap / gripper.width * (gripper.open - gripper.closed) if gripper else 0.0


def gripper_command(embodiment: Embodiment, closure: float) -> list[float]:
    """Closure 0 … 1 → positions of the finger joints, as a forward controller takes them."""
    gripper = embodiment.gripper
    return [float(gripper.joint_position(closure))] * len(gripper.joints) if gripper else []


def closure_of(embodiment: Embodiment, positions: Iterable[float]) -> float | None:
    """The inverse of :func:`gripper_command`; ``None`` for anything that is not a finite finger position."""
    first = next(iter(positions), float("nan"))
    gripper = embodiment.gripper
    if gripper is None or not abs(first) < 1e6:
        return None
    return min(1.0, max(0.0, (float(first) - gripper.open) / (gripper.closed - gripper.open)))


# ---- objects -----------------------------------------------------------------------------------------------------------------------


def object_input(name: str, message: PoseStamped | PoseWithCovarianceStamped, received: float) -> ObjectInput:
    """A perceived pose, in the frame of its header."""
    pose = message.pose.pose if isinstance(message, PoseWithCovarianceStamped) else message.pose
    p, q = pose.position, pose.orientation
    position = (float(p.x), float(p.y), float(p.z))
    return ObjectInput(name, seconds(message.header.stamp), received, position, (float(q.x), float(q.y), float(q.z), float(q.w)))


def spread_of(covariance: Iterable[float]) -> float:
    """Standard deviation of a position [m] along its worst direction, of a (36,) covariance row by row."""
    matrix = np.array([float(value) for value in covariance]).reshape(6, 6)[:3, :3]
    return float(np.sqrt(max(0.0, float(np.linalg.eigvalsh(0.5 * (matrix + matrix.T))[-1])))) if np.isfinite(matrix).all() else float("inf")


def pose_of_transform(message: Transform) -> Pose:
    """``transform_child_to_parent``."""
    t, q = message.translation, message.rotation
    return Pose.from_quaternion([float(t.x), float(t.y), float(t.z)], [float(q.x), float(q.y), float(q.z), float(q.w)])


def pose_stamped(given: ObjectInput) -> PoseStamped:
    """The inverse of :func:`object_input`, in the frame ``world``."""
    message = PoseStamped()
    message.header.stamp, message.header.frame_id = stamp_of(given.stamp), "world"
    p, q = message.pose.position, message.pose.orientation
    p.x, p.y, p.z = (float(value) for value in given.position)
    q.x, q.y, q.z, q.w = (float(value) for value in given.quaternion)
    return message


def wrench_input(arm: str, source: WrenchSource, message: WrenchStamped, received: float) -> WrenchInput | None:
    """What a sensor tells, as what the world exerts on the tool at its origin; ``None`` where the message is in another frame than declared."""
    if source.frame and message.header.frame_id != source.frame:
        return None
    f, t = message.wrench.force, message.wrench.torque
    values = moved_wrench(source.at, source.sign * np.array([f.x, f.y, f.z, t.x, t.y, t.z], dtype=np.float64))
    return WrenchInput(arm, seconds(message.header.stamp), received, tuple(values.tolist()))


def moved_wrench(transform: Pose, wrench: Array) -> Array:
    """A wrench (6,) in another frame, at its origin: ``transform`` is ``transform_from_to_to``. τ' = R τ + p × R f."""
    force = transform.rotation @ wrench[:3]
    return np.concatenate([force, transform.rotation @ wrench[3:] + cross(transform.position, force)])


def wrench_stamped(frame: str, given: WrenchInput) -> WrenchStamped:
    """A wrench as ``geometry_msgs/WrenchStamped``."""
    message = WrenchStamped()
    message.header.frame_id, message.header.stamp = frame, stamp_of(given.stamp)
    f, t = message.wrench.force, message.wrench.torque
    f.x, f.y, f.z, t.x, t.y, t.z = (float(value) for value in given.values)
    return message


def size_markers(sizes: Mapping[str, Any]) -> MarkerArray:
    """Objects' full extents (3,) [m] as boxes, namespace = name of the object."""
    array = MarkerArray()
    for name, size in sizes.items():
        marker = Marker(ns=name, type=Marker.CUBE)
        marker.header.frame_id = "world"
        marker.scale.x, marker.scale.y, marker.scale.z = (float(value) for value in size)
        marker.color.g = marker.color.a = 0.5
        array.markers.append(marker)
    return array


def sizes_of(markers: MarkerArray) -> dict[str, Array]:
    """The inverse of :func:`size_markers`."""
    return {str(marker.ns): frozen([marker.scale.x, marker.scale.y, marker.scale.z]) for marker in markers.markers}


# ---- trajectories --------------------------------------------------------------------------------------------------------------------


def trajectory_record(joints: Iterable[str], points: Iterable[tuple[float, list[float], list[float]]]) -> Record:
    """``trajectory_msgs/JointTrajectory`` that starts when it arrives; points are (time from start [s], positions, velocities)."""
    rows = [
        {"positions": position, "velocities": velocity, "accelerations": [], "effort": [], "time_from_start": time_fields(time)}
        for time, position, velocity in points
    ]
    return {"header": header(0.0), "joint_names": list(joints), "points": rows}


def sampled(embodiment: Embodiment, message: JointTrajectory) -> Sampled | None:
    """The points of a trajectory in the arm's joint order; ``None`` where a driver would reject it."""
    names = list(message.joint_names)
    if not message.points or set(names) != set(embodiment.joints):
        return None
    order = [names.index(joint) for joint in embodiment.joints]
    times, positions, velocities = [], [], []
    for point in message.points:
        if len(point.positions) != len(names) or len(point.velocities) != len(names):
            return None
        times.append(float(point.time_from_start.sec) + 1e-9 * float(point.time_from_start.nanosec))
        positions.append([float(point.positions[place]) for place in order])
        velocities.append([float(point.velocities[place]) for place in order])
    finite = all(abs(value) < 1e6 for row in (*positions, *velocities) for value in row)
    rising = times[0] > 0.0 and all(before < after for before, after in pairwise(times))
    return (times, positions, velocities) if finite and rising else None


# ---- requests ------------------------------------------------------------------------------------------------------------------------


def parameters_of(text: str) -> dict[str, Any]:
    """Parameters of a goal: a JSON object, or nothing.

    Raises:
        SkillkitError: anything else.
    """
    try:
        values = json.loads(text) if text.strip() else {}
    except ValueError as error:
        raise SkillkitError(f'the parameters are not JSON ({error}); write for example {{"cup": "cup_1"}}') from None
    if not isinstance(values, dict):
        raise SkillkitError(f'the parameters are a JSON {type(values).__name__}; allowed: an object, for example {{"cup": "cup_1"}}')
    return values
