"""Streaming Cartesian control: skillkit beside pink, mink, placo, Drake, the Robotics Toolbox and TRAC-IK in one run, speed and behaviour.

Every method gets the same pose target in every tick and its own command as the state to go on from. The steps of all methods are
interleaved, so that a busy machine is busy for all of them. The peers are no dependencies: methods that cannot be imported are
left out and named. They need versions of their own, in an own environment:

    python3 -m venv .venv-peers && .venv-peers/bin/pip install pin-pink mink placo drake roboticstoolbox-python pytracik "mujoco<3.13" daqp pyyaml
    PYTHONPATH=. .venv-peers/bin/python benchmarks/ik_streaming.py

The peers run as their documentation shows: their own default solver settings, position and velocity limits where they take any, a low posture task.
*gated*: the passes through singularities with skillkit's gate behind every method that breaks a limit, so that all methods hold them.

``benchmarks/results/ik.json`` keeps a row per method and robot; a run replaces the rows of the robots that it measures.
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

sys.path.insert(0, str(Path(__file__).parent))
from _ik_arms import SHIPPED, SINGULAR, arms
from _ik_peers import METHODS, RATE, Gated

from skillkit.embodiment import Embodiment
from skillkit.kinematics import ArmKinematics
from skillkit.pose import Array, Pose, rotation_from_vector, vector_from_rotation

RESULTS = Path(__file__).parent / "results" / "ik.json"


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


def singularities(trial: Trial) -> dict[str, float]:
    """Track the tool of a joint motion through, or to 10 mrad before, a singularity; the RMS of each pass [mm, mrad]."""
    arm, results = trial.arm, {}
    for name, (crossing, at) in SINGULAR.get(arm.name, {}).items():
        middle = arm.home.copy()
        for joint, value in at.items():
            middle[arm.joints.index(joint)] = value
        i = arm.joints.index(crossing)
        sweep = 0.3 * (np.arange(int(4 * RATE)) - 2 * RATE) / RATE
        if name == "elbow":  # stretched from the side it bends to at home, and bent again
            sweep = np.abs(sweep) * (np.sign(arm.home[i] - middle[i]) or -1.0)
        path = np.tile(middle, (len(sweep), 1))
        path[:, i] = np.clip(middle[i] + sweep, arm.lower[i] + 0.005, arm.upper[i] - 0.005)
        trial.start(path[0])
        errors, turned = trial.follow(trial.kinematics.forward(q) for q in path)
        results[f"{name}_rms_mm"] = float(np.sqrt(np.mean(errors**2))) * 1e3
        if arm.n >= 6:
            results[f"{name}_rms_mrad"] = float(np.sqrt(np.mean(turned**2))) * 1e3
    return results


def wild(trial: Trial) -> dict[str, float]:
    """Targets anywhere within twice the reach, which jump, stay and run at random; nothing but the limits is judged."""
    arm, rng = trial.arm, np.random.default_rng(0)
    place, reach = trial.start(arm.home).position, _reach(arm)
    for _ in range(40):
        place, velocity = rng.normal(size=3) * reach, rng.normal(size=3) * 0.01 * rng.integers(2)
        turn = rotation_from_vector(rng.normal(size=3))
        trial.follow(Pose(place + k * velocity, turn) for k in range(25))
    return {}


BEHAVIOURS = (circles, jump, ramp, tool_turn, singularities, wild)


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
    kept = holds(trial.worst)
    gated = {f"gated_{name}": value for name, value in singularities(Trial(make(arm) if kept else Gated(make(arm), arm), arm)).items()}
    return {**found, **{f"worst_{name}": value for name, value in trial.worst.items()}, "holds_limits": kept, **gated}


def holds(worst: dict[str, float]) -> bool:
    """Whether no limit was exceeded, by the worst use of each."""
    return worst["position"] == 0.0 and all(value <= 1.0 + 1e-9 for name, value in worst.items() if name != "position")


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
    for package in ("pin", "numpy", "daqp", "pin-pink", "mink", "placo", "drake", "roboticstoolbox-python", "pytracik", "mujoco"):
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


def measure(taken: list[Embodiment], ticks: int) -> list[dict[str, Any]]:
    """One row per method and robot."""
    rows = []
    for arm in taken:
        methods = available(arm)
        timed = speed({name: make(arm) for name, make in methods.items()}, arm, ticks)
        for name, make in methods.items():
            row = {
                "robot": arm.name,
                "method": name,
                **timed[name],
                "times_ours": timed[name]["median_us"] / timed["skillkit"]["median_us"],
                **behaviour(make, arm),
            }
            rows.append(row)
            print(line(row), flush=True)
        keep(rows[-len(methods) :])
    return rows


COLUMNS = {
    "median_us": "median µs", "p99_us": "p99 µs", "times_ours": "× ours", "circle_rms_um": "circle µm", "drift_um": "drift µm", "chatter_rad_s": "chatter",
    "jump_return_mm": "jump mm", "ramp_return_mm": "ramp mm", "turn_return_mrad": "turn mrad", "wrist_rms_mm": "wrist mm", "elbow_rms_mm": "elbow mm",
    "shoulder_rms_mm": "shoulder mm", "gated_wrist_rms_mm": "gated wrist mm", "gated_elbow_rms_mm": "gated elbow mm",
    "gated_shoulder_rms_mm": "gated shoulder mm", "gated_wrist_rms_mrad": "mrad wrist", "gated_elbow_rms_mrad": "elbow", "gated_shoulder_rms_mrad": "shoulder",
    "worst_velocity": "v/limit", "worst_acceleration": "a/limit", "worst_jerk": "j/limit", "worst_position": "q over rad",
}  # fmt: skip


def line(row: dict[str, Any]) -> str:
    """One row of the table in Markdown."""
    return f"| {row['robot']} | {row['method']} | " + " | ".join(f"{row[key]:.3g}" if key in row else "–" for key in COLUMNS) + " |"


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--robots", nargs="*", default=list(SHIPPED), help="names of robot models")
    parser.add_argument("--wheel", action="store_true", help="the arms of example-robot-data as well")
    parser.add_argument("--ticks", type=int, default=2000, help="timed steps of each method")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    words = parser.parse_args()
    print("| robot | method | " + " | ".join(COLUMNS.values()) + " |\n|" + "---|" * (len(COLUMNS) + 2))
    rows = measure(arms(words.robots, words.wheel), words.ticks)
    result = {"versions": versions(), "rate": RATE, "rows": rows}
    if words.json:
        print(json.dumps(result))
    return 0


def keep(rows: list[dict[str, Any]]) -> None:
    """Write the rows of one robot to the results, instead of those that it has there."""
    RESULTS.parent.mkdir(exist_ok=True)
    before = json.loads(RESULTS.read_text())["rows"] if RESULTS.exists() else []
    others = [row for row in before if row["robot"] != rows[0]["robot"]]
    RESULTS.write_text(json.dumps({"versions": versions(), "rate": RATE, "rows": [*others, *rows]}, indent=1) + "\n")


if __name__ == "__main__":
    sys.exit(main())
