"""Long runs of streaming control on every arm: circles, lag, sag, singularities and turns of the tool, skillkit beside its peers.

    PYTHONPATH=. python benchmarks/ik_behaviour.py [--robots panda ur5e] [--rounds 100] [--wheel] [--ours] [--resume] [--json]

Needs the environment of ``ik_streaming.py`` for the peers. A row per method and robot:

- circle, drift: RMS error in steady state of circles at 0.25 Hz (0.1 m radius, smaller for small arms), and how far off the tool ends after all;
- lag 20, 50, 100 ms: largest error of the tool while the arm follows its commands as a first-order system, over 30 s of circles, and its growth (peak of the
  last round over that of the second, minus 1);
- walk: how far the command moves in 10 s of holding while the arm sags 0.02 rad behind it;
- singular: the worst RMS of the passes through singularities; turn: error after two radians about the tool axis and back;
- chatter: mean joint speed with the target two reaches away [rad/s]; jump, ramp: error after coming back from there at once and gradually;
- v, a, j, q: worst use of a limit in all of these and under targets that jump and run at random;
- held: the lag of 20 ms and the passes once more, with skillkit's gate behind every method that broke a limit.

The rows are written after every arm; ``--resume`` keeps those of an earlier run of the same sources and measures what it lacks.

Exit 1 where skillkit breaks a promise of :data:`PROMISED`.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
from _ik_arms import SHIPPED, arms
from _ik_peers import RATE, Gated
from ik_streaming import Trial, available, circle, holds, jump, ramp, singularities, tool_turn, versions, wild

import skillkit
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
    found = [value for name, value in singularities(trial).items() if name.endswith("_mm")]
    return {"singular_mm": max(found)} if found else {}


def behaviour(make: Callable[[Embodiment], Any], arm: Embodiment, rounds: int, lags: tuple[float, ...] = LAGS) -> dict[str, float]:
    """All rows of one method on one arm."""
    found: dict[str, float] = {}
    lagging = (lambda trial, seconds=seconds: lag(trial, seconds) for seconds in lags)
    tests: tuple[Callable[[Trial], dict[str, float]], ...]
    tests = (lambda trial: circles(trial, rounds), jump, ramp, *lagging, sag, passes, tool_turn, wild)
    for test in tests:
        trial = Trial(make(arm), arm)
        try:
            found.update(test(trial))
        except Exception as error:  # a peer that gives up is a result
            print(f"   {arm.name}: ended with {type(error).__name__}: {str(error)[:100]}", file=sys.stderr)
        for name, value in trial.worst.items():
            found[f"worst_{name}"] = max(value, found.get(f"worst_{name}", 0.0))
    kept = holds({name: found[f"worst_{name}"] for name in ("position", "velocity", "acceleration", "jerk")})
    behind = (Trial(make(arm) if kept else Gated(make(arm), arm), arm) for _ in range(2))
    again = {**lag(next(behind), lags[0]), **passes(next(behind))}
    return {**found, **{f"held_{name}": value for name, value in again.items() if name.endswith("_mm")}}


COLUMNS = {
    "circle_um": "circle µm", "drift_um": "drift µm", "drift_urad": "drift µrad", "lag20_mm": "lag 20 ms: mm", "lag20_growth": "growth",
    "lag50_mm": "50 ms: mm", "lag50_growth": "growth", "lag100_mm": "100 ms: mm", "lag100_growth": "growth", "walk_um": "walk µm", "singular_mm": "singular mm",
    "turn_return_mm": "turn mm", "turn_return_mrad": "turn mrad", "chatter_rad_s": "chatter", "jump_return_mm": "jump mm", "jump_return_mrad": "mrad",
    "ramp_return_mm": "ramp mm", "ramp_return_mrad": "mrad", "worst_velocity": "v/limit", "worst_acceleration": "a/limit", "worst_jerk": "j/limit",
    "worst_position": "q over", "held_lag20_mm": "held: lag 20 ms", "held_singular_mm": "singular",
}  # fmt: skip


def line(row: dict[str, Any]) -> str:
    """One row of the table in Markdown; what rounding alone leaves counts as 0."""
    cells = ("–" if key not in row else "0" if abs(row[key]) < 1e-6 else f"{row[key]:.2g}" for key in COLUMNS)
    return f"| {row['robot']} | {row['method']} | " + " | ".join(cells) + " |"


def sources() -> str:
    """What the measured sources are, as one word."""
    package = Path(skillkit.__file__).parent
    files = sorted([*(package / "kinematics").glob("*.py"), package / "braking.py", package / "safety.py", *Path(__file__).parent.glob("*ik_*.py")])
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:16]


def earlier(result: dict[str, Any]) -> list[dict[str, Any]]:
    """The rows of the last run, where it was one like this."""
    last = json.loads(RESULTS.read_text()) if RESULTS.is_file() else {}
    return last["rows"] if all(last.get(key) == value for key, value in result.items() if key != "rows") else []


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--robots", nargs="*", default=list(SHIPPED), help="names of robot models")
    parser.add_argument("--wheel", action="store_true", help="ten arms of example-robot-data as well, see _ik_arms.py")
    parser.add_argument("--rounds", type=int, default=100, help="circles")
    parser.add_argument("--ours", action="store_true", help="without the peers")
    parser.add_argument("--resume", action="store_true", help="go on with a run that was interrupted")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    words = parser.parse_args()
    result: dict[str, Any] = {"versions": versions(), "rate": RATE, "rounds": words.rounds, "sources": sources(), "rows": []}
    rows = result["rows"] = earlier(result) if words.resume else []
    RESULTS.parent.mkdir(exist_ok=True)
    print("| robot | method | " + " | ".join(COLUMNS.values()) + " |\n|" + "---|" * (len(COLUMNS) + 2))
    for arm in arms(words.robots, words.wheel):
        for name, make in available(arm).items():
            kept = next((row for row in rows if (row["robot"], row["method"]) == (arm.name, name)), None)
            if kept is not None:
                print(line(kept))
            elif name == "skillkit" or not words.ours:
                rows.append({"robot": arm.name, "method": name, **behaviour(make, arm, words.rounds)})
                print(line(rows[-1]), flush=True)
                RESULTS.write_text(json.dumps(result, indent=1) + "\n")
    if words.json:
        print(json.dumps(result))
    failed = {row["robot"]: faults for row in rows if row["method"] == "skillkit" and (faults := broken(row))}
    for robot, faults in failed.items():
        print(f"{robot} breaks {faults}", file=sys.stderr)
    return 1 if failed else 0


PROMISED = {  # largest value of each column, or of each that ends so
    "circle_um": 10.0, "drift_um": 1.0, "drift_urad": 1.0, "_growth": 0.01, "walk_um": 1.0, "walk_urad": 1.0, "singular_mm": 1.5, "turn_return_mm": 1e-3,
    "turn_return_mrad": 1e-3, "chatter_rad_s": 1e-3, "jump_return_mm": 1.0, "jump_return_mrad": 1.0, "ramp_return_mm": 1.0, "ramp_return_mrad": 1.0,
    "worst_position": 0.0, "worst_velocity": 1.0 + 1e-9, "worst_acceleration": 1.0 + 1e-9, "worst_jerk": 1.0 + 1e-9,
}  # fmt: skip


def broken(row: dict[str, Any]) -> dict[str, float]:
    """The promises that a row of skillkit breaks; those without a value count as broken."""
    missing = dict.fromkeys((name for name in PROMISED if name != "singular_mm" and not any(key.endswith(name) for key in row)), float("nan"))
    return missing | {key: row[key] for key in row for name, most in PROMISED.items() if key.endswith(name) and not row[key] <= most}


if __name__ == "__main__":
    sys.exit(main())
