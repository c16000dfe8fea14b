"""Streaming Cartesian control: skillkit beside pink, mink and placo in one run, speed and behaviour.

Every method gets the same pose target in every tick and its own command as the state to go on from. The steps of all methods are
interleaved, so that a busy machine is busy for all of them. pink, mink and placo are no dependencies: methods that cannot be imported are
left out and named. They need versions of their own, in an own environment:

    python3 -m venv .venv-peers && .venv-peers/bin/pip install pin-pink mink placo "mujoco<3.13" daqp pyyaml
    PYTHONPATH=. .venv-peers/bin/python benchmarks/ik_streaming.py

The peers run as their documentation shows: their own default solver settings, position and velocity limits, a low posture task.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from skillkit.embodiment import Embodiment
from skillkit.kinematics import ArmKinematics, CartesianController
from skillkit.pose import Array, Pose, rotation_from_vector, vector_from_rotation

RATE = 100.0  # [Hz]
ROBOTS = ("panda", "ur5e", "fr3", "xarm7", "gen3", "so101", "scara4", "planar3")
RESULTS = Path(__file__).parent / "results" / "ik.json"
POSTURE_COST = 1e-3  # of the peers


class Ours:
    """skillkit's controller."""

    name = "skillkit"

    def __init__(self, arm: Embodiment) -> None:
        self.control = CartesianController(arm, RATE)

    def reset(self, q: Array) -> None:
        self.control.reset(q)
        self.q = q

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
        matrix = np.eye(4)
        matrix[:3, :3], matrix[:3, 3] = pose.rotation, pose.position
        self.frame.T_world_frame = self.base @ matrix
        self.solver.solve(True)
        self.robot.update_kinematics()
        return np.array([self.robot.get_joint(name) for name in self.arm.joints])


METHODS: tuple[Callable[[Embodiment], Any], ...] = (Ours, Pink, Mink, Placo)


# ---- behaviour -----------------------------------------------------------------------------------------------------------------------


class Trial:
    """One method on one arm, with everything it commanded."""

    def __init__(self, method: Any, arm: Embodiment) -> None:
        self.method, self.arm, self.kinematics = method, arm, ArmKinematics(arm)
        self.worst = {"position": 0.0, "velocity": 0.0, "acceleration": 0.0, "jerk": 0.0}

    def start(self, q: Array) -> Pose:
        self.method.reset(q)
        self.sent = [np.array(q)]
        return self.kinematics.forward(q)

    def follow(self, poses: Iterator[Pose]) -> tuple[Array, Array]:
        """Position errors [m] and rotation errors [rad] of every tick."""
        errors = []
        for pose in poses:
            self.sent.append(np.array(self.method.track(pose)))
            tool = self.kinematics.forward(self.sent[-1])
            errors.append((np.linalg.norm(tool.position - pose.position), np.linalg.norm(vector_from_rotation(pose.rotation @ tool.rotation.T))))
        self._judge()
        return tuple(np.array(errors).T)  # type: ignore[return-value]

    def _judge(self) -> None:
        q, arm = np.array([self.sent[0]] * 3 + self.sent), self.arm
        excess = np.maximum(q - arm.upper, arm.lower - q).max()
        found = {"position": max(0.0, float(excess))}
        for order, (name, limit) in enumerate((("velocity", arm.velocity), ("acceleration", arm.acceleration), ("jerk", arm.jerk)), 1):
            found[name] = float((np.abs(np.diff(q, order, axis=0)) * RATE**order / limit).max())
        self.worst = {name: max(value, found[name]) for name, value in self.worst.items()}

    def travel(self, ticks: int) -> float:
        """Mean joint speed over the last ``ticks`` [rad/s]."""
        return float(np.abs(np.diff(np.array(self.sent[-ticks - 1 :]), axis=0)).mean() * RATE)


def circle(arm: Embodiment, start: Pose, rounds: int, turning: bool = False) -> Iterator[Pose]:
    """A circle at 0.25 Hz through the tool at home, of 0.1 m radius, smaller for a small arm."""
    radius = min(0.1, 0.15 * _reach(arm))
    plane = _plane(arm)
    for k in range(1, int(rounds * 4 * RATE) + 1):
        angle = 2.0 * np.pi * k / (4.0 * RATE)
        yield Pose(start.position + radius * ((np.cos(angle) - 1.0) * plane[0] + np.sin(angle) * plane[1]), start.rotation)


def _reach(arm: Embodiment) -> float:
    kinematics, rng = ArmKinematics(arm), np.random.default_rng(0)
    return max(float(np.linalg.norm(kinematics.forward(q).position)) for q in rng.uniform(arm.lower, arm.upper, (200, arm.n)))


def _plane(arm: Embodiment) -> tuple[Array, Array]:
    """The two directions of the circle: sideways and up, or inward and sideways for an arm in a plane."""
    outward = ArmKinematics(arm).forward(arm.home).position * np.array([1.0, 1.0, 0.0])
    outward /= np.linalg.norm(outward)
    sideways = np.array([-outward[1], outward[0], 0.0])
    return (outward, sideways) if arm.n < 5 else (sideways, np.array([0.0, 0.0, 1.0]))


def _away(arm: Embodiment, start: Pose) -> Array:
    """A displacement far out of reach, in the directions that the arm moves in."""
    away = start.position * np.array([1.0, 1.0, 0.0])
    return 2.0 * _reach(arm) * away / np.linalg.norm(away)


def circles(trial: Trial, rounds: int = 3) -> dict[str, float]:
    arm = trial.arm
    start = trial.start(arm.home)
    errors, _ = trial.follow(circle(arm, start, rounds))
    settled = errors[int(4 * RATE) :]
    last, turned = trial.follow(iter([start] * int(RATE)))
    return {"circle_rms_um": float(np.sqrt(np.mean(settled**2))) * 1e6, "drift_um": float(last[-1]) * 1e6, "drift_urad": float(turned[-1]) * 1e6}


def jump(trial: Trial) -> dict[str, float]:
    start = trial.start(trial.arm.home)
    away = _away(trial.arm, start)
    trial.follow(iter([Pose(start.position + away, start.rotation)] * 2000))
    travel = trial.travel(200)
    back, turned = trial.follow(iter([start] * 1500))
    return {"chatter_rad_s": travel, "jump_return_mm": float(back[-1]) * 1e3, "jump_return_mrad": _turned(trial.arm, turned) * 1e3}


def ramp(trial: Trial) -> dict[str, float]:
    start = trial.start(trial.arm.home)
    away = _away(trial.arm, start)
    shares = np.concatenate((np.linspace(0, 1, 600), np.linspace(1, 0, 600), np.zeros(900)))
    back, turned = trial.follow(Pose(start.position + share * away, start.rotation) for share in shares)
    return {"ramp_return_mm": float(back[-1]) * 1e3, "ramp_return_mrad": _turned(trial.arm, turned) * 1e3}


def tool_turn(trial: Trial) -> dict[str, float]:
    """Two radians about the tool's own axis and back, at 0.5 rad/s; the arms in a plane turn about its normal."""
    start = trial.start(trial.arm.home)
    angles = 2.0 * np.sin(np.linspace(0, np.pi, int(12 * RATE))) ** 2
    axis = np.array([0.0, 0.0, 1.0])
    turns = (rotation_from_vector(angle * axis) for angle in (*angles, *np.zeros(300)))
    flat = trial.arm.n < 5
    poses = (Pose(start.position, turn @ start.rotation if flat else start.rotation @ turn) for turn in turns)
    back, turned = trial.follow(poses)
    return {"turn_return_mm": float(back[-1]) * 1e3, "turn_return_mrad": _turned(trial.arm, turned) * 1e3}


def _turned(arm: Embodiment, turned: Array) -> float:
    return float(turned[-1])


SINGULAR = {  # crossed at 0.3 rad/s by one joint, another standing 10 mrad off: (robot, name, crossing joint, joint held off and where, the others)
    "panda": {
        "wrist": ("panda_joint6", {"panda_joint5": 0.01, "panda_joint4": -1.8, "panda_joint6": 0.0}),
        "shoulder": ("panda_joint2", {"panda_joint2": 0.0, "panda_joint3": 0.01, "panda_joint4": -2.0, "panda_joint6": 2.0}),
        "elbow": ("panda_joint4", {"panda_joint4": -0.0798}),
    },
    "ur5e": {
        "wrist": ("wrist_2_joint", {"wrist_2_joint": 0.0}),
        "elbow": ("elbow_joint", {"elbow_joint": 0.0}),
    },
}


def singularities(trial: Trial) -> dict[str, float]:
    """Track the tool of a joint motion through, or to 10 mrad before, a singularity; the worst RMS of all passes [mm]."""
    arm, results = trial.arm, {}
    for name, (crossing, at) in SINGULAR.get(arm.name, {}).items():
        middle = arm.home.copy()
        for joint, value in at.items():
            middle[arm.joints.index(joint)] = value
        i = arm.joints.index(crossing)
        sweep = 0.3 * (np.abs(np.arange(int(4 * RATE)) - 2 * RATE) / RATE if name == "elbow" else (np.arange(int(4 * RATE)) - 2 * RATE) / RATE)
        path = np.tile(middle, (len(sweep), 1))
        path[:, i] = np.clip(middle[i] + (-sweep if name == "elbow" else sweep), arm.lower[i] + 0.005, arm.upper[i] - 0.005)
        trial.start(path[0])
        errors, _ = trial.follow(trial.kinematics.forward(q) for q in path)
        results[f"{name}_rms_mm"] = float(np.sqrt(np.mean(errors**2))) * 1e3
    return results


BEHAVIOURS = (circles, jump, ramp, tool_turn, singularities)


def behaviour(make: Callable[[Embodiment], Any], arm: Embodiment) -> dict[str, float]:
    """All behaviours of one method on one arm."""
    trial = Trial(make(arm), arm)
    found: dict[str, float] = {}
    for test in BEHAVIOURS:
        try:
            found.update(test(trial))
        except Exception as error:  # a peer that gives up is a result
            found[f"{test.__name__}_failed"] = float("nan")
            print(f"   {arm.name}: {test.__name__} ended with {type(error).__name__}: {str(error)[:100]}", file=sys.stderr)
    return {**found, **{f"worst_{name}": value for name, value in trial.worst.items()}}


# ---- speed ---------------------------------------------------------------------------------------------------------------------------


def speed(methods: dict[str, Any], arm: Embodiment, ticks: int) -> dict[str, dict[str, float]]:
    """Median and p99 of one step [µs] on the circle, the methods taking turns tick by tick."""
    start = ArmKinematics(arm).forward(arm.home)
    times: dict[str, list[float]] = {name: [] for name in methods}
    for method in methods.values():
        method.reset(arm.home)
    poses = list(circle(arm, start, max(1, ticks // int(4 * RATE))))
    for pose in poses:
        for name, method in methods.items():
            begin = perf_counter()
            method.track(pose)
            times[name].append(perf_counter() - begin)
    return {name: {"median_us": float(np.median(t)) * 1e6, "p99_us": float(np.percentile(t, 99)) * 1e6} for name, t in times.items()}


def available(arm: Embodiment) -> dict[str, Callable[[Embodiment], Any]]:
    """The methods that can be imported and take this arm."""
    found = {}
    for method in METHODS:
        try:
            method(arm)
            found[method.name] = method  # type: ignore[attr-defined]
        except Exception as error:
            print(f"   {arm.name}: without {method.name}: {type(error).__name__}: {str(error)[:100]}", file=sys.stderr)  # type: ignore[attr-defined]
    return found


def versions() -> dict[str, str]:
    """Of everything that was measured."""
    found = {"python": platform.python_version(), "machine": _processor()}
    for package in ("pin", "numpy", "daqp", "pin-pink", "mink", "placo", "mujoco"):
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.machine()


def measure(robots: list[str], ticks: int) -> list[dict[str, Any]]:
    """One row per method and robot."""
    rows = []
    for robot in robots:
        arm = Embodiment.load(robot)
        methods = available(arm)
        timed = speed({name: make(arm) for name, make in methods.items()}, arm, ticks)
        for name, make in methods.items():
            row = {
                "robot": robot,
                "method": name,
                **timed[name],
                "times_ours": timed[name]["median_us"] / timed["skillkit"]["median_us"],
                **behaviour(make, arm),
            }
            rows.append(row)
            print(line(row), flush=True)
    return rows


COLUMNS = {
    "median_us": "median µs", "p99_us": "p99 µs", "times_ours": "× ours", "circle_rms_um": "circle µm", "drift_um": "drift µm", "chatter_rad_s": "chatter",
    "jump_return_mm": "jump mm", "ramp_return_mm": "ramp mm", "turn_return_mrad": "turn mrad", "wrist_rms_mm": "wrist mm", "elbow_rms_mm": "elbow mm",
    "shoulder_rms_mm": "shoulder mm", "worst_velocity": "v/limit", "worst_acceleration": "a/limit", "worst_jerk": "j/limit", "worst_position": "q over rad",
}  # fmt: skip


def line(row: dict[str, Any]) -> str:
    """One row of the table in Markdown."""
    return f"| {row['robot']} | {row['method']} | " + " | ".join(f"{row[key]:.3g}" if key in row else "–" for key in COLUMNS) + " |"


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--robots", nargs="*", default=list(ROBOTS), help="names of robot models")
    parser.add_argument("--ticks", type=int, default=2000, help="timed steps of each method")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    words = parser.parse_args()
    print("| robot | method | " + " | ".join(COLUMNS.values()) + " |\n|" + "---|" * (len(COLUMNS) + 2))
    result = {"versions": versions(), "rate": RATE, "rows": measure(words.robots, words.ticks)}
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(result, indent=1) + "\n")
    if words.json:
        print(json.dumps(result))
    return 0


if __name__ == "__main__":
    sys.exit(main())
