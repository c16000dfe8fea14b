"""Claims about multi-task learning that are often made, each measured: it holds, is refuted, or is left open by its interval.

    python benchmarks/learn_claims.py [--claims 1,2,3,4,7,9,10,13] [--seeds 2] [--episodes 10] [--steps 1500] [--mt50 demos/mt50] [--json]

1 PCGrad cuts interference by 30 to 40 % at 10 to 15 % more cost; 2 sampling by the square root of sizes gains 15 % on average; 3 oversampling rare tasks
gains 28 % on the tail; 4 a task of 20 demonstrations among others equals one of 80 alone; 7 ten separate policies cost ten times one shared; 9 tasks never
trained succeed 40 to 70 % of the time when told in words, and hardly ever by a policy of one task; 10 long chains lose 40 to 60 %; 13 fewer than five tasks
together hurt, fifteen and more gain 25 to 50 %.

Meta-World's MT10 (9 and 13: MT50); needs the extras learn and metaworld. Demonstrations are collected once. Every finished training is kept in
benchmarks/results/learn_claims.json, so that a run that was stopped goes on where it was. About an hour of one core with two seeds.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from learn_methods import ROOT, dataset, train_and_evaluate

from skillkit.demos.benchmark import SEEDS_PER_TASK, SPACE, Disturbance, collect
from skillkit.demos.evaluation import evaluate_task, policy_of
from skillkit.learn.acting import Acting
from skillkit.learn.config import Config
from skillkit.learn.dataset import INFO, write_dataset
from skillkit.learn.model import Model, Task
from skillkit.learn.structure import Results, Tally, chain_success, mean_difference, pooled, wilson
from skillkit.learn.training import Training
from skillkit.sim.metaworld import INSTRUCTIONS, LIMIT, MT10, MT50, BenchmarkTask

RESULTS = ROOT / "benchmarks" / "results" / "learn_claims.json"
METHODS = RESULTS.with_name("learn_mt10_5.json")
BASE = {"bins": 21, "hidden": [256, 256, 256], "precision": "bfloat16"}
FEWER = dict(zip(MT10, (20, 1, 10, 5, 20, 3, 2, 10, 1, 5), strict=True))  # demonstrations of each task where sizes differ
TAIL = tuple(task for task, count in FEWER.items() if count <= 2)
HARD = ("push-v3", "pick-place-v3", "peg-insert-side-v3")  # that one network learns least easily
UNSEEN = MT50[4::10]  # five tasks that are kept out
POOL = (1, 3, 10, 25)
CHAINS, LONGEST, MOVING = 30, 5, 60  # the last: steps in which the tool is brought to where the last task left it


class Bench:
    """Options, and the trainings that are done already."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.found: dict[str, Any] = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}

    def once(self, key: str, measure: Callable[[], Any]) -> Any:
        """What was measured under this key, now or before."""
        if key not in self.found:
            self.found[key] = measure()
            RESULTS.write_text(json.dumps(self.found, indent=1) + "\n")
            print(key, file=sys.stderr, flush=True)
        return self.found[key]

    def runs(self, name: str, judged: Sequence[str], data: Path, **values: Any) -> list[dict[str, Any]]:
        """One training and its evaluation per seed; it learns the tasks that it is judged by, if ``values`` name no others."""

        def run(seed: int) -> dict[str, Any]:
            with tempfile.TemporaryDirectory() as folder:
                given = {"dataset": str(data), **BASE, "steps": self.options.steps, **values}
                return train_and_evaluate(Path(folder), given, judged, self.options.episodes, seed)

        return [self.once(f"{name}/{seed}", lambda seed=seed: run(seed)) for seed in range(self.options.seeds)]


def rates(runs: Sequence[Mapping[str, Any]], tasks: Sequence[str] = ()) -> list[Results]:
    """Tallies of each run, of all tasks or some."""
    return [{task: Tally(count, run["episodes"]) for task, count in run["successes"].items() if not tasks or task in tasks} for run in runs]


def mean(results: Sequence[Results]) -> dict[str, Any]:
    """Success over all episodes, with Wilson's interval."""
    tallies = list(pooled(results).values())
    interval = wilson(Tally(sum(tally.successes for tally in tallies), sum(tally.episodes for tally in tallies)))
    return {"success": interval.estimate, "low": interval.low, "high": interval.high, "episodes": sum(tally.episodes for tally in tallies)}


def against(first: Sequence[Results], second: Sequence[Results]) -> dict[str, Any]:
    """First and second, and the difference with its bootstrap interval."""
    return {"first": mean(first), "second": mean(second), "difference": mean_difference(first, second)._asdict()}


# -- the claims ----------------------------------------------------------------------------------------------------------------------------


def pcgrad(bench: Bench) -> dict[str, Any]:
    """Interference: how far each task is below its own network, mean over tasks; and the share of pairs of gradients in conflict."""
    done = json.loads(METHODS.read_text()) if METHODS.exists() else {}
    names = ("separate", "shared", "shared, pcgrad")
    seeds = [seed for seed in range(bench.options.seeds) if all(f"{name}/{seed}" in done for name in names)]
    by_method = {name: [done[f"{name}/{seed}"] for seed in seeds] for name in names}
    if not all(by_method.values()):
        raise SystemExit("claim 1 reads what 'python benchmarks/learn_methods.py --methods \"separate;shared;shared, pcgrad\"' measures: run that first")
    alone, plain, surgery = by_method.values()

    def lost(runs: Sequence[Mapping[str, Any]]) -> float:
        own, together = pooled(rates(alone)), pooled(rates(runs))
        return float(np.mean([max(0.0, own[task].rate - together[task].rate) for task in MT10]))

    cost = float(np.mean([run["cpu_s"] for run in surgery]) / np.mean([run["cpu_s"] for run in plain]))
    figures = {"interference_plain": lost(plain), "interference_pcgrad": lost(surgery), "cost_ratio": cost, "seeds": len(seeds)}
    return {**against(rates(surgery), rates(plain)), **figures, "conflicting_pairs": bench.once("conflicts", conflicts)}


def conflicts() -> dict[str, float]:
    """Share of the pairs of tasks whose gradients point against each other, over a training with and without PCGrad."""
    found = {}
    for name in ("mean", "pcgrad"):
        values = {**BASE, "hidden": (256,) * 3, "precision": "float32"}
        with tempfile.TemporaryDirectory() as folder:
            run = Training(Config(str(dataset("mt10")), ",".join(MT10), 5, aggregator=name, steps=400, log_every=20, **values), Path(folder)).run()
            found[name] = json.loads((run / "conflict.json").read_text())["conflicting_share"]
    return found


def sampling(bench: Bench, method: str, tasks: Sequence[str]) -> dict[str, Any]:
    """A way of sampling beside the proportional one, on demonstrations of unequal number."""
    data, slots = dataset("mt10"), {"limits": FEWER, "slots": len(MT10)}
    plain = bench.runs("unequal, proportional", MT10, data, sampling="proportional", **slots)
    other = bench.runs(f"unequal, {method}", MT10, data, sampling=method, **slots)
    return against(rates(other, tasks), rates(plain, tasks))


def fewer_demonstrations(bench: Bench) -> dict[str, Any]:
    """Three tasks with 20 demonstrations each among ten, and each alone with 80."""
    folder = ROOT / "runs" / "learn" / "hard"
    if not (folder / INFO).exists():
        write_dataset(folder, (episode for some in collect(HARD, 80, 0, Disturbance(0.3)) for episode in some), SPACE)
    together = bench.runs("ten tasks at 20", HARD, dataset("mt10"), tasks=",".join(MT10))
    alone = bench.runs("hard alone at 80", HARD, folder, network="separate", condition="none")
    return against(rates(together), rates(alone))


def one_for_ten(bench: Bench) -> dict[str, Any]:
    """Numbers held by ten networks and by one for ten tasks."""
    tasks = [Task(name, INSTRUCTIONS[name], 4) for name in MT10]
    sizes = {}
    for network in ("separate", "shared"):
        model = Model(Config("", network=network, condition="none" if network == "separate" else "one_hot", **{**BASE, "hidden": (256,) * 3}), SPACE, tasks)
        sizes[network] = sum(parameter.numel() for parameter in model.parameters())
    return {"parameters": sizes, "ratio": sizes["separate"] / sizes["shared"]}


def unseen_tasks(bench: Bench) -> dict[str, Any]:
    """Forty-five tasks learned in words, five never trained; beside it a policy that knows one task, the same for all."""
    seen = tuple(task for task in MT50 if task not in UNSEEN)

    def run(seed: int) -> dict[str, Any]:
        with tempfile.TemporaryDirectory() as folder:
            values = {**BASE, "hidden": (400, 400, 400), "steps": bench.options.steps}
            path = Training(Config(str(bench.options.mt50), ",".join(seen), 5, condition="language", seed=seed, **values), Path(folder)).run()
            acting, episodes = Acting(path), bench.options.episodes
            told = {task: sum(evaluate_task(acting, task, episodes, seed).outcomes) for task in UNSEEN}
            fixed = {task: sum(evaluate_task(acting, task, episodes, seed, "reach-v3").outcomes) for task in UNSEEN}
        return {"episodes": episodes, "successes": told, "successes of reach": fixed}

    runs = [bench.once(f"unseen/{seed}", lambda seed=seed: run(seed)) for seed in range(bench.options.seeds)]
    other = [{**one, "successes": one["successes of reach"]} for one in runs]
    return {**against(rates(runs), rates(other)), "by_task": {task: tally.rate for task, tally in pooled(rates(runs)).items()}}


def chains(bench: Bench) -> dict[str, Any]:
    """One to five tasks in a row; the tool begins each where the last one left it, and a chain ends with its first failure."""

    def run() -> dict[str, Any]:
        with tempfile.TemporaryDirectory() as folder:
            config = Config(str(dataset("mt10")), ",".join(MT10), 5, steps=bench.options.steps, **{**BASE, "hidden": (256,) * 3})
            acting = Acting(Training(config, Path(folder)).run())
            alone = {task: float(np.mean(evaluate_task(acting, task, bench.options.episodes, 0).outcomes)) for task in MT10}
            orders = [np.random.default_rng(number).choice(MT10, LONGEST, replace=False).tolist() for number in range(CHAINS)]
            return {"alone": alone, "orders": orders, "done": [done_in_a_row(acting, order, number) for number, order in enumerate(orders)]}

    found = bench.once("chains", run)
    result = chain_success(found["done"], [[found["alone"][task] for task in order] for order in found["orders"]])
    return {
        "success": [interval._asdict() for interval in result.success], "independent": result.independent, "mean_length": result.mean_length,
        "lost": result.lost, "chains": CHAINS,
    }  # fmt: skip


def done_in_a_row(acting: Acting, order: Sequence[str], number: int) -> int:
    """How many tasks of a chain succeed before the first that does not."""
    tool: np.ndarray | None = None
    for place, task in enumerate(order):
        world, act = BenchmarkTask(task), policy_of(acting, task)
        observation, success = world.reset(SEEDS_PER_TASK * 20 + number), False
        observation = observation if tool is None else moved_to(world, observation, tool)
        for _ in range(LIMIT - MOVING):
            observation, success = world.step(act(observation))
            if success:
                break
        if not success:
            return place
        tool = observation[:3]
    return len(order)


def moved_to(world: BenchmarkTask, observation: np.ndarray, tool: np.ndarray) -> np.ndarray:
    """The tool brought to where the last task left it, above the table where objects stand: up first, then across."""
    for step in range(MOVING):
        target = np.array([*(observation[:2] if step < 15 else tool[:2]), max(float(tool[2]), 0.2)])
        observation = world.step(np.append(np.clip(10.0 * (target - observation[:3]), -1.0, 1.0), -1.0)).observation
    return observation


def pooling(bench: Bench) -> dict[str, Any]:
    """The first three of fifty tasks, in networks of their own and trained together with more and more others."""
    judged = MT50[:3]
    found: dict[int, list[Results]] = {}
    for count in POOL:
        tasks = judged if count == 1 else MT50[:count]
        own = {"network": "separate", "condition": "none"} if count == 1 else {}
        found[count] = rates(bench.runs(f"pool of {count}", judged, bench.options.mt50, tasks=",".join(tasks), demonstrations=5, **own))
    return {"judged": judged, "pools": {count: {**mean(runs), "against_one": mean_difference(runs, found[1])._asdict()} for count, runs in found.items()}}


CLAIMS: dict[int, Callable[[Bench], dict[str, Any]]] = {
    1: pcgrad,
    2: lambda bench: sampling(bench, "square_root", MT10),
    3: lambda bench: sampling(bench, "oversample_rare", TAIL),
    4: fewer_demonstrations,
    7: one_for_ten,
    9: unseen_tasks,
    10: chains,
    13: pooling,
}


def main() -> int:
    """Measure what is missing, and print what was found."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--claims", default=",".join(map(str, CLAIMS)))
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--episodes", type=int, default=10)
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--mt50", type=Path, default=ROOT / "demos" / "mt50", help="demonstrations of all fifty tasks")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    bench = Bench(options)
    found = {number: CLAIMS[number](bench) for number in map(int, options.claims.split(","))}
    if options.json:
        print(json.dumps(found))
        return 0
    for number, figures in found.items():
        print(f"{number}: {json.dumps(figures, indent=1)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
