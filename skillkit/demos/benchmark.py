"""Demonstrations of Meta-World's scripted experts.

Noise is added to what is executed, not to what is written down: the expert shows how to get back from where it led (Laskey et al., "DART:
Noise Injection for Robust Imitation Learning", CoRL 2017). White noise stays within a centimetre of the expert's way; pushes, a constant action in
a random direction for some steps, lead further away, and so each demonstration shows more of the space around it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from multiprocessing import get_context
from typing import NamedTuple

import numpy as np

from skillkit.learn.dataset import Episode, Space
from skillkit.pose import Array
from skillkit.sim.metaworld import ACTION_NAMES, EXPERT, INSTRUCTIONS, LICENCE, LIMIT, NAMES, RATE, BenchmarkTask

POINTS = {"tool": [0, 1, 2], "first": [4, 5, 6], "second": [11, 12, 13], "goal": [36, 37, 38]}
GROUPS = [list(range(4)), list(range(4, 11)), list(range(11, 18)), list(range(36, 39))]  # what is seen now: tool, two objects, goal
SPACE = Space(NAMES, ACTION_NAMES, RATE, {"source": "metaworld", "points": POINTS, "groups": GROUPS})
AFTER = 10  # steps written down after the first success, so that staying is shown too
PUSHED = (5, 20)  # steps that a push lasts, at least and at most
TRIES = 10  # episodes tried for each one that is kept, at most
SEEDS_PER_TASK = 100_000  # demonstrations are drawn from seeds below this, evaluation from seeds above


class Disturbance(NamedTuple):
    """What is done to the expert's actions before they are executed.

    Attributes:
        noise: standard deviation of white noise. pushes: share of the steps at which the tool is pushed away instead, on average.
    """

    noise: float
    pushes: float = 0.0

    def begins(self, random: np.random.Generator) -> bool:
        """Whether a push begins now."""
        return self.pushes > 0.0 and bool(random.random() < self.pushes / ((1.0 - self.pushes) * np.mean(PUSHED)))


def demonstrate(task: BenchmarkTask, seed: int, disturbance: Disturbance) -> Episode:
    """One episode: the expert's action is written down, and a disturbed one executed."""
    random = np.random.default_rng((seed, 1))
    observation = task.reset(seed)
    seen, meant, left, success = [], [], LIMIT, False
    push, pushed = np.zeros(3), 0
    while left > 0:
        action = task.expert(observation)
        seen.append(observation)
        meant.append(action)
        if not pushed and disturbance.begins(random):
            push, pushed = _push(random), int(random.integers(PUSHED[0], PUSHED[1] + 1))
        done = np.append(push, action[-1:]) if pushed else action
        pushed = max(pushed - 1, 0)
        observation, reached = task.step(done + disturbance.noise * random.standard_normal(len(action)))
        left -= 1
        if reached and not success:
            success, left = True, min(left, AFTER)
    return Episode(
        np.array(seen, dtype=np.float32), np.array(meant, dtype=np.float32), task.name, INSTRUCTIONS[task.name], "sawyer", "metaworld",
        success, EXPERT, LICENCE, seed, disturbance._asdict(),
    )  # fmt: skip


def _push(random: np.random.Generator) -> Array:
    """(3,) as fast as the tool goes, in any direction."""
    direction = random.standard_normal(3)
    return np.asarray(direction / np.linalg.norm(direction))


def task_episodes(name: str, count: int, seed: int, disturbance: Disturbance) -> list[Episode]:
    """``count`` successful episodes of one task, with seeds counted up; fewer where the expert fails too often."""
    task, kept = BenchmarkTask(name), []
    for number in range(count * TRIES):
        episode = demonstrate(task, seed + number, disturbance)
        kept += [episode] if episode.success else []
        if len(kept) == count:
            break
    return kept


def _apart(given: tuple[str, int, int, Disturbance]) -> list[Episode]:
    return task_episodes(*given)


def collect(tasks: Sequence[str], count: int, seed: int, disturbance: Disturbance, jobs: int = 1) -> Iterator[list[Episode]]:
    """The episodes of each task in turn, ``jobs`` tasks at a time; they do not depend on ``jobs``."""
    plans = [(name, count, seed, disturbance) for name in tasks]
    if jobs == 1:
        yield from map(_apart, plans)
        return
    with get_context("spawn").Pool(jobs) as pool:
        yield from pool.imap(_apart, plans)
