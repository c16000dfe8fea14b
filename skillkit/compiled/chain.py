"""Tool pose and Jacobian of a chain of joints, compiled.

Every joint turns about, or slides along, the z axis of its own frame. ``links`` holds for each, and for the tool at the end, the transform from the joint
before: rotation (9, row by row) and translation (3) [m]; then 1 if it turns, the number of the arm's joint that drives it, multiplier and offset.
"""

from __future__ import annotations

from math import atan2, cos, sin, sqrt

import numpy as np

from skillkit.compiled.machine_code import entry, inline
from skillkit.pose import Array

LINK = 16  # numbers per link
SMALL = 1e-8  # [rad] below which the first terms of a series are exact


@inline
def product(a: Array, b: Array, out: Array) -> None:
    """(3, 3) times (3, 3), each (9,)."""
    for i in range(0, 9, 3):
        x, y, z = a[i], a[i + 1], a[i + 2]
        for j in range(3):
            out[i + j] = x * b[j] + y * b[3 + j] + z * b[6 + j]


@inline
def step_over(links: Array, k: int, place: Array) -> None:
    """From the frame of the joint before to that of link ``k``: ``place`` (12,), rotation and point."""
    at = LINK * k
    for i in range(3):
        x, y, z = place[3 * i], place[3 * i + 1], place[3 * i + 2]
        place[9 + i] += x * links[at + 9] + y * links[at + 10] + z * links[at + 11]
        for j in range(3):
            place[3 * i + j] = x * links[at + j] + y * links[at + 3 + j] + z * links[at + 6 + j]


@inline
def locate(links: Array, n: int, q: Array, place: Array, jacobian: Array, work: Array) -> None:
    """Into ``place`` (12,) the tool's rotation and point in the base frame, into ``jacobian`` (6·n,) row by row the velocities per joint velocity.

    ``work`` (6 per link) is room for axes and points.
    """
    joints = links.size // LINK - 1
    for i in range(12):
        place[i] = 1.0 if i in (0, 4, 8) else 0.0
    for k in range(joints):
        step_over(links, k, place)
        at = LINK * k
        value = links[at + 14] * q[int(links[at + 13])] + links[at + 15]
        for i in range(3):
            work[6 * k + i], work[6 * k + 3 + i] = place[3 * i + 2], place[9 + i]
        if links[at + 12] == 1.0:
            c, s = cos(value), sin(value)
            for i in range(3):
                x, y = place[3 * i], place[3 * i + 1]
                place[3 * i], place[3 * i + 1] = c * x + s * y, c * y - s * x
        else:
            for i in range(3):
                place[9 + i] += value * place[3 * i + 2]
    step_over(links, joints, place)
    jacobian[: 6 * n] = 0.0
    for k in range(joints):
        add_column(links, n, k, place, jacobian, work)


@inline
def add_column(links: Array, n: int, k: int, place: Array, jacobian: Array, work: Array) -> None:
    """What joint ``k`` of the chain adds to the Jacobian."""
    at = LINK * k
    j, gain = int(links[at + 13]), links[at + 14]
    x, y, z = gain * work[6 * k], gain * work[6 * k + 1], gain * work[6 * k + 2]
    if links[at + 12] != 1.0:
        jacobian[j] += x
        jacobian[n + j] += y
        jacobian[2 * n + j] += z
        return
    a, b, c = place[9] - work[6 * k + 3], place[10] - work[6 * k + 4], place[11] - work[6 * k + 5]
    jacobian[j] += y * c - z * b
    jacobian[n + j] += z * a - x * c
    jacobian[2 * n + j] += x * b - y * a
    jacobian[3 * n + j] += x
    jacobian[4 * n + j] += y
    jacobian[5 * n + j] += z


@inline
def turned(vector: Array, rotation: Array, out: Array, work: Array) -> None:
    """``exp(vector) · rotation``: ``vector`` (3,) [rad], rotations (9,)."""
    x, y, z = vector[0], vector[1], vector[2]
    angle = sqrt(x * x + y * y + z * z)
    a, b = 1.0, 0.5
    if angle > SMALL:
        half = sin(0.5 * angle) / angle
        a, b = sin(angle) / angle, 2.0 * half * half
    work[0], work[1], work[2] = 1.0 - b * (y * y + z * z), b * x * y - a * z, b * x * z + a * y
    work[3], work[4], work[5] = b * x * y + a * z, 1.0 - b * (x * x + z * z), b * y * z - a * x
    work[6], work[7], work[8] = b * x * z - a * y, b * y * z + a * x, 1.0 - b * (x * x + y * y)
    product(work, rotation, out)


@inline
def quaternion(a: Array, b: Array) -> tuple[float, float, float, float]:
    """``a · bᵀ`` as a quaternion (x, y, z, w) that is not normalised, from the largest of its four components (Shepperd 1978)."""
    m00, m01, m02 = _row(a, b, 0)
    m10, m11, m12 = _row(a, b, 3)
    m20, m21, m22 = _row(a, b, 6)
    trace = m00 + m11 + m22
    if trace >= m00 and trace >= m11 and trace >= m22:
        return m21 - m12, m02 - m20, m10 - m01, 1.0 + trace
    if m00 >= m11 and m00 >= m22:
        return 1.0 + m00 - m11 - m22, m01 + m10, m02 + m20, m21 - m12
    if m11 >= m22:
        return m01 + m10, 1.0 - m00 + m11 - m22, m12 + m21, m02 - m20
    return m02 + m20, m12 + m21, 1.0 - m00 - m11 + m22, m10 - m01


@inline
def _row(a: Array, b: Array, i: int) -> tuple[float, float, float]:
    x, y, z = a[i], a[i + 1], a[i + 2]
    return x * b[0] + y * b[1] + z * b[2], x * b[3] + y * b[4] + z * b[5], x * b[6] + y * b[7] + z * b[8]


@inline
def between(a: Array, b: Array, out: Array) -> None:
    """``log(a · bᵀ)`` into ``out`` (3,) [rad], norm in [0, π]: what turns ``b`` into ``a``."""
    x, y, z, w = quaternion(a, b)
    if w < 0.0:
        x, y, z, w = -x, -y, -z, -w
    size = sqrt(x * x + y * y + z * z)
    gain = 2.0 / w if size <= SMALL * w else 2.0 * atan2(size, w) / size
    out[0], out[1], out[2] = gain * x, gain * y, gain * z


@entry("n: V i V v v")
def forward(links: Array, n: int, q: Array, place: Array, jacobian: Array) -> None:
    """:func:`locate` with room of its own."""
    locate(links, n, q, place, jacobian, np.empty(6 * (links.size // LINK)))
