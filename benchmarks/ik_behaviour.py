"""Long runs of streaming control on every arm: circles, lag, sag, singularities and turns of the tool, skillkit beside its peers.

    PYTHONPATH=. python benchmarks/ik_behaviour.py [--robots panda ur5e] [--rounds 100] [--ours] [--json]

Needs the environment of ``ik_streaming.py`` for the peers. A row per method and robot:

- circle, drift: RMS error in steady state of circles at 0.25 Hz (0.1 m radius, smaller for small arms), and how far off the tool ends after all;
- lag 20, 50, 100 ms: largest error of the tool while the arm follows its commands as a first-order system, over 30 s of circles, and its growth (peak of the
  last round over that of the second, minus 1);
- walk: how far the command moves in 10 s of holding while the arm sags 0.02 rad behind it;
- singular: the worst RMS of the passes through singularities; turn: error after two radians about the tool axis and back.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
from _ik_peers import RATE
from ik_streaming import ROBOTS, Trial, available, circle, singularities, tool_turn, versions

from skillkit.embodiment import Embodiment
from skillkit.pose import vector_from_rotation

LAGS = (0.02, 0.05, 0.1)  # [s]
LAG_ROUNDS = 8  # of 4 s
SAG = 0.02  # [rad]
ROUND = int(4 * RATE)  # ticks
RESULTS = Path(__file__).parent / "results" / "ik_behaviour.json"


def circles(trial: Trial, rounds: int) -> dict[str, float]:
    start = trial.start(trial.arm.home)
    errors, _ = trial.follow(circle(trial.arm, start, rounds))
    last, turned = trial.follow(iter([start] * int(RATE)))
    return {"circle_um": float(np.sqrt(np.mean(errors[ROUND:] ** 2))) * 1e6, "drift_um": float(last[-1]) * 1e6, "drift_urad": float(turned[-1]) * 1e6}


def lag(trial: Trial, seconds: float) -> dict[str, float]:
    """The largest error [mm], and its growth."""
    start, measured = trial.start(trial.arm.home), trial.arm.home
    share, errors = 1.0 - np.exp(-1.0 / (RATE * seconds)), []
    for pose in circle(trial.arm, start, LAG_ROUNDS):
        if hasattr(trial.method, "feel"):
            trial.method.feel(measured)
        measured = measured + (trial.method.track(pose) - measured) * share
        errors.append(float(np.linalg.norm(trial.kinematics.forward(measured).position - pose.position)))
    rounds = np.array(errors).reshape(LAG_ROUNDS, ROUND).max(axis=1)
    name = f"lag{seconds * 1e3:.0f}"
    return {f"{name}_mm": float(rounds.max()) * 1e3, f"{name}_growth": float(rounds[-1] / rounds[1] - 1.0)}


def sag(trial: Trial) -> dict[str, float]:
    start, command = trial.start(trial.arm.home), trial.arm.home
    for _ in range(int(10 * RATE)):
        if hasattr(trial.method, "feel"):
            trial.method.feel(command - SAG)
        command = trial.method.track(start)
    tool = trial.kinematics.forward(command)
    return {
        "walk_um": float(np.linalg.norm(tool.position - start.position)) * 1e6,
        "walk_urad": float(np.linalg.norm(vector_from_rotation(tool.rotation @ start.rotation.T))) * 1e6,
    }


def passes(trial: Trial) -> dict[str, float]:
    found = singularities(trial)
    return {"singular_mm": max(found.values())} if found else {}


def behaviour(make: Callable[[Embodiment], Any], arm: Embodiment, rounds: int) -> dict[str, float]:
    """All rows of one method on one arm."""
    found: dict[str, float] = {}
    tests: tuple[Callable[[Trial], dict[str, float]], ...] = (
        lambda trial: circles(trial, rounds), *(lambda trial, seconds=seconds: lag(trial, seconds) for seconds in LAGS), sag, passes, tool_turn,
    )  # fmt: skip
    for test in tests:
        try:
            found.update(test(Trial(make(arm), arm)))
        except Exception as error:  # a peer that gives up is a result
            print(f"   {arm.name}: ended with {type(error).__name__}: {str(error)[:100]}", file=sys.stderr)
    return found


COLUMNS = {
    "circle_um": "circle µm", "drift_um": "drift µm", "drift_urad": "drift µrad", "lag20_mm": "lag 20 ms: mm", "lag20_growth": "growth",
    "lag50_mm": "50 ms: mm", "lag50_growth": "growth", "lag100_mm": "100 ms: mm", "lag100_growth": "growth", "walk_um": "walk µm", "singular_mm": "singular mm",
    "turn_return_mm": "turn mm", "turn_return_mrad": "turn mrad",
}  # fmt: skip


def line(row: dict[str, Any]) -> str:
    """One row of the table in Markdown; what rounding alone leaves counts as 0."""
    cells = ("–" if key not in row else "0" if abs(row[key]) < 1e-6 else f"{row[key]:.2g}" for key in COLUMNS)
    return f"| {row['robot']} | {row['method']} | " + " | ".join(cells) + " |"


def main() -> int:
    """Run from the command line; exit 1 where skillkit breaks a promise."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--robots", nargs="*", default=list(ROBOTS), help="names of robot models")
    parser.add_argument("--rounds", type=int, default=100, help="circles")
    parser.add_argument("--ours", action="store_true", help="without the peers")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    words = parser.parse_args()
    rows: list[dict[str, Any]] = []
    print("| robot | method | " + " | ".join(COLUMNS.values()) + " |\n|" + "---|" * (len(COLUMNS) + 2))
    for robot in words.robots:
        arm = Embodiment.load(robot)
        for name, make in available(arm).items():
            if name == "skillkit" or not words.ours:
                rows.append({"robot": robot, "method": name, **behaviour(make, arm, words.rounds)})
                print(line(rows[-1]), flush=True)
    result = {"versions": versions(), "rate": RATE, "rounds": words.rounds, "rows": rows}
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(result, indent=1) + "\n")
    if words.json:
        print(json.dumps(result))
    return 0 if all(_promised(row) for row in rows if row["method"] == "skillkit") else 1


def _promised(row: dict[str, Any]) -> bool:
    grown = max(row[f"lag{seconds * 1e3:.0f}_growth"] for seconds in LAGS)
    return (
        row["circle_um"] < 10.0
        and row["drift_um"] < 1.0
        and row["walk_um"] < 1.0
        and row.get("singular_mm", 0.0) < 1.5
        and row["turn_return_mm"] < 1e-3
        and grown < 0.01
    )


if __name__ == "__main__":
    sys.exit(main())
