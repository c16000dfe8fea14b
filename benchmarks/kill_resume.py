"""kill -9 of a running task at random moments, again and again, each time resumed from its checkpoint.

    python benchmarks/kill_resume.py [--kills 50] [--seed 0] [--during clear_button]

The simulated world survives: its state is kept tick by tick in a file of its own, and before each resumption it goes on for 1 s without a
runtime, in which the arm brakes along what is sent behind every command.
Every run is killed every 0.3 to 4 s of its own time until it is through; checked are the task's outcome, its judge, and that
no skill starts again that had succeeded. Exit 1 where one of them fails.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

TASK, OUTAGE = "prepare_coffee", 1.0


def child(folder: Path, seed: int) -> None:
    """The process that is killed."""
    from skillkit.assembly import Checkpoint, System, run_episode
    from skillkit.assembly.worlds import leave_alone, simulated_world
    from skillkit.cell import Cell
    from skillkit.events import Started, Transition
    from skillkit.runtime import Runtime, StepResult

    cell, world = simulated_world(Cell.of_robot("panda"), "coffee", seed)
    checkpoint, kept, log = folder / "checkpoint.json", folder / "world.json", (folder / "log").open("a", buffering=1)
    resume = Checkpoint.read(checkpoint) if checkpoint.exists() else None
    if resume is not None:
        world.restore(json.loads(kept.read_text()))
        leave_alone(world, OUTAGE)

    def on_step(runtime: Runtime, result: StepResult) -> None:
        part = folder / "world.part"
        part.write_text(json.dumps(world.snapshot()))
        os.replace(part, kept)
        for event in result.events:
            if isinstance(event, (Started, Transition)) and "/" in event.path:
                log.write(f"{event.ending.outcome.value if isinstance(event, Transition) else 'started'} {event.path}\n")
        print(f"{result.time:.2f} {' '.join(goal.execution.path for goal in runtime.goals.values())}", flush=True)

    episode = run_episode(System.build(cell, TASK), world, TASK, seed=seed, checkpoint=checkpoint, resume=resume, on_step=on_step)
    (folder / "result.json").write_text(json.dumps([episode.ending.outcome.value, episode.ending.reason, episode.success]))


def run_and_kill(folder: Path, seed: int, after: float, during: str = "") -> bool:
    """Run the child, and kill it when it has done ``after`` [s] of the task's time, or so long of ``during``; whether it was killed."""
    process = subprocess.Popen([sys.executable, __file__, "--child", str(folder), "--seed", str(seed)], stdout=subprocess.PIPE, text=True)
    begun = None
    for line in process.stdout or ():
        now = float(line.split()[0])
        if during and begun is None and not begins(folder, during):
            continue
        begun = now if begun is None else begun
        if now - begun >= after:
            process.kill()
            break
    if process.wait() not in (0, -signal.SIGKILL):
        raise SystemExit(f"the run ended by itself with exit code {process.returncode}")
    return process.returncode != 0


def begins(folder: Path, label: str) -> bool:
    """Whether the skill with this label is at work."""
    log = (folder / "log").read_text().splitlines() if (folder / "log").exists() else []
    return bool(log) and log[-1].startswith("started ") and log[-1].endswith(f"/{label}")


def repeated(log: list[str]) -> list[str]:
    """Paths that started although they had succeeded."""
    done: set[str] = set()
    again = []
    for line in log:
        word, path = line.split(" ", 1)
        again += [path] if word == "started" and path in done else []
        done |= {path} if word == "SUCCEEDED" else set()
    return again


def main() -> int:
    """Print one line per run and the sums."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--during", default="", help="kill again and again while the skill with this label is at work, instead of at random")
    parser.add_argument("--child", type=Path)
    arguments = parser.parse_args()
    if arguments.child:
        child(arguments.child, arguments.seed)
        return 0
    chance, kills, bad, where = random.Random(arguments.seed), 0, 0, Counter[str]()
    seed = arguments.seed
    while kills < arguments.kills:
        with TemporaryDirectory(prefix="skillkit-") as scratch:
            folder, here = Path(scratch), 0
            while run_and_kill(folder, seed, chance.uniform(0.0, 0.1) if arguments.during else chance.uniform(0.3, 4.0), arguments.during):
                here += 1
                lines = (folder / "log").read_text().splitlines()
                where[lines[-1].rpartition("/")[2] if lines else "before the first skill"] += 1
            outcome, reason, success = json.loads((folder / "result.json").read_text())
            again = repeated((folder / "log").read_text().splitlines())
        kills, good = kills + here, outcome == "SUCCEEDED" and success and not again
        bad += not good
        print(f"seed {seed}: {here} kills, {outcome}{'' if good else f' ({reason})'}, physical test {success}, repeated {again or 'nothing'}", flush=True)
        seed += 1
    print(f"{kills} kills in {seed - arguments.seed} runs: {seed - arguments.seed - bad} completed with nothing repeated")
    print("killed during: " + ", ".join(f"{name} {count}" for name, count in where.most_common()))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
