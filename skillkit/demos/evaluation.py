"""Success of a trained model, task by task, on goals that no demonstration had; several processes at a time, with the same result."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

from skillkit.demos.benchmark import SEEDS_PER_TASK
from skillkit.exceptions import InvalidValue, MissingLibrary
from skillkit.learn.acting import Act, Acting
from skillkit.learn.folding import fold, foldable
from skillkit.learn.structure import Tally, wilson
from skillkit.policies.learned import Network
from skillkit.sim.metaworld import INSTRUCTIONS, LIMIT, BenchmarkTask

EPISODES_PER_SEED = 1_000  # so that evaluations with different seeds have different goals


@dataclass(frozen=True)
class TaskResult:
    """One task's episodes.

    Attributes:
        outcomes: success of each, in the order of its seeds. steps: of each, until success or the limit.
    """

    task: str
    outcomes: tuple[bool, ...]
    steps: tuple[int, ...]

    def as_dict(self) -> dict[str, Any]:
        """With Wilson's interval at 95 %."""
        tally = Tally(sum(self.outcomes), len(self.outcomes))
        interval = wilson(tally)
        return {
            "task": self.task, "episodes": tally.episodes, "successes": tally.successes, "low": interval.low, "high": interval.high,
            "outcomes": [int(outcome) for outcome in self.outcomes], "steps": list(self.steps),
        }  # fmt: skip


def policy_of(acting: Acting, task: str) -> Act:
    """The policy of a task: plain layers in numpy where the network can be folded, as an exported skill runs it, which costs a third of asking torch."""
    model = acting.model
    if task not in [one.name for one in model.tasks] or not foldable(model):
        return acting.of(task, INSTRUCTIONS[task])
    network = Network({name: value.numpy() for name, value in fold(model, task).items()}, model.config.scales, model.features.first)
    return lambda observation: network(observation).astype(np.float64)


def goals(seed: int, episodes: int) -> range:
    """Seeds of the goals of an evaluation, which demonstrations do not use."""
    first = SEEDS_PER_TASK * 10 + seed * EPISODES_PER_SEED
    return range(first, first + episodes)


def evaluate_task(acting: Acting, task: str, episodes: int, seed: int, policy: str = "") -> TaskResult:
    """Success at any step up to the limit, over episodes whose seeds demonstrations do not use; ``policy`` is that of another task."""
    world, outcomes, steps = BenchmarkTask(task), [], []
    act = policy_of(acting, policy or task)
    for goal in goals(seed, episodes):
        observation, success, step = world.reset(goal), False, 0
        while step < LIMIT and not success:
            observation, success = world.step(act(observation))
            step += 1
        outcomes.append(success)
        steps.append(step)
    return TaskResult(task, tuple(outcomes), tuple(steps))


def evaluate(run: Path, tasks: Sequence[str], episodes: int, seed: int, jobs: int = 1, cluster: str = "") -> Iterator[TaskResult]:
    """The results of each task in turn; they depend on neither ``jobs`` nor ``cluster``.

    Args:
        cluster: address of a Ray cluster whose machines all see the folder ``run`` under the same path; ``local`` begins one here. Empty for processes of
            this machine.

    Raises:
        MissingLibrary: Ray, where a cluster is named.
        InvalidValue: more episodes than a seed has goals, or a model that was not learned from these tasks' observations.
        UnknownName: a task that the model does not know, where it is told tasks by number.
    """
    if not 1 <= episodes <= EPISODES_PER_SEED:
        raise InvalidValue("episodes", episodes, f"from 1 to {EPISODES_PER_SEED}")
    acting = Acting(run)
    if acting.model.space.details.get("source") != "metaworld":
        raise InvalidValue("the model", str(run), "one of Meta-World; what was learned in a scene is tried with 'skillkit run TASK --use SKILL=FOLDER'")
    for task in tasks:
        acting.of(task, INSTRUCTIONS[task])
    if jobs == 1 and not cluster:
        yield from (evaluate_task(acting, task, episodes, seed) for task in tasks)
        return
    with _pool(min(jobs, len(tasks)), run.absolute(), cluster) as pool:
        yield from pool.imap(_apart, [(task, episodes, seed) for task in tasks], chunksize=1)


def _pool(processes: int, run: Path, cluster: str) -> Any:
    if not cluster:
        return get_context("spawn").Pool(processes, _load, (run,))
    try:
        from ray.util.multiprocessing import Pool
    except ImportError:
        raise MissingLibrary("ray", "ray") from None
    return Pool(processes, _load, (run,), ray_address=cluster)


_LOADED: list[Acting] = []  # of a worker process


def _load(run: Path) -> None:
    _LOADED[:] = [Acting(run)]


def _apart(given: tuple[str, int, int]) -> TaskResult:
    return evaluate_task(_LOADED[0], *given)
