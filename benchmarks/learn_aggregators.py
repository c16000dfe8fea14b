"""What heeding conflicts between tasks costs: one training step with each gradient method, against the plain sum and torchjd's mtl_backward, in one run.

    python benchmarks/learn_aggregators.py [--tasks 10 50] [--rows 32] [--rounds 7] [--every] [--json]

A network of three shared layers of 400 and one head per task, 39 observations and a one-hot task, 32 rows per task; a step is forward,
gradients, aggregation and Adam, on one thread. Every round takes one step of each method in turn; times are those of the processor, and
ratios are medians of the ratios within rounds, so that a busy machine disturbs less. ``--every`` adds all aggregators of torchjd whose
solvers are installed. Needs skillkit[learn]. One minute, three with ``--every``.

Claims: with 50 tasks a step with PCGrad takes at most 2.3 times as long as one with the plain sum, and at most a tenth of one by
mtl_backward.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from skillkit.exceptions import SkillkitError
from skillkit.learn.gradients import AGGREGATORS, TORCHJD, PCGrad, TaskGradients, make_aggregator

OBSERVATIONS, WIDTH, ACTIONS = 39, 400, 4
AT_MOST, AT_LEAST = 2.3, 10.0
PLAIN, OURS, MTL = "plain sum", "pcgrad", "mtl_backward + torchjd PCGrad"


class Policy(nn.Module):
    """A shared trunk and one linear head per task."""

    def __init__(self, tasks: int) -> None:
        super().__init__()
        sizes = (OBSERVATIONS + tasks, WIDTH, WIDTH, WIDTH)
        self.trunk = nn.Sequential(*(layer for a, b in pairwise(sizes) for layer in (nn.Linear(a, b), nn.ReLU())))
        self.heads = nn.ParameterList(torch.randn(WIDTH, ACTIONS) / WIDTH**0.5 for _ in range(tasks))


class Setting:
    """One network, its optimiser and one batch."""

    def __init__(self, tasks: int, rows: int) -> None:
        torch.manual_seed(0)
        self.tasks, self.rows = tasks, rows
        self.policy = Policy(tasks)
        self.adam = torch.optim.Adam(self.policy.parameters(), lr=1e-4)
        told = torch.eye(tasks)[:, None, :].expand(-1, rows, -1)
        self.inputs = torch.cat([torch.randn(tasks, rows, OBSERVATIONS), told], -1)
        self.wanted = torch.randn(tasks, rows, ACTIONS)

    def losses(self, tasks: Sequence[int]) -> Tensor:
        part = slice(tasks[0], tasks[-1] + 1)
        actions = torch.bmm(self.policy.trunk(self.inputs[part]), torch.stack(list(self.policy.heads[part])))
        return (actions - self.wanted[part]).square().mean((1, 2))

    def plain(self) -> None:
        self.adam.zero_grad()
        self.losses(range(self.tasks)).sum().backward()
        self.adam.step()

    def step(self, per_task: TaskGradients, aggregator: Callable[[Tensor], Tensor]) -> None:
        _, gradients = per_task(self.losses, [self.rows] * self.tasks)
        per_task.assign(aggregator(gradients))
        self.adam.step()

    def mtl_backward(self, aggregator: nn.Module) -> None:
        from torchjd.autojac import jac_to_grad, mtl_backward

        self.adam.zero_grad()
        features = self.policy.trunk(self.inputs)
        heads = zip(features, self.policy.heads, self.wanted, strict=True)
        mtl_backward([(feature @ head - wanted).square().mean() for feature, head, wanted in heads], features=features)
        jac_to_grad(list(self.policy.trunk.parameters()), aggregator)
        self.adam.step()


def methods(setting: Setting, every: bool) -> dict[str, Callable[[], None]]:
    """One step of each, by name."""
    from torchjd.aggregation import PCGrad as TheirPCGrad

    per_task, one_by_one = (TaskGradients(setting.policy, setting.policy.trunk.parameters()) for _ in range(2))
    one_by_one.by_layers = False
    found = {PLAIN: setting.plain}
    for name in (*AGGREGATORS, *(TORCHJD if every else ())):
        try:
            aggregator = make_aggregator(name)
            setting.step(per_task, aggregator)
        except SkillkitError:
            continue
        found[name] = lambda aggregator=aggregator: setting.step(per_task, aggregator)  # type: ignore[misc]
    found["pcgrad, task by task"] = lambda: setting.step(one_by_one, PCGrad())
    theirs = TheirPCGrad()
    found["torchjd PCGrad on our gradients"] = lambda: setting.step(per_task, theirs)
    found[MTL] = lambda: setting.mtl_backward(theirs)
    return found


def seconds(step: Callable[[], None]) -> float:
    begun = time.process_time()
    step()
    return time.process_time() - begun


def measure(tasks: int, rows: int, rounds: int, every: bool) -> dict[str, dict[str, float]]:
    steps = methods(Setting(tasks, rows), every)
    for step in steps.values():
        step()
    times = [{name: seconds(step) for name, step in steps.items()} for _ in range(rounds)]
    return {
        name: {
            "ms": round(1e3 * statistics.median(taken[name] for taken in times), 2),
            "of_plain": round(statistics.median(taken[name] / taken[PLAIN] for taken in times), 2),
            "of_mtl_backward": round(statistics.median(taken[name] / taken[MTL] for taken in times), 4),
        }
        for name in steps
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--tasks", type=int, nargs="+", default=[10, 50])
    parser.add_argument("--rows", type=int, default=32, help="of each task in a batch")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--every", action="store_true", help="all aggregators of torchjd too")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    found = {tasks: measure(tasks, arguments.rows, arguments.rounds, arguments.every) for tasks in arguments.tasks}
    last = found[max(found)]
    held = {
        f"pcgrad at most {AT_MOST} plain": last[OURS]["of_plain"] <= AT_MOST,
        f"{AT_LEAST:g} times cheaper than mtl_backward": last[OURS]["of_mtl_backward"] <= 1 / AT_LEAST,
    }
    if arguments.json:
        machine = {"machine": platform.processor() or platform.machine(), "torch": torch.__version__, "rows": arguments.rows, "rounds": arguments.rounds}
        print(json.dumps({**machine, "tasks": found, "held": held}, indent=1))
    else:
        for tasks, table in found.items():
            print(f"\n{tasks} tasks, {arguments.rows} rows each{'':15}[ms]  of the plain sum  times cheaper than mtl_backward")
            for name, row in table.items():
                print(f"{name:34}{row['ms']:10.1f}{row['of_plain']:14.2f}{1 / row['of_mtl_backward']:18.1f}")
        print("", *(f"{claim}: {'held' if true else 'NOT HELD'}" for claim, true in held.items()), sep="\n")
    return 0 if all(held.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
