"""Every way of sharing, weighting and combining gradients on the same demonstrations: success on goals that no demonstration had, and what it cost.

    python benchmarks/learn_methods.py [--tasks mt10] [--demonstrations 5] [--seeds 3] [--episodes 10] [--steps 1500] [--methods "shared;heads"] [--json]

Needs the extras learn and metaworld, and a dataset that it collects once (runs/learn/<tasks>). Every finished training is kept in
benchmarks/results/learn_<tasks>_<demonstrations>.json, so that a run that was stopped goes on where it was; --methods picks some. One training and
evaluation on ten tasks takes about a minute of one core.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from skillkit.demos.benchmark import SPACE, Disturbance, collect
from skillkit.demos.evaluation import evaluate
from skillkit.learn.config import checked, from_dict
from skillkit.learn.dataset import INFO, write_dataset
from skillkit.learn.gradients import AGGREGATORS
from skillkit.learn.networks import NETWORKS
from skillkit.learn.structure import Tally, wilson
from skillkit.learn.training import Training
from skillkit.learn.weighting import WEIGHTINGS
from skillkit.sim.metaworld import task_names

ROOT = Path(__file__).resolve().parents[1]
NOISE, COLLECTED = 0.3, 20
METHODS: dict[str, dict[str, Any]] = {
    **{name: {"network": name, **({"condition": "none"} if name in ("separate", "soft") else {})} for name in NETWORKS},
    "shared, film": {"film": True},
    "shared, embedding": {"condition": "embedding"},
    "shared, language": {"condition": "language"},
    "shared, no condition": {"condition": "none"},
    "shared, plain features": {"features": "plain"},
    "shared, regression": {"bins": 0},
    "shared, 3 members": {"members": 3},
    "shared, shift": {"shift": 0.04},
    "shared, pulls": {"bins": 0, "pulls": 3},
    "shared, pulls, shift": {"bins": 0, "pulls": 3, "shift": 0.04},
    "separate, pulls": {"bins": 0, "pulls": 3, "network": "separate", "condition": "none"},
    **{f"shared, {name}": {"weighting": name} for name in WEIGHTINGS if name != "equal"},
    **{f"shared, {name}": {"aggregator": name} for name in AGGREGATORS if name not in ("sum", "mean")},
}
BASE = {"bins": 21}


def dataset(tasks: str) -> Path:
    """The demonstrations, collected where they are not there yet."""
    folder = ROOT / "runs" / "learn" / tasks
    if not (folder / INFO).exists():
        print(f"collecting {COLLECTED} demonstrations of each task into {folder}", file=sys.stderr)
        write_dataset(folder, (episode for some in collect(task_names(tasks), COLLECTED, 0, Disturbance(NOISE)) for episode in some), SPACE)
    return folder


def measure(method: str, seed: int, options: argparse.Namespace) -> dict[str, Any]:
    """One training and its evaluation."""
    chosen = {"demonstrations": options.demonstrations, "steps": options.steps, "precision": options.precision}
    hidden = {"hidden": [int(width) for width in options.hidden.split(",")]}
    with tempfile.TemporaryDirectory() as folder:
        values = {"dataset": str(options.dataset or dataset(options.tasks)), **BASE, **hidden, **chosen, **METHODS[method]}
        return train_and_evaluate(Path(folder), values, task_names(options.tasks), options.episodes, seed)


def train_and_evaluate(folder: Path, values: Mapping[str, Any], tasks: Sequence[str], episodes: int, seed: int) -> dict[str, Any]:
    """What a training cost, and how often it succeeded in these tasks, which are those it learns if ``values`` name no others."""
    training = Training(checked(from_dict({"tasks": ",".join(tasks), "seed": seed, **values})), folder)
    begun = time.process_time()
    training.run()
    spent = time.process_time() - begun
    rates = {result.task: sum(result.outcomes) for result in evaluate(folder, tasks, episodes, seed)}
    parameters = sum(parameter.numel() for parameter in training.model.parameters())
    return {"cpu_s": round(spent, 1), "parameters": parameters, "episodes": episodes, "steps": training.config.steps, "successes": rates}


def table(found: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """One row per method over its seeds, the best first."""
    rows = []
    for method in METHODS:
        runs = [run for key, run in found.items() if key.rpartition("/")[0] == method]
        if not runs:
            continue
        tally = Tally(sum(sum(run["successes"].values()) for run in runs), sum(run["episodes"] * len(run["successes"]) for run in runs))
        by_task = {task: sum(run["successes"][task] for run in runs) / sum(run["episodes"] for run in runs) for task in runs[0]["successes"]}
        worst = min(by_task, key=lambda task: by_task[task])
        interval = wilson(tally)
        rows.append(
            {
                "method": method, "seeds": len(runs), "mean": tally.rate, "low": interval.low, "high": interval.high, "worst": by_task[worst],
                "worst_task": worst, "cpu_s": float(np.mean([run["cpu_s"] for run in runs])), "parameters": runs[0]["parameters"],
            }
        )  # fmt: skip
    return sorted(rows, key=lambda row: -row["mean"])


def main() -> int:
    """Measure what is missing, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tasks", default="mt10")
    parser.add_argument("--demonstrations", type=int, default=5)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--episodes", type=int, default=10)
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--hidden", default="256,256,256")
    parser.add_argument("--precision", default="float32", help="or bfloat16")
    parser.add_argument("--methods", default="", help="; between them; all, if left out")
    parser.add_argument("--dataset", default="", help="demonstrations that are there already")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    file = ROOT / "benchmarks" / "results" / f"learn_{options.tasks}_{options.demonstrations}.json"
    found = json.loads(file.read_text()) if file.exists() else {}
    for seed in range(options.seeds):
        for method in [one for one in METHODS if not options.methods or one in options.methods.split(";")]:
            if f"{method}/{seed}" not in found:
                found[f"{method}/{seed}"] = measure(method, seed, options)
                file.write_text(json.dumps(found, indent=1) + "\n")
    rows = table(found)
    if options.json:
        print(json.dumps({"tasks": options.tasks, "demonstrations": options.demonstrations, "rows": rows}))
        return 0
    print(f"{options.tasks}, {options.demonstrations} demonstrations of each task")
    for row in rows:
        print(
            f"{row['method']:24} {row['mean']:.3f} ({row['low']:.3f} to {row['high']:.3f})  worst {row['worst']:.2f} {row['worst_task']:26} "
            f"{row['seeds']} seeds  {row['cpu_s']:6.1f} CPU-s  {row['parameters']:>9} parameters"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
