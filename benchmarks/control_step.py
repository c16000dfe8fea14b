"""What a control tick costs, in Python and in machine code, the two taking turns in one process, :data:`STRETCH` ticks at a time.

    python benchmarks/control_step.py [--robots panda ur5e] [--ticks 2000] [--json]

*follow* tracks a circle, *limits* a target out of reach and back, where acceleration limits cut most steps; *step* is a delta. *gate* is what
the gate adds to a follow, *loop* the whole way of a directive through an arm: resampling, controller, gate and the braking tail behind the command.
Without numba (``pip install 'skillkit[fast]'``) only the first column is measured. *batch* is one robot's share of a tick of 256.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
from ik_streaming import circle

from skillkit import compiled
from skillkit.assembly.system import arm_loop
from skillkit.braking_tail import braking_tail
from skillkit.cell import Cell
from skillkit.embodiment import Embodiment
from skillkit.kinematics import ArmKinematics
from skillkit.pose import Pose
from skillkit.spaces import NOTHING, CartesianDelta, JointInput

RATE, BATCH, STRETCH = 100.0, 256, 20
Tick = Callable[[int], Any]


def loops(robot: str) -> dict[str, Any]:
    """The arm's loop as it is without and with numba."""
    cell = Cell.of_robot(robot)
    return {name: arm_loop(cell.arms[0], fast) for name, fast in (("python", False), ("compiled", True)) if not fast or compiled.chosen()}


def following(loop: Any, poses: list[Pose]) -> Tick:
    control = loop.controller
    control.reset(loop.embodiment.home)
    return lambda k: control.track(control._position, poses[k % len(poses)])


def stepping(loop: Any, _: list[Pose]) -> Tick:
    control, rng = loop.controller, np.random.default_rng(0)
    control.reset(loop.embodiment.home)
    deltas = rng.normal(size=(64, 6)) * 1e-4
    return lambda k: control.step(control._position, deltas[k % 64] * (1 if k % 128 < 64 else -1), "tool")


def gating(loop: Any, poses: list[Pose]) -> Tick:
    control, gate, home = loop.controller, loop.gate, loop.embodiment.home
    control.reset(home)
    gate.reset(home)
    commands = [control.track(home, pose).position for pose in poses]
    state = {"measured": home}

    def tick(k: int) -> None:
        state["measured"] = gate.step(commands[k % len(commands)], state["measured"], 0.005).position

    return tick


def looping(loop: Any, _: list[Pose]) -> Tick:
    arm = loop.embodiment
    loop.take(JointInput(loop.name, 0.0, 0.0, tuple(arm.home), (0.0,) * arm.n, 0.08))
    loop.engage()

    def tick(k: int) -> None:
        now, turn = k / RATE, 0.02 * k
        loop.take(JointInput(loop.name, now, now, tuple(loop.sent_position.tolist()), tuple(loop.sent_velocity.tolist()), 0.08))
        directive = CartesianDelta((4e-3 * np.cos(turn), 4e-3 * np.sin(turn), 0.0), (0.0, 0.0, 4e-3 * np.cos(turn)), "tool", None, 0.05, now)
        command = loop.command(directive, NOTHING, now, now)
        braking_tail(arm, command.position, command.velocity)

    return tick


KINDS: dict[str, Callable[[Any, list[Pose]], Tick]] = {"follow": following, "limits": following, "step": stepping, "gate": gating, "loop": looping}


def paths(arm: Embodiment) -> dict[str, list[Pose]]:
    """Poses of a closed path for each kind."""
    start = ArmKinematics(arm).forward(arm.home)
    away = Pose(start.position * 3.0, start.rotation)
    return {"limits": [away] * 40 + [start] * 40, **{kind: list(circle(arm, start, 1)) for kind in ("follow", "step", "gate", "loop")}}


def taking_turns(ticks: dict[str, Tick], count: int) -> dict[str, dict[str, float]]:
    times: dict[str, list[float]] = {name: [] for name in ticks}
    for first in range(0, count + 50, STRETCH):
        for name, tick in ticks.items():
            for k in range(first, first + STRETCH):
                begun = perf_counter()
                tick(k)
                times[name].append(perf_counter() - begun)
    return {name: {"median_us": float(np.median(t[50:])) * 1e6, "p99_us": float(np.percentile(t[50:], 99)) * 1e6} for name, t in times.items()}


def batch(robot: str) -> float:
    """One robot's share of a tick of many [µs]."""
    from skillkit.kinematics.batch import BatchController

    arm, rng = Embodiment.load(robot), np.random.default_rng(0)
    many, measured = BatchController(arm, RATE, BATCH), np.tile(arm.home, (BATCH, 1))
    times = []
    for _ in range(100):
        deltas = rng.normal(size=(BATCH, 6)) * 1e-4
        begun = perf_counter()
        many.step(measured, deltas, "tool")
        times.append(perf_counter() - begun)
    return float(np.median(times)) / BATCH * 1e6


def rows(robots: list[str], count: int) -> Iterator[dict[str, Any]]:
    for robot in robots:
        poses = paths(Embodiment.load(robot))
        for kind, make in KINDS.items():
            found = taking_turns({name: make(loop, poses[kind]) for name, loop in loops(robot).items()}, count)
            for name, figures in found.items():
                yield {"robot": robot, "kind": kind, "path": name, **figures, "times_python": figures["median_us"] / found["python"]["median_us"]}
        if compiled.chosen():
            yield {"robot": robot, "kind": "batch", "path": "compiled", "median_us": batch(robot)}


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--robots", nargs="*", default=["panda", "ur5e"])
    parser.add_argument("--ticks", type=int, default=2000)
    parser.add_argument("--json", action="store_true")
    words = parser.parse_args()
    gc.disable()
    found = []
    for row in rows(words.robots, words.ticks):
        found.append(row)
        if not words.json:
            figures = "  ".join(f"{key} {value:8.2f}" for key, value in row.items() if isinstance(value, float))
            print(f"{row['robot']:8} {row['kind']:8} {row['path']:9} {figures}", flush=True)
    if words.json:
        print(json.dumps({"control": compiled.path(), "cores": os.cpu_count(), "load": os.getloadavg()[0], "rows": found}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
