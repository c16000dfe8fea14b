"""Full inverse kinematics and clearance: how many random reachable poses are reached, and how long it takes, on every robot in ``urdf/``.

    python benchmarks/ik_full.py [--poses 1000] [--robots panda,ur5e] [--json]

Poses are those of joint positions drawn within the limits (within half a turn either way); every search starts from positions drawn
anew. A pose counts as reached within 1e-4 m and 1e-3 rad, inside the limits, by forward kinematics. Times are of the thread's own
CPU, so that other programs on the machine do not count. Exit 0 when every pose on every robot was reached.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import time
from typing import Any

import numpy as np

from skillkit import share
from skillkit.embodiment import Embodiment
from skillkit.kinematics import ArmKinematics, Collisions, solve_ik

POSITION, ROTATION = 1e-4, 1e-3  # [m], [rad]
WITHIN = 0.05  # [m] clearances below this are looked for


def measure(name: str, poses: int) -> dict[str, Any]:
    """One robot: reached poses, and microseconds of a search and of a clearance."""
    arm = Embodiment.load(name)
    kinematics, collisions, random = ArmKinematics(arm), Collisions(arm), np.random.default_rng(0)
    lower, upper = np.maximum(arm.lower, -np.pi), np.minimum(arm.upper, np.pi)
    solve_ik(arm, kinematics.forward(arm.home))
    reached, searches, clearances, iterations = 0, [], [], []
    for _ in range(poses):
        q, seed = random.uniform(lower, upper), random.uniform(lower, upper)
        pose = kinematics.forward(q)
        begun = time.thread_time()
        inverse = solve_ik(arm, pose, seed=seed)
        searches.append(time.thread_time() - begun)
        begun = time.thread_time()
        collisions.clearance(q, WITHIN)
        clearances.append(time.thread_time() - begun)
        found = kinematics.forward(inverse.q)
        near = np.linalg.norm(found.position - pose.position) < POSITION and np.linalg.norm(found.rotation_to(pose)) < ROTATION
        reached += bool(inverse.success and near and (inverse.q >= arm.lower).all() and (inverse.q <= arm.upper).all())
        iterations.append(inverse.iterations)
    median, late = (np.percentile(searches, share_) * 1e6 for share_ in (50, 99))
    nearby = np.percentile(clearances, 50) * 1e6
    return {"robot": name, "joints": arm.n, "poses": poses, "reached": reached, "median_us": round(median, 1), "p99_us": round(late, 1),
            "iterations": float(np.mean(iterations)), "pairs": len(collisions.pairs), "clearance_us": round(nearby, 1)}  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--poses", type=int, default=1000)
    parser.add_argument("--robots", default=",".join(sorted(share.files("urdf"))))
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    rows = [measure(name, given.poses) for name in given.robots.split(",")]
    if given.json:
        print(json.dumps({"machine": platform.processor() or platform.machine(), "python": platform.python_version(), "robots": rows}, indent=1))
    else:
        print(f"{'robot':10} {'joints':>6} {'reached':>12} {'median':>10} {'p99':>10} {'iterations':>10} {'pairs':>6} {'clearance':>10}")
        for row in rows:
            print(f"{row['robot']:10} {row['joints']:6} {row['reached']:6}/{row['poses']:<5} {row['median_us']:7.0f} µs {row['p99_us']:7.0f} µs "
                  f"{row['iterations']:10.1f} {row['pairs']:6} {row['clearance_us']:7.0f} µs")  # fmt: skip
    return 0 if all(row["reached"] == row["poses"] for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
