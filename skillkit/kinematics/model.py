"""The arm as Pinocchio sees it: only its own joints move, everything else in the URDF is locked at its neutral position.

Joint positions are always (n,) in the embodiment's order, whatever Pinocchio uses inside: it keeps a continuous joint as (cos, sin), so
its configuration can be longer than its velocity.
"""

from __future__ import annotations

from math import sqrt

import numpy as np
import pinocchio as pin

from skillkit.embodiment import Embodiment
from skillkit.exceptions import InvalidValue, UnknownName
from skillkit.pose import Array, Pose, frozen

SINGULAR = 1e-12  # determinant of J Jᵀ below which rounding decides its value


class ArmKinematics:
    """Forward kinematics and Jacobian of ``arm.tool`` seen from ``arm.base``."""

    def __init__(self, arm: Embodiment) -> None:
        """Read the arm's URDF.

        Raises:
            InvalidValue: Pinocchio cannot read it. UnknownName: a joint or link it does not have.
        """
        self.arm = arm
        self.model = _reduced(arm)
        self.data = self.model.createData()
        joints = [self.model.joints[self.model.getJointId(name)] for name in arm.joints]
        self._columns = np.array([joint.idx_v for joint in joints])
        self._ordered = self.model.nq == arm.n and self._columns.tolist() == list(range(arm.n))
        self._plain = np.array([i for i, joint in enumerate(joints) if joint.nq == 1], dtype=int)
        self._turning = np.array([i for i, joint in enumerate(joints) if joint.nq == 2], dtype=int)
        self._index = np.array([joint.idx_q for joint in joints])
        self.rotates = frozen(["P" not in joint.shortname() for joint in joints]).astype(bool)  # (n,) turns rather than slides
        self._tool = _frame(self.model, "tool link", arm.tool)
        self._base = _frame(self.model, "base link", arm.base)
        self._set_base()

    def forward(self, position: Array) -> Pose:
        """``transform_tool_to_base`` at joint positions (n,)."""
        point, rotation = self.place(position)
        return Pose(frozen(point), frozen(rotation))

    def jacobian(self, position: Array) -> Array:
        """(6, n) velocity of the tool point and angular velocity of the tool, in base axes, per joint velocity [m or 1 per rad or m]."""
        self.place(position)
        return self.differentiate()

    def manipulability(self, position: Array) -> float:
        """√det(J Jᵀ) (Yoshikawa 1985), √det(Jᵀ J) with fewer than six joints; 0 at a singularity."""
        return manipulability(self.jacobian(position))

    def place(self, position: Array) -> tuple[Array, Array]:
        """Tool point (3,) [m] and rotation (3, 3) in the base frame; leaves Pinocchio's data at ``position`` for :meth:`differentiate`."""
        pin.computeJointJacobians(self.model, self.data, self._configuration(position))
        placement = pin.updateFramePlacement(self.model, self.data, self._tool)
        if self._base_is_root:
            return placement.translation.copy(), placement.rotation.copy()
        return self._root_rotation @ placement.translation + self._root_position, self._root_rotation @ placement.rotation

    def differentiate(self) -> Array:
        """(6, n) Jacobian as of :meth:`jacobian`, at the last placed position."""
        jacobian = pin.getFrameJacobian(self.model, self.data, self._tool, pin.LOCAL_WORLD_ALIGNED)
        if not self._ordered:
            jacobian = jacobian[:, self._columns]
        if self._base_is_root:
            return jacobian
        return np.vstack((self._root_rotation @ jacobian[:3], self._root_rotation @ jacobian[3:]))

    def in_root(self, pose: Pose) -> pin.SE3:
        """``transform_tool_to_base`` as Pinocchio's transform to the model's root, for :meth:`miss`."""
        rotation = self._root_rotation.T
        return pin.SE3(rotation @ pose.rotation, rotation @ (pose.position - self._root_position))

    def miss(self, position: Array, goal: pin.SE3) -> tuple[Array, Array]:
        """At joint positions (n,): the twist (6,) from the tool to ``goal`` [m, rad] and the tool's Jacobian (6, n), both in tool axes."""
        pin.computeJointJacobians(self.model, self.data, self._configuration(position))
        error = pin.log6(pin.updateFramePlacement(self.model, self.data, self._tool).actInv(goal)).vector
        jacobian = pin.getFrameJacobian(self.model, self.data, self._tool, pin.LOCAL)
        return error, jacobian if self._ordered else jacobian[:, self._columns]

    def _configuration(self, position: Array) -> Array:
        if self._ordered:
            return position
        configuration = np.empty(self.model.nq)
        configuration[self._index[self._plain]] = position[self._plain]
        configuration[self._index[self._turning]] = np.cos(position[self._turning])
        configuration[self._index[self._turning] + 1] = np.sin(position[self._turning])
        return configuration

    def _set_base(self) -> None:
        """``transform_root_to_base``: constant, since every joint above the base is locked."""
        pin.framesForwardKinematics(self.model, self.data, pin.neutral(self.model))
        root = self.data.oMf[self._base].inverse()
        self._root_position, self._root_rotation = root.translation.copy(), root.rotation.copy()
        self._base_is_root = bool(root.isIdentity(0.0))


def manipulability(jacobian: Array) -> float:
    """√det(J Jᵀ) of a (6, n) Jacobian, √det(Jᵀ J) where n < 6; exactly 0 where only rounding is left."""
    square = jacobian @ jacobian.T if jacobian.shape[1] >= 6 else jacobian.T @ jacobian
    determinant = float(np.linalg.det(square))
    return sqrt(determinant) if determinant > SINGULAR * SINGULAR else 0.0


def _reduced(arm: Embodiment) -> pin.Model:
    try:
        model = pin.buildModelFromUrdf(str(arm.urdf))
    except Exception as error:
        raise InvalidValue("urdf", str(arm.urdf), f"a URDF that Pinocchio reads ({error})") from None
    names = list(model.names)[1:]
    for name in arm.joints:
        if name not in names:
            raise UnknownName("joint", name, names)
    locked = [model.getJointId(name) for name in names if name not in arm.joints]
    return pin.buildReducedModel(model, locked, pin.neutral(model))


def _frame(model: pin.Model, kind: str, link: str) -> int:
    if not model.existFrame(link, pin.FrameType.BODY):
        raise UnknownName(kind, link, (frame.name for frame in model.frames if frame.type == pin.FrameType.BODY))
    return int(model.getFrameId(link, pin.FrameType.BODY))
