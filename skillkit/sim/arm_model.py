"""Any URDF becomes a simulated arm: servo actuators with velocity feed-forward, gravity compensated, a force-limited gripper."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from math import sqrt
from pathlib import Path
from typing import Any

import mujoco
import numpy as np

from skillkit.embodiment import Embodiment, Gripper
from skillkit.pose import Array, Pose
from skillkit.sim.driver import FINGER_GAIN
from skillkit.sim.shapes import mujoco_quaternion

SERVO_FREQUENCY = 100.0  # [rad/s] of each joint's critically damped position loop
ROTOR_INERTIA = 0.1  # [kg m²] reflected through the gear
FINGER_INERTIA = 0.3  # [kg] reflected through the gear
FINGER_COUPLING = 20_000.0  # [N/m] spring between the fingers, which a spindle or rack moves as one
WRENCH_SITE = "wrench"
FINGER_FRICTION = (1.2, 0.02, 0.0005)  # sliding [-], torsional [m], rolling [m]


@dataclass(frozen=True)
class Placement:
    """One arm in a cell: its name, its model and where it stands (``transform_base_to_scene``)."""

    name: str
    embodiment: Embodiment
    base: Pose


@dataclass(frozen=True)
class Wrench:
    """Where an arm's force and torque stand among the sensors, and what hangs on them.

    Attributes:
        values: (6,) into sensordata.
        site: the sensor, at the tool.
        hanging: (k,) bodies on its far side. masses: theirs (k,) [kg]; a robot is told them as its payload.
    """

    values: Array
    site: int
    hanging: Array
    masses: Array


@dataclass(frozen=True)
class ArmIndex:
    """Where one arm's numbers stand in a compiled model."""

    joints: Array  # (n,) into qpos
    speeds: Array  # (n,) into qvel
    actuators: Array  # (n,) into ctrl
    lead: Array  # (n,) [s] velocity gain / position gain
    fingers: Array  # (f,) into qpos
    finger_actuators: Array  # (f,) into ctrl
    finger_ratio: Array  # (f,) movement per unit of the first finger joint
    finger_bodies: tuple[frozenset[int], ...]
    bodies: frozenset[int]
    wrench: Wrench


def add_arm(spec: mujoco.MjSpec, placement: Placement, number: int) -> None:
    """Attach an arm to a scene; arm ``number`` collides with everything but itself."""
    arm = placement.embodiment
    child = mujoco.MjSpec.from_file(str(arm.urdf))
    for equality in list(child.equalities):  # a mimic joint is driven by its own actuator instead
        child.delete(equality)
    _shape_geoms(child, arm, number)
    for body in child.bodies[1:]:
        body.gravcomp = 1.0
    _add_servos(child, arm)
    _add_wrench(child, arm)
    if arm.gripper is not None:
        _add_fingers(child, arm.gripper, finger_ratios(arm.urdf, arm.gripper))
    frame = spec.worldbody.add_frame(pos=placement.base.position.tolist(), quat=mujoco_quaternion(placement.base))
    spec.attach(child, prefix=f"{placement.name}/", frame=frame)


def index_arm(model: mujoco.MjModel, placement: Placement) -> ArmIndex:
    """Look up an arm in the compiled model."""
    arm, prefix = placement.embodiment, f"{placement.name}/"
    joints = [model.joint(prefix + name) for name in arm.joints]
    servos = [model.actuator(prefix + name).id for name in arm.joints]
    names = arm.gripper.joints if arm.gripper else ()
    fingers = [model.joint(prefix + name) for name in names]
    ratios = finger_ratios(arm.urdf, arm.gripper) if arm.gripper else []
    return ArmIndex(
        joints=np.array([joint.qposadr[0] for joint in joints]), speeds=np.array([joint.dofadr[0] for joint in joints]), actuators=np.array(servos),
        lead=model.actuator_biasprm[servos, 2] / model.actuator_biasprm[servos, 1], fingers=np.array([joint.qposadr[0] for joint in fingers], dtype=int),
        finger_actuators=np.array([model.actuator(prefix + name).id for name in names], dtype=int), finger_ratio=np.array(ratios),
        finger_bodies=tuple(frozenset({int(joint.bodyid[0])}) for joint in fingers),
        bodies=frozenset(body for body in range(model.nbody) if model.body(body).name.startswith(prefix)), wrench=_index_wrench(model, prefix),
    )  # fmt: skip


def finger_ratios(urdf: Path, gripper: Gripper) -> list[float]:
    """Movement of each finger joint per unit of the first: URDF's ``<mimic multiplier>``, 1 where it says nothing."""
    root = ElementTree.parse(urdf).getroot()
    mimics = {joint.get("name"): joint.find("mimic") for joint in root.findall("joint")}
    found = [mimics.get(name) for name in gripper.joints]
    return [1.0 if mimic is None else float(mimic.get("multiplier", "1")) for mimic in found]


def _shape_geoms(child: mujoco.MjSpec, arm: Embodiment, number: int) -> None:
    """Shapes collide with all but their own arm; those that are only for the eye are left out, as their meshes may be."""
    moving = [child.joint(name).parent for name in (arm.gripper.joints if arm.gripper else ())]
    fingers = {body.name for body in moving}
    bit = 2 << (number % 24)
    for geom in list(child.geoms):
        if geom.contype == 0 and geom.conaffinity == 0:
            child.delete(geom)
            continue
        geom.contype, geom.conaffinity = bit, 0x7FFFFFF & ~bit
        if geom.parent.name in fingers:
            geom.friction, geom.condim, geom.priority = list(FINGER_FRICTION), 4, 1


def _add_servos(child: mujoco.MjSpec, arm: Embodiment) -> None:
    inertia = _inertia_at_home(child, arm)
    for index, name in enumerate(arm.joints):
        joint = child.joint(name)
        gain = SERVO_FREQUENCY**2 * (inertia[index] + ROTOR_INERTIA)
        joint.armature = ROTOR_INERTIA
        if arm.effort[index] > 0.0:
            joint.actfrclimited, joint.actfrcrange = True, [-arm.effort[index], arm.effort[index]]
        _add_position_actuator(child, name, gain, 2.0 * gain / SERVO_FREQUENCY)


def _add_fingers(child: mujoco.MjSpec, gripper: Gripper, ratios: list[float]) -> None:
    damping = 2.0 * sqrt(FINGER_GAIN * FINGER_INERTIA)
    for index, name in enumerate(gripper.joints):
        joint = child.joint(name)
        joint.armature, joint.actfrclimited = FINGER_INERTIA, False
        actuator = _add_position_actuator(child, name, FINGER_GAIN, damping)
        actuator.forcelimited, actuator.forcerange = True, [-gripper.force, gripper.force]
        if index > 0:
            tendon = child.add_tendon(name=f"{name}_coupling", stiffness=[FINGER_COUPLING, 0.0, 0.0], damping=[damping, 0.0, 0.0], springlength=[0.0, 0.0])
            tendon.wrap_joint(gripper.joints[0], ratios[index])
            tendon.wrap_joint(name, -1.0)


def _add_wrench(child: mujoco.MjSpec, arm: Embodiment) -> None:
    """A force and torque sensor between the gripper, or the bare tool, and the rest of the arm; its frame is the tool's."""
    cut = child.joint(arm.gripper.joints[0]).parent.parent if arm.gripper is not None else child.body(arm.tool)
    whole = child.copy()
    whole.compiler.fusestatic = False
    model = whole.compile()
    data = mujoco.MjData(model)
    mujoco.mj_kinematics(model, data)
    below, tool = data.body(cut.name), data.body(arm.tool)
    seen = below.xmat.reshape(3, 3).T
    turn = np.zeros(4)
    mujoco.mju_mat2Quat(turn, (seen @ tool.xmat.reshape(3, 3)).ravel())
    cut.add_site(name=WRENCH_SITE, pos=(seen @ (tool.xpos - below.xpos)).tolist(), quat=turn.tolist())
    for name, kind in (("force", mujoco.mjtSensor.mjSENS_FORCE), ("torque", mujoco.mjtSensor.mjSENS_TORQUE)):
        child.add_sensor(name=name, type=kind, objtype=mujoco.mjtObj.mjOBJ_SITE, objname=WRENCH_SITE)


def _index_wrench(model: mujoco.MjModel, prefix: str) -> Wrench:
    first = [model.sensor(prefix + name).adr[0] for name in ("force", "torque")]
    site = model.site(prefix + WRENCH_SITE).id
    hanging = [int(model.site_bodyid[site])]
    hanging += [body for body in range(hanging[0] + 1, model.nbody) if _hangs(model, body, hanging[0])]
    return Wrench(np.concatenate([np.arange(3) + at for at in first]), site, np.array(hanging), model.body_mass[hanging])


def _hangs(model: mujoco.MjModel, body: int, on: int) -> bool:
    while body > on:
        body = int(model.body_parentid[body])
    return body == on


def _add_position_actuator(child: mujoco.MjSpec, joint: str, gain: float, damping: float) -> Any:
    """Force = gain (reference − position) − damping · velocity."""
    return child.add_actuator(
        name=joint, target=joint, trntype=mujoco.mjtTrn.mjTRN_JOINT, gaintype=mujoco.mjtGain.mjGAIN_FIXED, biastype=mujoco.mjtBias.mjBIAS_AFFINE,
        gainprm=[gain, *[0.0] * 9], biasprm=[0.0, -gain, -damping, *[0.0] * 7],
    )  # fmt: skip


def _inertia_at_home(child: mujoco.MjSpec, arm: Embodiment) -> Array:
    """(n,) diagonal of the mass matrix at home, which sets the gains."""
    model = child.copy().compile()
    data = mujoco.MjData(model)
    dofs = []
    for name, position in zip(arm.joints, arm.home, strict=True):
        data.qpos[model.joint(name).qposadr[0]] = position
        dofs.append(model.joint(name).dofadr[0])
    mujoco.mj_forward(model, data)
    diagonal = np.zeros(len(dofs))
    for index, dof in enumerate(dofs):
        column, unit = np.zeros(model.nv), np.zeros(model.nv)
        unit[dof] = 1.0
        mujoco.mj_mulM(model, data, column, unit)
        diagonal[index] = column[dof]
    return diagonal
