"""Demonstrations of Meta-World's scripted experts.

Noise is added to what is executed, not to what is written down: the expert shows how to get back from where it led (Laskey et al., "DART:
Noise Injection for Robust Imitation Learning", CoRL 2017).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from multiprocessing import get_context

import numpy as np

from skillkit.learn.dataset import Episode, Space
from skillkit.sim.metaworld import ACTION_NAMES, EXPERT, INSTRUCTIONS, LICENCE, LIMIT, NAMES, RATE, BenchmarkTask

POINTS = {"tool": [0, 1, 2], "first": [4, 5, 6], "second": [11, 12, 13], "goal": [36, 37, 38]}
GROUPS = [list(range(4)), list(range(4, 11)), list(range(11, 18)), list(range(36, 39))]  # what is seen now: tool, two objects, goal
SPACE = Space(NAMES, ACTION_NAMES, RATE, {"source": "metaworld", "points": POINTS, "groups": GROUPS})
AFTER = 10  # steps written down after the first success, so that staying is shown too
TRIES = 10  # episodes tried for each one that is kept, at most
SEEDS_PER_TASK = 100_000  # demonstrations are drawn from seeds below this, evaluation from seeds above


def demonstrate(task: BenchmarkTask, seed: int, noise: float) -> Episode:
    """One episode: the expert's action is written down, and executed with Gaussian noise of standard deviation ``noise`` added."""
    random = np.random.default_rng((seed, 1))
    observation = task.reset(seed)
    seen, meant, left, success = [], [], LIMIT, False
    while left > 0:
        action = task.expert(observation)
        seen.append(observation)
        meant.append(action)
        observation, reached = task.step(action + noise * random.standard_normal(len(action)))
        left -= 1
        if reached and not success:
            success, left = True, min(left, AFTER)
    return Episode(
        np.array(seen, dtype=np.float32), np.array(meant, dtype=np.float32), task.name, INSTRUCTIONS[task.name], "sawyer", "metaworld",
        success, EXPERT, LICENCE, seed, {"noise": noise},
    )  # fmt: skip


def task_episodes(name: str, count: int, seed: int, noise: float) -> list[Episode]:
    """``count`` successful episodes of one task, with seeds counted up; fewer where the expert fails too often."""
    task, kept = BenchmarkTask(name), []
    for number in range(count * TRIES):
        episode = demonstrate(task, seed + number, noise)
        kept += [episode] if episode.success else []
        if len(kept) == count:
            break
    return kept


def _apart(given: tuple[str, int, int, float]) -> list[Episode]:
    return task_episodes(*given)


def collect(tasks: Sequence[str], count: int, seed: int, noise: float, jobs: int = 1) -> Iterator[list[Episode]]:
    """The episodes of each task in turn, ``jobs`` tasks at a time; they do not depend on ``jobs``."""
    plans = [(name, count, seed, noise) for name in tasks]
    if jobs == 1:
        yield from map(_apart, plans)
        return
    with get_context("spawn").Pool(jobs) as pool:
        yield from pool.imap(_apart, plans)
