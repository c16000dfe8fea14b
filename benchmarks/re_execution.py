"""Runs recorded and re-executed until so many steps have been compared.

    python benchmarks/re_execution.py [--steps 1000000] [--bags 20] [--json]

Records the coffee task with seeds 0, 1, …, then re-executes the bags in turn. Prints the number of differences (0, or the exit status is 1),
and how many times faster than real time a re-execution is, at 100 Hz control, by wall time and by processor time.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, process_time

from skillkit.assembly import System, replay, run_episode
from skillkit.assembly.worlds import simulated_world
from skillkit.cell import Cell

RATE = 100.0  # [Hz]


def recorded(folder: Path, seed: int) -> Path:
    """The bag of one episode."""
    cell, world = simulated_world(Cell.of_robot("panda"), "coffee", seed)
    bag = folder / f"{seed}.mcap"
    run_episode(System.build(cell, "prepare_coffee"), world, "prepare_coffee", seed=seed, record=str(bag))
    return bag


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=1_000_000)
    parser.add_argument("--bags", type=int, default=20)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    steps, differences, wall, processor, best = 0, 0, 0.0, 0.0, 0.0
    with TemporaryDirectory() as folder:
        bags = [recorded(Path(folder), seed) for seed in range(given.bags)]
        while steps < given.steps:
            wall_begun, begun = perf_counter(), process_time()
            found = replay(bags[(steps // 1000) % len(bags)])
            took = perf_counter() - wall_begun
            wall, processor = wall + took, processor + process_time() - begun
            steps, differences = steps + found.compared, differences + found.differences
            best = max(best, found.compared / RATE / took)
    figures = {"steps": steps, "differences": differences, "times_real_time": steps / RATE / wall, "best": best, "by_processor_time": steps / RATE / processor}
    print(json.dumps(figures) if given.json else "\n".join(f"{name:<20} {figure:,.1f}" for name, figure in figures.items()))
    return 0 if differences == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
