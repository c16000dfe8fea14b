"""Coffee in simulation on every arm in ``urdf/`` whose joints and reach allow it: successes per arm, as physics judges them.

    python benchmarks/coffee_arms.py [--episodes 5] [--robots panda ur5e] [--json]

An arm is left out, with the reason, that has fewer than six joints, no gripper, or less reach than the scene asks for. Exit status 1 where an
episode of one that was not left out fails.
"""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

import numpy as np

from skillkit import share
from skillkit.assembly import System, run_episode
from skillkit.assembly.worlds import simulated_world
from skillkit.cell import Cell
from skillkit.embodiment import Embodiment
from skillkit.kinematics import ArmKinematics

REACH = 0.8  # [m] that the scene asks for


def left_out(arm: Embodiment) -> str:
    """Why an arm cannot make coffee; empty if it can."""
    if arm.n < 6:
        return f"{arm.n} joints: the task needs position and rotation"
    if arm.gripper is None:
        return "no gripper"
    kinematics, rng = ArmKinematics(arm), np.random.default_rng(0)
    lower, upper = np.maximum(arm.lower, -np.pi), np.minimum(arm.upper, np.pi)
    reach = max(float(np.linalg.norm(kinematics.forward(q).position)) for q in rng.uniform(lower, upper, (500, arm.n)))
    return "" if reach >= REACH else f"reach of {reach:.2f} m, {REACH} m are needed"


def measure(robot: str, episodes: int) -> dict[str, Any]:
    """One arm."""
    reason = left_out(Embodiment.load(robot))
    row: dict[str, Any] = {"robot": robot, "left_out": reason, "episodes": 0 if reason else episodes, "successes": 0, "seconds": [], "failures": []}
    for seed in range(1, 1 + int(row["episodes"])):
        cell, world = simulated_world(Cell.of_robot(robot), "coffee", seed)
        episode = run_episode(System.build(cell, "prepare_coffee"), world, "prepare_coffee", seed=seed)
        row["successes"] += episode.success
        row["seconds"].append(round(episode.duration, 1))
        if not episode.success:
            row["failures"].append(f"seed {seed}: {episode.ending.outcome.value} {episode.ending.reason}")
    return row


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--episodes", type=int, default=5, help="scenes per arm, each drawn by its own seed")
    parser.add_argument("--robots", nargs="*", default=sorted(share.files("urdf")), help="names of robot models")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    words = parser.parse_args()
    rows = []
    for robot in words.robots:
        rows.append(row := measure(robot, words.episodes))
        told = row["left_out"] or f"{row['successes']}/{row['episodes']} made, median {np.median(row['seconds']):.0f} s {'; '.join(row['failures'])}"
        print(f"{robot:8} {told}", file=sys.stderr if words.json else sys.stdout, flush=True)
    if words.json:
        print(json.dumps({"robots": rows}))
    return 0 if all(row["successes"] == row["episodes"] for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
