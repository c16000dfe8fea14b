"""The arm as Pinocchio sees it: only its own joints move, everything else in the URDF is locked at its neutral position.

Joint positions are always (n,) in the embodiment's order, whatever Pinocchio uses inside: it keeps a continuous joint as (cos, sin), so
its configuration can be longer than its velocity, and a joint that mimics another is one of its own. With such followers the model
moves by M q + c, and the Jacobian is that of the model times M.
"""

from __future__ import annotations

from math import sqrt

import numpy as np
import pinocchio as pin

from skillkit.embodiment import Embodiment
from skillkit.exceptions import InvalidFile, InvalidValue, UnknownName
from skillkit.pose import Array, Pose, frozen, sealed
from skillkit.urdf import UrdfTree

LINK = "link "  # ahead of the name of a link's frame: a URDF may give a link and a joint the same name, Pinocchio's frames may not share one
SINGULAR = 1e-12  # determinant of J Jᵀ below which rounding decides its value


class ArmKinematics:
    """Forward kinematics and Jacobian of ``arm.tool`` seen from ``arm.base``."""

    def __init__(self, arm: Embodiment) -> None:
        """Read the arm's URDF.

        Raises:
            InvalidValue: Pinocchio cannot read it. UnknownName: a joint or link it does not have.
        """
        self.arm = arm
        followers = _followers(arm)
        self.model = _reduced(arm, tuple(followers))
        self.data = self.model.createData()
        joints = [self.model.joints[self.model.getJointId(name)] for name in (*arm.joints, *followers)]
        self._follow = np.vstack((np.eye(arm.n), *([multiplier * (np.array(arm.joints) == leader)] for leader, multiplier, _ in followers.values())))
        self._offset = np.array([0.0] * arm.n + [offset for *_, offset in followers.values()])
        self._alone = not followers
        self._columns = np.array([joint.idx_v for joint in joints])
        self._ordered = self.model.nq == arm.n and self._columns.tolist() == list(range(arm.n))
        self._plain = np.array([i for i, joint in enumerate(joints) if joint.nq == 1], dtype=int)
        self._turning = np.array([i for i, joint in enumerate(joints) if joint.nq == 2], dtype=int)
        self._index = np.array([joint.idx_q for joint in joints])
        self.rotates = frozen(["P" not in joint.shortname() for joint in joints[: arm.n]]).astype(bool)  # (n,) turns rather than slides
        self.tool = _frame(self.model, "tool link", arm.tool)
        self._base = _frame(self.model, "base link", arm.base)
        self._set_base()

    def forward(self, position: Array) -> Pose:
        """``transform_tool_to_base`` at joint positions (n,)."""
        point, rotation = self.place(position)
        return Pose(sealed(point), sealed(rotation))

    def jacobian(self, position: Array) -> Array:
        """(6, n) velocity of the tool point and angular velocity of the tool, in base axes, per joint velocity [m or 1 per rad or m]."""
        self.place(position)
        return self.differentiate()

    def manipulability(self, position: Array) -> float:
        """√det(J Jᵀ) (Yoshikawa 1985), √det(Jᵀ J) with fewer than six joints; 0 at a singularity."""
        return manipulability(self.jacobian(position))

    def place(self, position: Array) -> tuple[Array, Array]:
        """Tool point (3,) [m] and rotation (3, 3) in the base frame; leaves Pinocchio's data at ``position`` for :meth:`differentiate`."""
        pin.computeJointJacobians(self.model, self.data, self.configuration(position))
        placed = pin.updateFramePlacement(self.model, self.data, self.tool).homogeneous  # a copy, in one call
        point, rotation = placed[:3, 3], placed[:3, :3]
        if self._base_is_root:
            return point, rotation
        return self._root_rotation @ point + self._root_position, self._root_rotation @ rotation

    def differentiate(self) -> Array:
        """(6, n) Jacobian as of :meth:`jacobian`, at the last placed position."""
        jacobian = pin.getFrameJacobian(self.model, self.data, self.tool, pin.LOCAL_WORLD_ALIGNED)
        if not self._ordered:
            jacobian = self.of_arm(jacobian)
        if self._base_is_root:
            return jacobian
        return np.vstack((self._root_rotation @ jacobian[:3], self._root_rotation @ jacobian[3:]))

    def in_root(self, pose: Pose) -> pin.SE3:
        """``transform_tool_to_base`` as Pinocchio's transform to the model's root, for :meth:`miss`."""
        rotation = self._root_rotation.T
        return pin.SE3(rotation @ pose.rotation, rotation @ (pose.position - self._root_position))

    def miss(self, position: Array, goal: pin.SE3) -> tuple[Array, Array]:
        """At joint positions (n,): the twist (6,) from the tool to ``goal`` [m, rad] and the tool's Jacobian (6, n), both in tool axes."""
        pin.computeJointJacobians(self.model, self.data, self.configuration(position))
        error = pin.log6(pin.updateFramePlacement(self.model, self.data, self.tool).actInv(goal)).vector
        jacobian = pin.getFrameJacobian(self.model, self.data, self.tool, pin.LOCAL)
        return error, jacobian if self._ordered else self.of_arm(jacobian)

    def of_arm(self, jacobian: Array) -> Array:
        """The model's Jacobian by velocities of the arm's joints."""
        jacobian = jacobian[:, self._columns]
        return jacobian if self._alone else jacobian @ self._follow

    @property
    def root(self) -> tuple[Array, Array]:
        """``transform_root_to_base``: rotation (3, 3) and translation (3,) [m]."""
        return self._root_rotation, self._root_position

    def driven_by(self, column: int) -> tuple[int, float, float]:
        """Which of the arm's joints moves that of the model's Jacobian column, by which multiplier, from which offset."""
        row = int(np.flatnonzero(self._columns == column)[0])
        joint = int(np.argmax(np.abs(self._follow[row])))
        return joint, float(self._follow[row, joint]), float(self._offset[row])

    def levers(self, carried: Array) -> Array:
        """(n,) metres that a point which joints carry moves at most per radian or metre of each of the arm's joints.

        ``carried`` (joints of the model and the root,) says how far from each joint's own origin the furthest thing is that hangs on it [m].
        """
        model, reach = self.model, np.array(carried, dtype=np.float64)
        tool = model.frames[self.tool]
        reach[tool.parentJoint] = max(reach[tool.parentJoint], float(np.linalg.norm(tool.placement.translation)))
        turning = np.array(["P" not in joint.shortname() for joint in model.joints])
        for joint in range(model.njoints - 1, 0, -1):
            index, parent = model.joints[joint].idx_q, model.parents[joint]
            slide = 0.0 if turning[joint] else max(abs(model.lowerPositionLimit[index]), abs(model.upperPositionLimit[index]))
            reach[parent] = max(reach[parent], float(np.linalg.norm(model.jointPlacements[joint].translation)) + slide + reach[joint])
        moved = np.where(turning, reach, 1.0)[1:]
        by_velocity = np.zeros(model.nv)
        by_velocity[[joint.idx_v for joint in model.joints[1:]]] = moved
        return frozen(np.abs(self._follow).T @ by_velocity[self._columns])

    def configuration(self, position: Array) -> Array:
        """Joint positions (n,) as Pinocchio's configuration."""
        if self._ordered:
            return position
        if not self._alone:
            position = self._follow @ position + self._offset
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


def _followers(arm: Embodiment) -> dict[str, tuple[str, float, float]]:
    """Joints that mimic one of the arm's: leader, multiplier, offset."""
    try:
        joints = UrdfTree.read(arm.urdf).joints.values()
    except InvalidFile as error:
        raise InvalidValue("urdf", str(arm.urdf), f"a URDF ({error})") from None
    return {joint.name: (joint.mimics, joint.multiplier, joint.offset) for joint in joints if joint.mimics in arm.joints}


def _reduced(arm: Embodiment, followers: tuple[str, ...]) -> pin.Model:
    model = _whole(arm)
    names = list(model.names)[1:]
    for name in arm.joints:
        if name not in names:
            raise UnknownName("joint", name, names)
    for frame in model.frames:
        if frame.type == pin.FrameType.BODY:
            frame.name = LINK + frame.name
    return pin.buildReducedModel(model, _locked(model, arm, followers), pin.neutral(model))


def reduced_geometry(arm: Embodiment) -> pin.GeometryModel:
    """The collision shapes of an arm's URDF on the joints of its :class:`ArmKinematics`.

    Raises:
        InvalidValue: a shape that cannot be read, for example a mesh that is not found.
    """
    model = _whole(arm)
    try:
        geometry = pin.buildGeomFromUrdf(model, str(arm.urdf), pin.COLLISION)
    except Exception as error:
        raise InvalidValue("collision shapes of", str(arm.urdf), f"primitives, or meshes that are found ({error})") from None
    return pin.buildReducedModel(model, geometry, _locked(model, arm, tuple(_followers(arm))), pin.neutral(model))[1]


def _whole(arm: Embodiment) -> pin.Model:
    try:
        return pin.buildModelFromUrdf(str(arm.urdf))
    except Exception as error:
        raise InvalidValue("urdf", str(arm.urdf), f"a URDF that Pinocchio reads ({error})") from None


def _locked(model: pin.Model, arm: Embodiment, followers: tuple[str, ...]) -> list[int]:
    return [model.getJointId(name) for name in list(model.names)[1:] if name not in arm.joints and name not in followers]


def _frame(model: pin.Model, kind: str, link: str) -> int:
    if not model.existFrame(LINK + link):
        raise UnknownName(kind, link, (frame.name[len(LINK) :] for frame in model.frames if frame.type == pin.FrameType.BODY))
    return int(model.getFrameId(LINK + link))
