"""100 recordings killed with −9 at random moments: every one opens, and the worst loss is printed.

    python benchmarks/killed_bags.py [--runs 100] [--seed 0] [--json]

Each run writes the records of a 100 Hz control loop in real time, half of them through a thread of its own, and says every step that it has
handed over. Lost is what it had said and the bag does not hold. Exit 0 only when all are readable and none lost more than 0.1 s.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import sys
import tempfile
import time
from pathlib import Path

from skillkit.bags import BagWriter, open_bag, recover

PERIOD = 0.01  # [s]
ALLOWED = 0.1  # [s]


def write_until_killed(path: Path, threaded: bool, say: int) -> None:
    """The recording process; ``say`` is the file descriptor on which it tells its steps."""
    writer = BagWriter(path, threaded=threaded)
    writer.attach("task.yaml", b"task: t", "application/yaml")
    began, tick = time.monotonic(), 0
    while True:
        now = tick * PERIOD
        entry = {"kind": "joint", "name": "panda", "stamp": now, "received": now, "values": [now] * 16, "text": ""}
        writer.write_step({"tick": tick, "now": now, "inputs": [entry] * 4}, {"tick": tick})
        os.write(say, b".")
        tick += 1
        time.sleep(max(0.0, began + tick * PERIOD - time.monotonic()))


def killed(path: Path, after: float, threaded: bool) -> int:
    """Start a recording and kill it ``after`` so many seconds; how many steps it had said."""
    hear, say = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(hear)
        write_until_killed(path, threaded, say)
    os.close(say)
    said = len(os.read(hear, 1))
    time.sleep(after)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    while data := os.read(hear, 65536):
        said += len(data)
    os.close(hear)
    return said


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    rng, lost, readable = random.Random(given.seed), list[float](), 0
    with tempfile.TemporaryDirectory() as folder:
        for number in range(given.runs):
            path = Path(folder) / f"{number}.mcap"
            said = killed(path, rng.uniform(0.05, 1.5), threaded=number % 2 == 1)
            with open_bag(path) as bag:
                steps = sum(1 for _ in bag.steps()) if bag.topics else 0
                readable += "cut" in bag.note and bag.attachments["task.yaml"] == b"task: t"
            lost.append((said - steps) * PERIOD)
            recover(path, path.with_suffix(".whole"))
    figures = {"runs": given.runs, "readable": readable, "worst_loss_s": round(max(lost), 3), "median_loss_s": round(sorted(lost)[len(lost) // 2], 3)}
    print(json.dumps(figures) if given.json else "\n".join(f"{name:<16} {figure:g}" for name, figure in figures.items()))
    return 0 if readable == given.runs and max(lost) <= ALLOWED + 1e-9 else 1


if __name__ == "__main__":
    sys.exit(main())
