"""The fault matrix on an emulated UR5e over real ROS 2, as a table: when each fault was seen, when the arm stood, how it ended, what had it move again.

    python benchmarks/fault_matrix.py [--json]

Emulator, runtime and this observer are separate processes; joint names are reversed, states come with 2 ms of jitter and 2 % of them are lost in
every row. An independent monitor lays the cubics that a joint trajectory controller follows through what was sent in that row and samples them at
1 kHz: largest velocity, acceleration and jerk as shares of their limits. Exit 0 when every row is as promised. Rows whose message types are not
installed are named and left out.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

os.environ.setdefault("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
os.environ.setdefault("ROS_PYTHON_CHECK_FIELDS", "1")
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "ros"))

from activation_bench import Found, refused_for_its_clock, run_activation
from fault_bench import FAULTS, Fault, Seen, as_promised, emulated, run_fault

COLUMNS = ("fault", "detected", "at rest", "goal", "moved again", "velocity", "acceleration", "jerk", "message", "as promised")


def main() -> int:
    """Run, print, judge."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with TemporaryDirectory() as folder, TemporaryDirectory() as other:
        with emulated(Path(folder), {}) as (bench, children):
            bench.client.wait_until_ready(90.0, children.check)
            rows = [_row(fault, run_fault(fault, bench)) for fault in FAULTS if _possible(fault)]
            rows.append(_activation_row(refused_for_its_clock(bench)))
        rows += [_activation_row(found) for found in run_activation(Path(other))]
    if arguments.json:
        print(json.dumps({"rows": rows}))
    else:
        print("| " + " | ".join(COLUMNS) + " |\n|" + " --- |" * len(COLUMNS))
        for row in rows:
            print("| " + " | ".join(str(value) for value in row.values()) + " |")
    return 0 if all(row["as promised"] == "yes" for row in rows) else 1


def _possible(fault: Fault) -> bool:
    if fault.needs and find_spec(fault.needs) is None:
        print(f"{fault.name}: left out, {fault.needs} is not installed", file=sys.stderr)
        return False
    print(f"{fault.name} …", file=sys.stderr)
    return True


def _row(fault: Fault, seen: Seen) -> dict[str, Any]:
    shares = seen.shares
    largest = [max(pair) for pair in zip(shares[:3], shares[3:], strict=True)]
    times = f"{1e3 * max(0.0, seen.detected):.0f} ms", f"{1e3 * seen.at_rest:.0f} ms"
    wrong = "; ".join(as_promised(fault, seen)) or "yes"
    return dict(zip(COLUMNS, (fault.name, *times, seen.outcome or "waits", seen.resumed, *(f"{x:.3f}" for x in largest), seen.reason, wrong), strict=True))


def _activation_row(found: Found) -> dict[str, Any]:
    words = (found.name, "before it moves", "never moved", found.outcome, found.resumed, "0", "0", "0", found.reason, "; ".join(found.wrong) or "yes")
    return dict(zip(COLUMNS, words, strict=True))


if __name__ == "__main__":
    sys.exit(main())
