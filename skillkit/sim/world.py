"""A simulated cell: arms and a scene in one MuJoCo model, with drivers that behave as ros2_control's do.

The world stands still between two calls of :meth:`World.advance`. Time is the simulation's own, in seconds from its start.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import mujoco
import numpy as np
from numpy.typing import ArrayLike

from skillkit.exceptions import InvalidValue, UnknownName
from skillkit.pose import Array, Pose, frozen
from skillkit.protocols import Snapshot
from skillkit.sim.arm_model import ArmIndex, Placement, add_arm, index_arm
from skillkit.sim.driver import Driver
from skillkit.sim.picture import save_picture
from skillkit.sim.scene import Scene, Verdict
from skillkit.spaces import Input, JointInput, ObjectInput, SignalInput, WrenchInput

TIME_STEP = 0.002  # [s]
WATCH_STEPS = 5  # physics steps between two looks of the scene's bookkeeping
STATE = mujoco.mjtState.mjSTATE_INTEGRATION


class World:
    """Arms in a scene.

    Args:
        arms: each with a name of its own; ``base`` is ``transform_base_to_scene``.
        scene: for example :class:`skillkit.sim.coffee.CoffeeScene`.
        seed: replaces the scene's seed where given.
        noise: standard deviation of perceived object positions [m]; 0 is exact.
    """

    def __init__(self, arms: Sequence[Placement], scene: Scene, seed: int | None = None, noise: float = 0.0) -> None:
        if len({arm.name for arm in arms}) != len(arms):
            raise InvalidValue("arms", [arm.name for arm in arms], "a different name for each arm")
        if seed is not None:
            scene = replace(scene, seed=seed)  # type: ignore[type-var]
        self.scene = scene
        self.placements = {arm.name: replace(arm, base=scene.shift @ arm.base) for arm in arms}
        self.model = _compile(list(self.placements.values()), scene)
        self.data = mujoco.MjData(self.model)
        self.drivers = {name: Driver(arm.embodiment) for name, arm in self.placements.items()}
        self._index = {name: index_arm(self.model, arm) for name, arm in self.placements.items()}
        self._grip = dict.fromkeys(self.placements, 0.0)
        self._steps = 0
        self._asked = 0.0  # [s] advanced so far, of which whole physics steps were made
        self._noise, self._random = noise, np.random.default_rng(seed)
        self._go_home()
        self.state = scene.start(self.model, self.data, {name: index.bodies for name, index in self._index.items()})
        mujoco.mj_forward(self.model, self.data)

    # -- time ---------------------------------------------------------------------------------------------------------------------

    @property
    def time(self) -> float:
        """Simulated time [s]."""
        return self._steps * TIME_STEP

    def advance(self, duration: float) -> None:
        """Integrate ``duration`` [s]; what is less than a physics step is kept for the next call."""
        self._asked += duration
        goal = int((self._asked + 1e-9) / TIME_STEP)
        while self._steps < goal:
            self._step()
        mujoco.mj_kinematics(self.model, self.data)

    def _step(self) -> None:
        data = self.data
        for name, driver in self.drivers.items():
            index = self._index[name]
            driver.step(TIME_STEP)
            data.ctrl[index.actuators] = driver.position + index.lead * driver.velocity
            if index.fingers.size:
                finger = driver.step_finger(self._finger(index), TIME_STEP)
                data.ctrl[index.finger_actuators] = finger * index.finger_ratio
        mujoco.mj_step(self.model, data)
        self._steps += 1
        if self._steps % WATCH_STEPS == 0:
            self.state.watch(data, WATCH_STEPS * TIME_STEP)
            self._feel()

    # -- driving ------------------------------------------------------------------------------------------------------------------

    def command(self, arm: str, position: ArrayLike, velocity: ArrayLike, closure: float) -> None:
        """The next set point of an arm, to be reached one control period from now and held until another comes.

        Args:
            position: (n,) [rad] or [m]. velocity: (n,) there [rad/s] or [m/s]. closure: 0 open … 1 closed.
        """
        self._driver(arm).command(position, velocity, closure)

    def set_point(self, arm: str, position: ArrayLike, velocity: ArrayLike) -> None:
        """The reference of an arm from the next physics step on, for a caller that interpolates itself."""
        self._driver(arm).set_point(position, velocity)

    def grip(self, arm: str, closure: float) -> None:
        """Command a gripper alone, 0 open … 1 closed."""
        self._driver(arm).grip(closure)

    def base(self, arm: str) -> Pose:
        """``transform_base_to_world`` of an arm."""
        self._driver(arm)
        return self.placements[arm].base

    def _driver(self, arm: str) -> Driver:
        if arm not in self.drivers:
            raise UnknownName("arm", arm, self.drivers)
        return self.drivers[arm]

    # -- sensing ------------------------------------------------------------------------------------------------------------------

    def inputs(self, now: float) -> list[Input]:
        """Everything sensed, stamped ``now``: joints, wrenches, objects, signals."""
        return [*self.joint_inputs(now), *self.wrench_inputs(now), *self.object_inputs(now), *self.signal_inputs(now)]

    def joint_inputs(self, now: float) -> list[JointInput]:
        """One joint state per arm."""
        return [self._joint_input(name, now) for name in self.placements]

    def wrench_inputs(self, now: float) -> list[WrenchInput]:
        """What the world exerts on each tool, the gripper's own weight taken off as a robot does that knows its payload; its inertia stays in."""
        return [WrenchInput(name, now, now, tuple(self._wrench(index).tolist())) for name, index in self._index.items()]

    def object_inputs(self, now: float) -> list[ObjectInput]:
        """One pose per object of the scene."""
        return [self._object_input(name, now) for name in self.state.objects]

    def signal_inputs(self, now: float) -> list[SignalInput]:
        """One number per signal of the scene."""
        return [SignalInput(name, now, now, value) for name, value in self.state.signals(self.data).items()]

    @property
    def sizes(self) -> dict[str, Array]:
        """Full extents (3,) [m] of each object."""
        return {name: size for name, (_, size) in self.state.objects.items()}

    def object_pose(self, name: str) -> Pose:
        """True ``transform_object_to_world``."""
        if name not in self.state.objects:
            raise UnknownName("object", name, self.state.objects)
        return self._site_pose(self.state.objects[name][0])

    def tool_pose(self, arm: str) -> Pose:
        """True ``transform_tool_to_world``."""
        self._driver(arm)
        body = self.data.body(f"{arm}/{self.placements[arm].embodiment.tool}")
        return Pose(frozen(body.xpos), frozen(body.xmat.reshape(3, 3)))

    def object_speed(self, name: str) -> float:
        """True speed of an object's centre [m/s]."""
        if name not in self.state.objects:
            raise UnknownName("object", name, self.state.objects)
        velocity = np.zeros(6)
        mujoco.mj_objectVelocity(self.model, self.data, mujoco.mjtObj.mjOBJ_SITE, self.data.site(self.state.objects[name][0]).id, velocity, 0)
        return float(np.linalg.norm(velocity[3:]))

    def verdict(self, test: str) -> Verdict:
        """One of the scene's physical tests, now.

        Raises:
            UnknownName: it has no such test.
        """
        if test not in self.state.tests:
            raise UnknownName("test of the scene", test, self.state.tests)
        return self.state.tests[test](self.data)

    def constrained_bodies(self) -> frozenset[str]:
        """Bodies that any equality constraint of the compiled model touches."""
        return constrained_bodies(self.model)

    def picture(self, path: str | Path, width: int = 960, height: int = 720) -> Path:
        """Render the scene to a PNG file.

        Raises:
            NoGraphics: this machine has no OpenGL to render with.
        """
        return save_picture(self.model, self.data, Path(path), width, height, self.scene.shift)

    def _joint_input(self, name: str, now: float) -> JointInput:
        index, gripper = self._index[name], self.placements[name].embodiment.gripper
        position, velocity = self.data.qpos[index.joints].tolist(), self.data.qvel[index.speeds].tolist()
        opening = gripper.gap(self._finger(index)) if gripper else 0.0
        return JointInput(name, now, now, tuple(position), tuple(velocity), opening, self._grip[name])

    def _object_input(self, name: str, now: float) -> ObjectInput:
        pose = self._site_pose(self.state.objects[name][0])
        position = pose.position + self._noise * self._random.standard_normal(3) if self._noise else pose.position
        x, y, z = position.tolist()
        qx, qy, qz, qw = pose.quaternion.tolist()
        return ObjectInput(name, now, now, (x, y, z), (qx, qy, qz, qw))

    def _site_pose(self, site: str) -> Pose:
        found = self.data.site(site)
        return Pose(frozen(found.xpos), frozen(found.xmat.reshape(3, 3)))

    def _finger(self, index: ArmIndex) -> float:
        """Mean finger position, in units of the first finger joint; the gap is what both leave open."""
        return float(np.mean(self.data.qpos[index.fingers] / index.finger_ratio))

    def _wrench(self, index: ArmIndex) -> Array:
        at = index.wrench
        rotation = self.data.site_xmat[at.site].reshape(3, 3)
        lever = at.masses @ (self.data.xipos[at.hanging] - self.data.site_xpos[at.site])  # [kg m]
        gravity = self.model.opt.gravity
        own = np.concatenate([rotation.T @ (at.masses.sum() * gravity), rotation.T @ np.cross(lever, gravity)])
        return -self.data.sensordata[at.values] - own

    def _feel(self) -> None:
        """Gripping force: what the less loaded finger presses with [N]."""
        for name, index in self._index.items():
            self._grip[name] = min((self._pressing(bodies, index.bodies) for bodies in index.finger_bodies), default=0.0)

    def _pressing(self, bodies: frozenset[int], own: frozenset[int]) -> float:
        total, force = 0.0, np.zeros(6)
        for number in range(self.data.ncon):
            one, other = (int(self.model.geom_bodyid[geom]) for geom in self.data.contact.geom[number])
            if (one in bodies and other not in own) or (other in bodies and one not in own):
                mujoco.mj_contactForce(self.model, self.data, number, force)
                total += float(force[0])
        return total

    # -- state --------------------------------------------------------------------------------------------------------------------

    def snapshot(self) -> Snapshot:
        """The whole state as plain JSON values: physics, drivers, bookkeeping, noise."""
        state = np.zeros(mujoco.mj_stateSize(self.model, STATE))
        mujoco.mj_getState(self.model, self.data, state, STATE)
        return {
            "physics": state.tolist(),
            "steps": self._steps,
            "asked": self._asked,
            "grip": dict(self._grip),
            "sensors": self.data.sensordata.tolist(),
            "drivers": {name: driver.snapshot() for name, driver in self.drivers.items()},
            "scene": self.state.snapshot(),
            "random": self._random.bit_generator.state if self._noise else None,
        }

    def restore(self, snapshot: Snapshot) -> None:
        """Continue from a snapshot bit for bit."""
        mujoco.mj_setState(self.model, self.data, np.array(snapshot["physics"], dtype=np.float64), STATE)
        self._steps, self._asked, self._grip = snapshot["steps"], snapshot["asked"], dict(snapshot["grip"])
        for name, driver in self.drivers.items():
            driver.restore(snapshot["drivers"][name])
        self.state.restore(snapshot["scene"])
        if snapshot["random"] is not None:
            self._random.bit_generator.state = snapshot["random"]
        self.data.sensordata[:] = snapshot["sensors"]
        mujoco.mj_kinematics(self.model, self.data)

    def _go_home(self) -> None:
        for name, index in self._index.items():
            driver = self.drivers[name]
            self.data.qpos[index.joints] = driver.position
            self.data.ctrl[index.actuators] = driver.position
            self.data.qpos[index.fingers] = driver.finger * index.finger_ratio
            self.data.ctrl[index.finger_actuators] = driver.finger * index.finger_ratio


def constrained_bodies(model: mujoco.MjModel) -> frozenset[str]:
    """Bodies that any equality constraint of a compiled model touches, by name."""
    found: set[int] = set()
    for number in range(model.neq):
        for thing in (int(model.eq_obj1id[number]), int(model.eq_obj2id[number])):
            found |= _bodies_of(model, int(model.eq_type[number]), int(model.eq_objtype[number]), thing)
    return frozenset(model.body(body).name for body in found)


def _bodies_of(model: mujoco.MjModel, kind: int, object_type: int, thing: int) -> set[int]:
    if thing < 0:
        return set()
    if kind == mujoco.mjtEq.mjEQ_JOINT:
        return {int(model.jnt_bodyid[thing])}
    if kind == mujoco.mjtEq.mjEQ_TENDON:
        start = model.tendon_adr[thing]
        return {int(model.jnt_bodyid[joint]) for joint in model.wrap_objid[start : start + model.tendon_num[thing]]}
    if object_type == mujoco.mjtObj.mjOBJ_SITE:
        return {int(model.site_bodyid[thing])}
    return {thing}


def _compile(arms: Sequence[Placement], scene: Scene) -> mujoco.MjModel:
    spec = mujoco.MjSpec()
    spec.compiler.degree = False
    option: Any = spec.option
    option.timestep, option.integrator = TIME_STEP, mujoco.mjtIntegrator.mjINT_IMPLICITFAST
    option.cone, option.impratio = mujoco.mjtCone.mjCONE_ELLIPTIC, 30.0
    spec.visual.global_.offwidth, spec.visual.global_.offheight = 1920, 1440
    _add_sky(spec, scene.shift)
    scene.build(spec)
    for number, arm in enumerate(arms):
        add_arm(spec, arm, number)
    return spec.compile()


def _add_sky(spec: mujoco.MjSpec, transform_scene_to_world: Pose) -> None:
    """A light and a pale background for pictures."""
    spec.worldbody.add_light(pos=transform_scene_to_world.apply((-0.6, -0.8, 2.6)).tolist(), dir=[0.2, 0.25, -1.0], castshadow=True)
    spec.visual.headlight.ambient, spec.visual.headlight.diffuse = [0.35] * 3, [0.45] * 3
    spec.add_texture(
        name="sky", type=mujoco.mjtTexture.mjTEXTURE_SKYBOX, builtin=mujoco.mjtBuiltin.mjBUILTIN_GRADIENT,
        rgb1=[0.92, 0.95, 0.98], rgb2=[0.62, 0.70, 0.78], width=64, height=384,
    )  # fmt: skip
