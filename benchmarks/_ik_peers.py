"""Controllers that follow a pose tick by tick: skillkit's and its peers', each with ``reset(q)`` and ``track(pose)``.

Every method goes on from its own command. The peers run as their documentation shows: their own default solver settings, position and
velocity limits, a low posture task.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from skillkit.embodiment import Embodiment
from skillkit.kinematics import ArmKinematics, CartesianController
from skillkit.pose import Array, Pose, vector_from_rotation
from skillkit.safety import SafetyGate

RATE = 100.0  # [Hz]
POSTURE_COST = 1e-3  # of the peers


class Ours:
    """skillkit's controller."""

    name = "skillkit"

    def __init__(self, arm: Embodiment) -> None:
        self.control = CartesianController(arm, RATE)

    def reset(self, q: Array) -> None:
        self.control.reset(q)
        self.q = q

    def feel(self, measured: Array) -> None:
        """Where the arm really is: the others go on from their own command alone."""
        self.q = measured

    def track(self, pose: Pose) -> Array:
        self.q = self.control.track(self.q, pose).position
        return self.q


class Pink:
    """pink with daqp: frame task, posture task, configuration and velocity limits."""

    name = "pink"
    package = "pin-pink"

    def __init__(self, arm: Embodiment) -> None:
        import pink
        import pinocchio as pin
        from pink.tasks import FrameTask, PostureTask

        full = pin.buildModelFromUrdf(str(arm.urdf))
        locked = [full.getJointId(name) for name in list(full.names)[1:] if name not in arm.joints]
        model = pin.buildReducedModel(full, locked, pin.neutral(full))
        if model.nq != arm.n or tuple(model.names)[1:] != arm.joints:
            raise NotImplementedError("the benchmark drives pink on arms without continuous joints only")
        model.lowerPositionLimit, model.upperPositionLimit, model.velocityLimit = np.array(arm.lower), np.array(arm.upper), np.array(arm.velocity)
        data = model.createData()
        pin.framesForwardKinematics(model, data, pin.neutral(model))
        self.pink, self.arm, self.model = pink, arm, model
        self.base = data.oMf[model.getFrameId(arm.base)].copy()
        self.frame = FrameTask(arm.tool, position_cost=1.0, orientation_cost=0.3 if arm.n >= 6 else 0.01)
        self.posture = PostureTask(cost=POSTURE_COST)
        self.posture.set_target(arm.home)

    def reset(self, q: Array) -> None:
        self.configuration = self.pink.Configuration(self.model, self.model.createData(), np.array(q))

    def track(self, pose: Pose) -> Array:
        import pinocchio as pin

        self.frame.set_target(self.base * pin.SE3(np.array(pose.rotation), np.array(pose.position)))
        velocity = self.pink.solve_ik(self.configuration, [self.frame, self.posture], 1.0 / RATE, solver="daqp")
        self.configuration.integrate_inplace(velocity, 1.0 / RATE)
        return np.array(self.configuration.q)


class Mink:
    """mink with daqp: the same tasks and limits on MuJoCo's kinematics."""

    name = "mink"
    package = "mink"

    def __init__(self, arm: Embodiment) -> None:
        import mink
        import mujoco

        text = arm.urdf.read_text().replace("</robot>", '<mujoco><compiler fusestatic="false" strippath="false"/></mujoco></robot>')
        model = mujoco.MjModel.from_xml_string(text)
        self.mink, self.arm = mink, arm
        self.index = np.array([model.joint(name).qposadr[0] for name in arm.joints])
        for name, lower, upper in zip(arm.joints, arm.lower, arm.upper, strict=True):
            model.joint(name).range[:], model.jnt_limited[model.joint(name).id] = (lower, upper), 1
        self.start = model.qpos0.copy()
        self.configuration = mink.Configuration(model)
        self.frame = mink.FrameTask(arm.tool, "body", position_cost=1.0, orientation_cost=0.3 if arm.n >= 6 else 0.01)
        self.posture = mink.PostureTask(model, cost=POSTURE_COST)
        fixed = [i for i in range(model.nv) if i not in self.index]
        velocity = dict(zip(arm.joints, arm.velocity.tolist(), strict=True))
        velocity.update({model.joint(int(model.dof_jntid[i])).name: 1e-9 for i in fixed})
        self.limits = [mink.ConfigurationLimit(model), mink.VelocityLimit(model, velocity)]
        base = model.body(arm.base).id
        mujoco.mj_kinematics(model, data := mujoco.MjData(model))
        self.base = Pose(data.xpos[base].copy(), data.xmat[base].reshape(3, 3).copy())

    def reset(self, q: Array) -> None:
        full = self.start.copy()
        full[self.index] = q
        self.configuration.update(full)
        home = self.start.copy()
        home[self.index] = self.arm.home
        self.posture.set_target(home)

    def track(self, pose: Pose) -> Array:
        world = self.base @ pose
        x, y, z, w = world.quaternion
        self.frame.set_target(self.mink.SE3(np.array([w, x, y, z, *world.position])))
        velocity = self.mink.solve_ik(self.configuration, [self.frame, self.posture], 1.0 / RATE, "daqp", limits=self.limits)
        self.configuration.integrate_inplace(velocity, 1.0 / RATE)
        return self.configuration.q[self.index].copy()


class Placo:
    """placo: frame task and joints task, soft, with its joint and velocity limits."""

    name = "placo"
    package = "placo"

    def __init__(self, arm: Embodiment) -> None:
        import placo

        self.arm = arm
        self.robot = placo.RobotWrapper(str(arm.urdf), placo.Flags.ignore_collisions)
        for name, lower, upper, velocity in zip(arm.joints, arm.lower, arm.upper, arm.velocity, strict=True):
            self.robot.set_joint_limits(name, float(lower), float(upper))
            self.robot.set_velocity_limit(name, float(velocity))
        self.solver = placo.KinematicsSolver(self.robot)
        self.solver.dt = 1.0 / RATE
        self.solver.mask_fbase(True)
        self.solver.enable_joint_limits(True)
        self.solver.enable_velocity_limits(True)
        for name in self.robot.joint_names():
            if name not in arm.joints:
                self.solver.mask_dof(name)
        self.frame = self.solver.add_frame_task(arm.tool, np.eye(4))
        self.frame.configure("tool", "soft", 1.0, 0.3 if arm.n >= 6 else 0.01)
        posture = self.solver.add_joints_task()
        posture.set_joints(dict(zip(arm.joints, arm.home.tolist(), strict=True)))
        posture.configure("posture", "soft", POSTURE_COST**2)

    def reset(self, q: Array) -> None:
        self._set(q)
        self.base = self.robot.get_T_world_frame(self.arm.base)

    def _set(self, q: Array) -> None:
        for name, value in zip(self.arm.joints, q, strict=True):
            self.robot.set_joint(name, float(value))
        self.robot.update_kinematics()

    def track(self, pose: Pose) -> Array:
        self.frame.T_world_frame = self.base @ _matrix(pose)
        self.solver.solve(True)
        self.robot.update_kinematics()
        return np.array([self.robot.get_joint(name) for name in self.arm.joints])


class Drake:
    """Drake's DoDifferentialInverseKinematics with position and velocity limits, centred at home, on our Jacobian; it stands still where it finds nothing."""

    name = "drake"
    package = "drake"

    def __init__(self, arm: Embodiment) -> None:
        from pydrake.multibody import inverse_kinematics

        self.drake, self.arm, self.kinematics = inverse_kinematics, arm, ArmKinematics(arm)
        self.parameters = inverse_kinematics.DifferentialInverseKinematicsParameters(arm.n, arm.n)
        self.parameters.set_time_step(1.0 / RATE)
        self.parameters.set_nominal_joint_position(arm.home)
        self.parameters.set_joint_position_limits((arm.lower, arm.upper))
        self.parameters.set_joint_velocity_limits((-arm.velocity, arm.velocity))
        columns = np.hstack([self.kinematics.jacobian(q) for q in np.random.default_rng(0).uniform(arm.lower, arm.upper, (20, arm.n))])
        self.rows = np.abs(columns).max(axis=1) > 1e-9  # a direction that the arm never moves in would stop the solver

    def reset(self, q: Array) -> None:
        self.q, self.velocity = np.array(q), np.zeros(self.arm.n)

    def track(self, pose: Pose) -> Array:
        tool = self.kinematics.forward(self.q)
        twist = np.concatenate((pose.position - tool.position, vector_from_rotation(pose.rotation @ tool.rotation.T))) * RATE
        jacobian = np.ascontiguousarray(self.kinematics.jacobian(self.q)[self.rows])
        found = self.drake.DoDifferentialInverseKinematics(self.q, self.velocity, twist[self.rows], jacobian, self.parameters)
        solved = found.joint_velocities is not None
        self.velocity = np.array(found.joint_velocities) if solved else np.zeros(self.arm.n)
        self.q = self.q + self.velocity / RATE
        return self.q


class Toolbox:
    """The Robotics Toolbox's Levenberg-Marquardt solver, one search from the last command each tick; it stands still where it finds nothing."""

    name = "rtb"
    package = "roboticstoolbox-python"

    def __init__(self, arm: Embodiment) -> None:
        from roboticstoolbox.models.URDF.URDFRobot import URDF_read
        from roboticstoolbox.robot.Robot import Robot

        links, name, _ = URDF_read(str(arm.urdf))
        self.chain = Robot(links, name=name).ets(start=arm.base, end=arm.tool)
        here = _matrix(ArmKinematics(arm).forward(arm.home))
        if self.chain.n != arm.n or not np.allclose(self.chain.fkine(np.array(arm.home)).A, here, atol=1e-9):
            raise NotImplementedError("the toolbox reads other joints, or another tool, from this URDF")
        self.mask = np.ones(6) if arm.n >= 6 else np.array([1.0, 1.0, 1.0, 0.0, 0.0, 0.0])

    def reset(self, q: Array) -> None:
        self.q = np.array(q)

    def track(self, pose: Pose) -> Array:
        found = self.chain.ik_LM(_matrix(pose), q0=self.q, ilimit=30, slimit=1, mask=self.mask, joint_limits=1)
        if found.success:
            self.q = np.array(found.q)
        return self.q


class TracIk:
    """TRAC-IK as it comes: 5 ms at most for each tick, from the last command; it stands still where it finds nothing."""

    name = "trac-ik"
    package = "pytracik"

    def __init__(self, arm: Embodiment) -> None:
        from trac_ik import TracIK

        if arm.n < 6:
            raise NotImplementedError("TRAC-IK solves for whole poses: arms with six joints or more")
        self.solver = TracIK(arm.base, arm.tool, str(arm.urdf))

    def reset(self, q: Array) -> None:
        self.q = np.array(q)

    def track(self, pose: Pose) -> Array:
        found = self.solver.ik(np.array(pose.position), np.array(pose.rotation), self.q)
        if found is not None:
            self.q = np.array(found)
        return self.q


class Gated:
    """A method behind skillkit's gate, which lets nothing through that breaks a limit; the method goes on from what was sent."""

    def __init__(self, method: Any, arm: Embodiment) -> None:
        self.method, self.gate = method, SafetyGate(arm, RATE)

    def reset(self, q: Array) -> None:
        self.method.reset(q)
        self.gate.reset(q)
        self.sent = np.array(q)

    def track(self, pose: Pose) -> Array:
        command = self.method.track(pose)
        self.sent = self.gate.step(command, self.sent, 0.0).position
        if not np.array_equal(self.sent, command):
            self.method.reset(self.sent)
        return self.sent


def _matrix(pose: Pose) -> Array:
    """(4, 4) homogeneous."""
    matrix = np.eye(4)
    matrix[:3, :3], matrix[:3, 3] = pose.rotation, pose.position
    return matrix


METHODS: tuple[Callable[[Embodiment], Any], ...] = (Ours, Pink, Mink, Placo, Drake, Toolbox, TracIk)
