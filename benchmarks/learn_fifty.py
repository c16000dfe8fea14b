"""One network for fifty tasks, as configs/learn/mt50.yaml says: success on goals that no demonstration had, beside the experts that it learned from.

    python benchmarks/learn_fifty.py [--demonstrations 5,20] [--seeds 1] [--episodes 10] [--dataset FOLDER] [--json]

Needs the extras learn and metaworld, and demonstrations that it collects once (runs/learn/mt50). The experts act on the same goals, undisturbed: what they
cannot do bounds what they can show. Everything that is finished is kept in benchmarks/results/learn_fifty_tasks.json, so that a run that was stopped goes on
where it was. A training and its evaluation take about five minutes of one core, the experts one.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from learn_methods import ROOT, dataset, train_and_evaluate

from skillkit.demos.evaluation import goals
from skillkit.learn.config import load_config
from skillkit.learn.structure import Tally, wilson
from skillkit.sim.metaworld import LIMIT, MT50, BenchmarkTask

RESULTS = ROOT / "benchmarks" / "results" / "learn_fifty_tasks.json"
CONFIG = ROOT / "configs" / "learn" / "mt50.yaml"


def experts(episodes: int, seed: int) -> dict[str, Any]:
    """How often each expert succeeds on the goals of an evaluation."""
    return {"episodes": episodes, "successes": {task: sum(expert_succeeds(BenchmarkTask(task), episodes, seed)) for task in MT50}}


def expert_succeeds(world: BenchmarkTask, episodes: int, seed: int) -> list[bool]:
    """Of each episode."""
    outcomes = []
    for goal in goals(seed, episodes):
        observation, success, step = world.reset(goal), False, 0
        while step < LIMIT and not success:
            observation, success = world.step(world.expert(observation))
            step += 1
        outcomes.append(success)
    return outcomes


def learned(demonstrations: int, data: Path, episodes: int, seed: int) -> dict[str, Any]:
    """One training and its evaluation."""
    config = load_config(CONFIG, {"dataset": str(data), "demonstrations": str(demonstrations)}).as_dict()
    with tempfile.TemporaryDirectory() as folder:
        return {**train_and_evaluate(Path(folder), {**config, "seed": seed}, MT50, episodes, seed), "config": CONFIG.name}


def row(name: str, run: Mapping[str, Any]) -> dict[str, Any]:
    """Mean with Wilson's interval, and the tasks below 9 of 10."""
    tally = Tally(sum(run["successes"].values()), run["episodes"] * len(run["successes"]))
    weak = {task: count for task, count in sorted(run["successes"].items(), key=lambda item: item[1]) if count < 0.9 * run["episodes"]}
    interval = wilson(tally)
    return {"run": name, "mean": tally.rate, "low": interval.low, "high": interval.high, "cpu_s": run.get("cpu_s", 0.0), "weak": weak}


def main() -> int:
    """Measure what is missing, and print what was found."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--demonstrations", default="5,20")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--episodes", type=int, default=10)
    parser.add_argument("--dataset", default="", help="demonstrations that are there already")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    found = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    data = Path(options.dataset) if options.dataset else dataset("mt50")
    for seed in range(options.seeds):
        plans = {f"experts/{seed}": lambda seed=seed: experts(options.episodes, seed)}
        for count in map(int, options.demonstrations.split(",")):
            plans[f"{count} demonstrations/{seed}"] = lambda seed=seed, count=count: learned(count, data, options.episodes, seed)
        for key in [key for key in plans if key not in found]:
            found[key] = plans[key]()
            RESULTS.write_text(json.dumps(found, indent=1) + "\n")
    rows = [row(name, run) for name, run in found.items()]
    if options.json:
        print(json.dumps(rows))
        return 0
    for one in rows:
        print(f"{one['run']:24} {one['mean']:.3f} ({one['low']:.3f} to {one['high']:.3f})  {one['cpu_s']:6.1f} CPU-s  below 9 of 10: {one['weak']}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
