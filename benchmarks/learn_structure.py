"""What training more tasks together gives and takes: the scaling curve, transfer task by task, Pareto fronts, groups and failures, in one command.

    skillkit demos mt50 --episodes 5 --noise 0.3 -o demos/mt50
    python benchmarks/learn_structure.py --dataset demos/mt50 [--counts 1 10 25 50] [--seeds 3] [--steps 4000] [--episodes 10] [-o runs/structure] [--json]

One network per number of tasks and seed, each on the first so many tasks of the dataset, with the same number of samples of every task; 1
stands for networks of their own for the tasks of the smallest number above it. All are judged on those tasks, which every network has
learned. Groups come from the gradients of a training with the largest number. What was trained and evaluated already is not done again,
so a killed run goes on. Needs skillkit[learn] and metaworld, and hours on one core with the numbers above; a few minutes with
``--counts 1 3 10 --steps 500 --episodes 3``.

Nothing is claimed: the documents at hand contradict each other (pooling few tasks hurts; pooling always helps), and this is how to find out.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from skillkit.demos.evaluation import evaluate
from skillkit.learn.config import Config
from skillkit.learn.dataset import Dataset
from skillkit.learn.results import RESULTS, summary
from skillkit.learn.structure import Results, Tally, failures_by_family, group_tasks, negative_transfer, pareto_pairs, pooled, scaling_curve
from skillkit.learn.training import Training


def trained(config: Config, folder: Path) -> Path:
    """The folder of the run, trained to its end."""
    if not (folder / "trained").exists():
        Training(config, folder).run()
        (folder / "trained").touch()
    return folder


def evaluated(run: Path, tasks: Sequence[str], episodes: int, seed: int, jobs: int) -> Results:
    """Successes of each task, from the run's file where it holds them."""
    path = run / RESULTS.format(seed=seed)
    if not path.exists():
        path.write_text(json.dumps(summary([result.as_dict() for result in evaluate(run, tasks, episodes, seed, jobs)], seed)) + "\n", encoding="utf-8")
    return {row["task"]: Tally(row["successes"], row["episodes"]) for row in json.loads(path.read_text(encoding="utf-8"))["tasks"]}


def measure(arguments: argparse.Namespace) -> dict[str, Any]:
    names = list(Dataset.read(arguments.dataset).tasks)
    counts = sorted({min(count, len(names)) for count in arguments.counts})
    judged = names[: min(count for count in counts if count > 1)]
    runs: dict[int, list[Results]] = {}
    for count in counts:
        for seed in range(arguments.seeds):
            network, chosen = ("separate", judged) if count == 1 else (arguments.network, names[:count])
            config = Config(arguments.dataset, ",".join(chosen), arguments.demonstrations, network=network, steps=arguments.steps, seed=seed)
            run = trained(config, Path(arguments.output) / f"tasks{count}-seed{seed}")
            runs.setdefault(count, []).append(evaluated(run, chosen, arguments.episodes, 0, arguments.jobs))
            print(f"{run}: {np.mean([runs[count][-1][task].rate for task in judged]):.3f} on {len(judged)} tasks", file=sys.stderr)
    return report(runs, judged, gradients(arguments, names[: counts[-1]]))


def gradients(arguments: argparse.Namespace, names: list[str]) -> dict[str, Any]:
    """The conflict matrix of a short training that looks at every task's gradient."""
    config = Config(arguments.dataset, ",".join(names), arguments.demonstrations, aggregator="mean", steps=max(1, arguments.steps // 10))
    found: dict[str, Any] = json.loads((trained(config, Path(arguments.output) / "gradients") / "conflict.json").read_text(encoding="utf-8"))
    return found


def report(runs: dict[int, list[Results]], judged: list[str], conflict: dict[str, Any]) -> dict[str, Any]:
    largest = runs[max(runs)]
    curve = scaling_curve(runs)
    rates = {f"{count} tasks": {task: tally.rate for task, tally in pooled(seeds).items() if task in judged} for count, seeds in runs.items()}
    return {
        "tasks": judged,
        "points": {count: point._asdict() for count, point in curve.points.items()},
        "per_tenfold": curve.per_tenfold._asdict(),
        "transfer": {count: negative_transfer(seeds, runs[1]).as_dict() for count, seeds in runs.items() if count > 1} if 1 in runs else {},
        "pareto": [pair._asdict() for pair in pareto_pairs(rates)[:10]],
        "groups": group_tasks(conflict["tasks"], conflict["cosines"]),
        "conflicting_share": conflict["conflicting_share"],
        "families": [family._asdict() for family in failures_by_family(pooled(largest))],
        "worst": min((tally.rate, task) for task, tally in pooled(largest).items()),
    }


def show(found: dict[str, Any]) -> None:
    print(f"\nmean success over the same {len(found['tasks'])} tasks")
    for count, point in found["points"].items():
        print(f"{count:>6} tasks together   {point['estimate']:.3f}   ({point['low']:.3f} … {point['high']:.3f})")
    print("per tenfold number of tasks: {estimate:+.3f} ({low:+.3f} … {high:+.3f})".format(**found["per_tenfold"]))
    for count, transfer in found["transfer"].items():
        gain = transfer["mean_gain"]
        verdicts = ", ".join(f"{verdict} {transfer[verdict]}" for verdict in ("hurt", "helped", "open"))
        print(f"{count} tasks against one each: {gain[0]:+.3f} ({gain[1]:+.3f} … {gain[2]:+.3f}); {verdicts}")
    for pair in found["pareto"][:3]:
        print(f"largest trade: {pair['first']} against {pair['second']}, {pair['traded']:.2f}; best compromises: {', '.join(pair['front'])}")
    print(f"pairs of gradients in conflict: {100 * found['conflicting_share']:.0f} %; groups by their cosines:")
    for group in found["groups"]:
        print("   ", ", ".join(group))
    print("failures of the largest network by family:")
    for family in found["families"]:
        print(f"    {family['name']:16} {family['success'][0]:.2f} success, {100 * family['share_of_failures']:.0f} % of the failures, worst {family['worst']}")
    print(f"worst task: {found['worst'][1]} {found['worst'][0]:.2f}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--dataset", default="demos/mt50")
    parser.add_argument("--counts", type=int, nargs="+", default=[1, 10, 25, 50])
    parser.add_argument("--demonstrations", type=int, default=5, help="of each task; 0 for all")
    parser.add_argument("--network", default="shared")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--steps", type=int, default=4000)
    parser.add_argument("--episodes", type=int, default=10)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--output", "-o", default="runs/structure")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    if max(arguments.counts) < 2 or len(set(arguments.counts)) < 2:
        parser.error("--counts needs at least two numbers, one of them above 1")
    if not Path(arguments.dataset).exists():
        print(f"{arguments.dataset} is missing; nothing was measured; make it: skillkit demos mt50 --episodes 5 --noise 0.3 -o {arguments.dataset}")
        return 0
    found = measure(arguments)
    if arguments.json:
        print(json.dumps(found, indent=1))
    else:
        show(found)
    return 0


if __name__ == "__main__":
    sys.exit(main())
