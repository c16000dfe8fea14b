"""kill −9 of runtime, recorder, client and simulator while the arm moves, over real ROS 2: how soon the arm is at rest, and what is said.

    python benchmarks/kill.py [--runs 3] [--json]

Exits 1 when a joint is still faster than 0.01 rad/s 100 ms + v/a after the death, when the loss of the driver is not UNSAFE within
100 ms, when an outcome is not typed, or when a bag lost more than 0.3 s.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from dataclasses import asdict
from math import isnan
from pathlib import Path

os.environ.setdefault("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
os.environ.setdefault("ROS_DOMAIN_ID", "99")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests" / "ros"))

from kills import DETECTION, PROCESSES, Kill, measure

EXPECTED = {"runtime": "", "recorder": "PREEMPTED", "client": "PREEMPTED", "simulator": "UNSAFE"}
LARGEST_BAG_LOSS = 0.3  # [s]


def fits(kill: Kill) -> bool:
    """Whether everything asked of this kill holds."""
    stopped = kill.unsafe_after <= DETECTION if kill.who == "simulator" else kill.rest_after <= kill.braking + DETECTION
    return stopped and kill.outcome == EXPECTED[kill.who] and kill.bag_lost <= LARGEST_BAG_LOSS


def main() -> int:
    """Run, print the table or JSON; 0 when everything holds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=3, help="kills of each process (default: 3)")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    kills: list[Kill] = []
    for who in PROCESSES:
        for _ in range(arguments.runs):
            with tempfile.TemporaryDirectory() as folder:
                kills.append(measure(who, Path(folder)))
            if not arguments.json:
                print(row(kills[-1]), flush=True)
    if arguments.json:
        print(json.dumps([{**asdict(kill), "fits": fits(kill)} for kill in kills], indent=1))
    return 0 if all(fits(kill) for kill in kills) else 1


def row(kill: Kill) -> str:
    """One line of the table."""
    if isnan(kill.rest_after):
        stop = f"gate stopped the arm after {kill.unsafe_after * 1e3:4.0f} ms of {DETECTION * 1e3:.0f}"
    else:
        stop = f"arm at rest after {kill.rest_after * 1e3:4.0f} ms of {(DETECTION + kill.braking) * 1e3:.0f}"
    return f"{'ok  ' if fits(kill) else 'MISS'} {kill.who:10} {stop}; bag lost {kill.bag_lost * 1e3:3.0f} ms; {kill.outcome or '-'} {kill.reason}"


if __name__ == "__main__":
    sys.exit(main())
