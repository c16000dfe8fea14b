"""Runs recorded and re-executed until so many steps have been compared: many tasks, arms, seeds and faults.

    python benchmarks/re_execution.py [--steps 1000000] [--bags 20] [--jobs 1] [--coffee] [--keep FOLDER] [--json]

Records ``--bags`` runs, going through the varieties below with seeds 0, 1, …; every third one loses joint states and poses on the way. Then
re-executes the bags in turn, in ``--jobs`` processes. Prints the number of differences (0, or the exit status is 1), and how many times faster
than real time a re-execution is, by wall time, by processor time, and for the fastest bag. ``--coffee`` takes the coffee task on one arm
alone, without faults, at 100 Hz control. ``--keep`` leaves the recordings and a line for every re-execution in a folder: a run that was
interrupted goes on from there, and its figures add up.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from concurrent.futures import ProcessPoolExecutor
from itertools import cycle, islice
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, process_time
from typing import Any, NamedTuple

from skillkit.assembly import System, replay, run_episode
from skillkit.assembly.worlds import simulated_world
from skillkit.bags import open_bag
from skillkit.cell import Cell
from skillkit.sim import World
from skillkit.spaces import Input

COFFEE = (("prepare_coffee", "panda", {}),)
VARIETIES: tuple[tuple[str, str, dict[str, str]], ...] = (
    ("prepare_coffee", "panda", {}),
    ("prepare_coffee", "ur5e", {}),
    ("pick_and_place", "xarm7", {"cabinet_open": "true"}),
    ("prepare_coffee", "gen3", {"shift": "0.3,-0.2,0.5"}),
    ("tidy_table", "fr3", {}),
    ("prepare_coffee", "panda", {"locked": "true"}),
    ("two_arm_handover", "two_pandas", {}),
)
LOST = 0.02  # share of the ticks at which a silence begins
SILENCE = 4  # ticks, at most
ROWS = "rows.jsonl"


class Lossy:
    """A world whose senders now and then fall silent."""

    def __init__(self, world: World, seed: int) -> None:
        self._world, self._rng, self._silent = world, random.Random(seed), 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._world, name)

    def joint_inputs(self, now: float) -> list[Input]:
        """Those that arrive."""
        if self._rng.random() < LOST:
            self._silent = self._rng.randint(1, SILENCE)
        self._silent -= 1
        return [] if self._silent >= 0 else list(self._world.joint_inputs(now))

    def wrench_inputs(self, now: float) -> list[Input]:
        """They go with the joint states."""
        return [] if self._silent >= 0 else list(self._world.wrench_inputs(now))

    def object_inputs(self, now: float) -> list[Input]:
        """Those that arrive."""
        return [given for given in self._world.object_inputs(now) if self._rng.random() > 10 * LOST]


class Executed(NamedTuple):
    """One bag, re-executed."""

    steps: int
    differences: int
    recorded: float  # [s] on the task clock
    wall: float  # [s]
    processor: float  # [s]


def recorded(folder: Path, seed: int, task: str, robot: str, options: dict[str, str], faults: bool) -> Path:
    """The bag of one episode, however it ends."""
    bag = folder / f"{seed}.mcap"
    if bag.exists():
        return bag
    part = folder / f"{seed}.part.mcap"
    part.unlink(missing_ok=True)
    cell, world = simulated_world(Cell.load(robot) if robot == "two_pandas" else Cell.of_robot(robot), "coffee", seed, options)
    run_episode(System.build(cell, task), Lossy(world, seed) if faults else world, task, seed=seed, record=str(part))  # type: ignore[arg-type]
    return part.rename(bag)


def executed(bag: Path) -> Executed:
    """Re-execute a bag."""
    with open_bag(bag) as opened:
        length = opened.end - opened.start
    wall, processor = perf_counter(), process_time()
    found = replay(bag)
    return Executed(found.compared, found.differences, length, perf_counter() - wall, process_time() - processor)


def rows(folder: Path) -> list[Executed]:
    """What earlier runs left in a folder."""
    file = folder / ROWS
    return [Executed(**json.loads(line)) for line in file.read_text().splitlines()] if file.exists() else []


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=1_000_000)
    parser.add_argument("--bags", type=int, default=20)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--coffee", action="store_true")
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    with TemporaryDirectory() as scratch, ProcessPoolExecutor(given.jobs) as pool:
        folder = given.keep or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        kinds = list(islice(cycle(COFFEE if given.coffee else VARIETIES), given.bags))
        results = rows(folder)
        while sum(one.steps for one in results) < given.steps:
            seeds = [(len(results) + place) % given.bags for place in range(given.jobs)]
            bags = [recorded(folder, seed, *kinds[seed], faults=not given.coffee and seed % 3 == 2) for seed in seeds]
            found = list(pool.map(executed, bags) if given.jobs > 1 else map(executed, bags))
            results += found
            with (folder / ROWS).open("a") as file:
                file.writelines(f"{json.dumps(one._asdict())}\n" for one in found)
    length = sum(one.recorded for one in results)
    figures = {
        "steps": sum(one.steps for one in results), "differences": sum(one.differences for one in results),
        "times_real_time": given.jobs * length / sum(one.wall for one in results),
        "by_processor_time": length / sum(one.processor for one in results), "best": max(one.recorded / one.wall for one in results),
    }  # fmt: skip
    print(json.dumps(figures) if given.json else "\n".join(f"{name:<20} {figure:,.1f}" for name, figure in figures.items()))
    return 0 if figures["differences"] == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
