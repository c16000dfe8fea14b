"""Keeping clear of boxes, of oneself and inside a workspace: the smallest distance under random targets, and what a control step costs.

    python benchmarks/avoidance.py [--robots panda ur5e] [--ticks 2000] [--json]

Every arm stands between a wall and a post, under a ceiling; its targets jump and stay at random, most of them behind or beside these.
Rows: smallest distance met [mm] against the margin of 10 mm, worst use of the velocity, acceleration and jerk limits, and the median time of a
step [µs] without avoidance, with it on itself alone in small motions at home, and with it under the random targets, the controllers taking turns.
Exit 1 where a distance falls below the margin, or a limit is exceeded.
"""

from __future__ import annotations

import argparse
import json
import sys
from time import perf_counter
from typing import Any

import numpy as np

from skillkit import share
from skillkit.embodiment import Embodiment
from skillkit.kinematics import ArmKinematics, Box, CartesianController, Collisions
from skillkit.kinematics.avoidance import EXACT, KEPT
from skillkit.pose import Array, Pose, rotation_from_vector

RATE = 100.0  # [Hz]
STAY = 60  # ticks that a target stays


def surroundings(arm: Embodiment) -> Collisions:
    """A wall ahead, a post beside and a ceiling above the tool at home, each a third of its distance from the base away."""
    point = ArmKinematics(arm).forward(arm.home).position
    away = 0.35 * float(np.linalg.norm(point))
    wall = Box("wall", Pose.from_vector(point + np.array([away, 0.0, 0.0])), (0.05, 2.0, 2.0))
    post = Box("post", Pose.from_vector(point + np.array([0.0, away, -0.1])), (0.1, 0.1, 1.0))
    return Collisions(arm, [wall, post], workspace=((-3.0, -3.0, -3.0), (3.0, 3.0, float(point[2]) + 0.5 * away)))


def timed(control: CartesianController, measured: Array, pose: Pose, times: list[float]) -> Array:
    begun = perf_counter()
    step = control.track(measured, pose)
    times.append(perf_counter() - begun)
    return step.position


def measure(name: str, ticks: int) -> dict[str, Any]:
    """One arm."""
    arm, rng = Embodiment.load(name), np.random.default_rng(0)
    judge, plain, keeping, calm = surroundings(arm), CartesianController(arm, RATE), CartesianController(arm, RATE, surroundings(arm)), ArmKinematics(arm)
    times: dict[str, list[float]] = {"plain": [], "far": [], "near": []}
    sent, least, home = [arm.home] * 3, 1.0, calm.forward(arm.home)
    resting, pose = CartesianController(arm, RATE, Collisions(arm)), home
    for tick in range(ticks):
        if tick % STAY == 0:
            pose = Pose(rng.normal(size=3) * 0.6, rotation_from_vector(rng.normal(size=3)))
        sent.append(timed(keeping, sent[-1], pose, times["near"]))
        small = Pose(home.position + 0.005 * np.sin(0.05 * tick), home.rotation)
        timed(plain, arm.home, small, times["plain"])
        timed(resting, arm.home, small, times["far"])
        found = judge.clearance(sent[-1], 0.1).distances
        least = min(least, float(found[0]) if len(found) else 0.1)
    uses = [float((np.abs(np.diff(sent, k, axis=0)) * RATE**k / limit).max()) for k, limit in enumerate((arm.velocity, arm.acceleration, arm.jerk), 1)]
    medians = {f"{key}_us": float(np.median(values)) * 1e6 for key, values in times.items()}
    return {"robot": name, "pairs": len(judge.pairs), "least_mm": least * 1e3, "uses": uses, **medians}


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--robots", nargs="*", default=sorted(share.files("urdf")), help="names of robot models")
    parser.add_argument("--ticks", type=int, default=2000, help="control steps per arm")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    words = parser.parse_args()
    rows = []
    for name in words.robots:
        rows.append(row := measure(name, words.ticks))
        uses = ", ".join(f"{use:.3g}" for use in row["uses"])
        told = f"{name:8} {row['pairs']:3} pairs  least {row['least_mm']:6.2f} mm  v, a, j {uses}  "
        told += f"plain {row['plain_us']:.0f}, home {row['far_us']:.0f}, near {row['near_us']:.0f} µs"
        print(told, file=sys.stderr if words.json else sys.stdout, flush=True)
    if words.json:
        print(json.dumps({"margin_mm": KEPT * 1e3, "rows": rows}))
    held = all(row["least_mm"] >= (KEPT - 2.0 * EXACT) * 1e3 and max(row["uses"]) <= 1.0 + 1e-9 for row in rows)
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
