"""Rigid poses in SE(3).

A pose ``transform_a_to_b`` maps coordinates in frame ``a`` to coordinates in frame ``b``; composition reads from right to left.
Rotations are kept as matrices [-]; quaternions are (x, y, z, w) as in ROS; rotation vectors are in [rad].
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import acos, atan2, cos, pi, sin, sqrt
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array: TypeAlias = NDArray[np.float64]
Triple: TypeAlias = "Sequence[float] | Array"
"""Three or four numbers."""


def frozen(values: ArrayLike) -> Array:
    """A read-only float64 copy; the array itself where it is one that nobody can change."""
    if type(values) is np.ndarray and values.base is None and not values.flags.writeable and values.dtype == np.float64:
        return values
    array = np.array(values, dtype=np.float64)
    array.setflags(write=False)
    return array


def sealed(array: Array) -> Array:
    """The array itself, read-only from now on: for one that nobody else holds, where a copy would be for nothing."""
    array.setflags(write=False)
    return array


def norm(vector: Array) -> float:
    """The length of a vector, bit for bit that of ``numpy.linalg.norm`` at a third of its time."""
    return sqrt(float(vector @ vector))


def cross(a: Triple, b: Triple) -> Array:
    """The cross product of two vectors (3,), bit for bit that of ``numpy.cross`` at a tenth of its time."""
    ax, ay, az = a.tolist() if isinstance(a, np.ndarray) else map(float, a)
    bx, by, bz = b.tolist() if isinstance(b, np.ndarray) else map(float, b)
    return np.array([ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx])


def skew(v: Triple) -> Array:
    """(3, 3) matrix with ``skew(v) @ u == cross(v, u)``."""
    x, y, z = v
    return np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])


def rotation_from_vector(vector: Triple) -> Array:
    """Rodrigues' formula: rotation vector (3,) [rad] → matrix (3, 3)."""
    x, y, z = (float(c) for c in vector)
    angle = sqrt(x * x + y * y + z * z)
    if angle < 1e-8:
        a, b = 1.0 - angle * angle / 6.0, 0.5
    else:
        half = sin(0.5 * angle) / angle
        a, b = sin(angle) / angle, 2.0 * half * half
    k = skew((x, y, z))
    return np.eye(3) + a * k + b * (k @ k)


def vector_from_rotation(rotation: Array) -> Array:
    """Rotation matrix (3, 3) → rotation vector (3,) [rad], norm in [0, π]."""
    r = rotation
    (xx, xy, xz), (yx, yy, yz), (zx, zy, zz) = r.tolist()
    axis = np.array([zy - yz, xz - zx, yx - xy])
    twice_sin = norm(axis)
    cosine = min(1.0, max(-1.0, 0.5 * (xx + yy + zz - 1.0)))
    if twice_sin > 1e-6:
        angle = np.arctan2(0.5 * twice_sin, cosine)
        return axis * (angle / twice_sin)
    if cosine > 0.0:
        return 0.5 * axis
    column = int(np.argmax(np.diag(r)))  # near π: the axis is a column of R + 1
    direction = r[:, column] + np.eye(3)[column]
    direction = direction / np.linalg.norm(direction)
    if float(direction @ axis) < 0.0:
        direction = -direction
    return direction * min(pi, acos(cosine))


@dataclass(frozen=True, slots=True, eq=False)
class Pose:
    """A rigid transform.

    Attributes:
        position: (3,) [m].
        rotation: (3, 3) rotation matrix.
    """

    position: Array
    rotation: Array

    @classmethod
    def from_quaternion(cls, position: ArrayLike, quaternion: Triple) -> Pose:
        """Position (3,) [m] and quaternion (x, y, z, w); the quaternion is normalised."""
        x, y, z, w = map(float, quaternion)
        n = x * x + y * y + z * z + w * w
        s = 2.0 / n if n > 0.0 else 0.0
        rotation = np.array(
            [
                [1.0 - s * (y * y + z * z), s * (x * y - z * w), s * (x * z + y * w)],
                [s * (x * y + z * w), 1.0 - s * (x * x + z * z), s * (y * z - x * w)],
                [s * (x * z - y * w), s * (y * z + x * w), 1.0 - s * (x * x + y * y)],
            ]
        )
        return cls(frozen(position), sealed(rotation))

    @classmethod
    def from_vector(cls, position: ArrayLike = (0.0, 0.0, 0.0), vector: Triple = (0.0, 0.0, 0.0)) -> Pose:
        """Position (3,) [m] and rotation vector (3,) [rad]."""
        return cls(frozen(position), frozen(rotation_from_vector(vector)))

    @classmethod
    def from_rpy(cls, position: ArrayLike = (0.0, 0.0, 0.0), rpy: Triple = (0.0, 0.0, 0.0)) -> Pose:
        """Position [m] and fixed-axis roll, pitch, yaw [rad], as URDF's ``<origin>``."""
        roll, pitch, yaw = (float(c) for c in rpy)
        x = np.array([[1, 0, 0], [0, cos(roll), -sin(roll)], [0, sin(roll), cos(roll)]])
        y = np.array([[cos(pitch), 0, sin(pitch)], [0, 1, 0], [-sin(pitch), 0, cos(pitch)]])
        z = np.array([[cos(yaw), -sin(yaw), 0], [sin(yaw), cos(yaw), 0], [0, 0, 1]])
        return cls(frozen(position), frozen(z @ y @ x))

    @property
    def quaternion(self) -> Array:
        """(4,) quaternion (x, y, z, w), w ≥ 0."""
        r = self.rotation
        diagonal = (float(r[0, 0]), float(r[1, 1]), float(r[2, 2]))
        candidates = (diagonal[0] + diagonal[1] + diagonal[2], *diagonal)
        largest = max(range(4), key=candidates.__getitem__)
        if largest == 0:
            q = np.array([r[2, 1] - r[1, 2], r[0, 2] - r[2, 0], r[1, 0] - r[0, 1], 1.0 + candidates[0]])
        else:
            i = largest - 1
            j, k = (i + 1) % 3, (i + 2) % 3
            q = np.empty(4)
            q[i] = 1.0 + r[i, i] - r[j, j] - r[k, k]
            q[j] = r[j, i] + r[i, j]
            q[k] = r[k, i] + r[i, k]
            q[3] = r[k, j] - r[j, k]
        q = q / sqrt(float(q @ q))
        return -q if q[3] < 0.0 else q

    def rpy(self) -> tuple[float, float, float]:
        """The inverse of :meth:`from_rpy`: roll, pitch, yaw [rad]; yaw is 0 where pitch is ±π/2."""
        r = self.rotation
        cosine = sqrt(float(r[0, 0] ** 2 + r[1, 0] ** 2))
        pitch = atan2(-float(r[2, 0]), cosine)
        if cosine < 1e-9:
            return atan2(-float(r[1, 2]), float(r[1, 1])), pitch, 0.0
        return atan2(float(r[2, 1]), float(r[2, 2])), pitch, atan2(float(r[1, 0]), float(r[0, 0]))

    def __matmul__(self, other: Pose) -> Pose:
        """``transform_b_to_c @ transform_a_to_b = transform_a_to_c``."""
        return Pose(sealed(self.position + self.rotation @ other.position), sealed(self.rotation @ other.rotation))

    def inverse(self) -> Pose:
        """``transform_a_to_b`` → ``transform_b_to_a``."""
        return Pose(sealed(-(self.rotation.T @ self.position)), frozen(self.rotation.T))

    def apply(self, point: ArrayLike) -> Array:
        """A point (3,) [m] of the pose's frame, in its parent frame."""
        return self.position + self.rotation @ np.asarray(point, dtype=np.float64)

    def rotation_to(self, goal: Pose) -> Array:
        """Rotation vector (3,) [rad], in the parent frame, that turns this pose into ``goal``."""
        return vector_from_rotation(goal.rotation @ self.rotation.T)

    def values(self) -> tuple[float, ...]:
        """(12,) position then rotation row by row: exact, for snapshots."""
        return (*self.position.tolist(), *self.rotation.ravel().tolist())

    @classmethod
    def from_values(cls, values: ArrayLike) -> Pose:
        """The inverse of :meth:`values`, bit for bit."""
        array = np.asarray(values, dtype=np.float64)
        return cls(frozen(array[:3]), frozen(array[3:12].reshape(3, 3)))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Pose) and self.values() == other.values()

    def __hash__(self) -> int:
        return hash(self.values())
