"""The fault matrix on an emulated UR5e over real ROS 2, as a table: when each fault was seen, when the arm stood, how it ended, who resumed it.

    python benchmarks/fault_matrix.py [--json]

The limits are those of the tests. An independent monitor lays the cubics that a joint trajectory controller follows through what it was sent and
samples them at 1 kHz. Exit 0 when every row is as promised. Rows whose message types are not installed are named and left out.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

os.environ.setdefault("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "ros"))

import rclpy
from fault_bench import COMMANDS, FAULTS, Hand, Monitor, run_fault, write_files
from ros_observer import Observer
from trajectory_msgs.msg import JointTrajectory

from skillkit.ros.children import Children
from skillkit.ros.client import TaskClient
from skillkit.ros.processes import Setup, bringup

MANNERS = {"joint_order": "reversed", "jitter": 0.002, "drop": 0.02}
DETECTED = 0.15  # [s] 100 ms, and what the observer may lag behind


def main() -> int:
    """Run, print, judge."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with TemporaryDirectory() as folder:
        os.environ["XDG_STATE_HOME"] = folder
        rows, shares = measure(Path(folder))
    if arguments.json:
        print(json.dumps({"rows": rows, "shares": shares}))
    else:
        for row in rows:
            print(" | ".join(str(value) for value in row.values()))
        print(", ".join(f"{name} {value:.4f}" for name, value in shares.items()))
    return 0 if all(row["as_promised"] for row in rows) and max(shares.values()) <= 1.0 + 1e-5 else 1


def measure(folder: Path) -> tuple[list[dict[str, object]], dict[str, float]]:
    """Every fault on one system."""
    cell, task = write_files(folder)
    setup, rows = Setup(cell=cell, seed=1, tasks=(task,), hardware=True, manners=MANNERS), []
    with Observer() as observer, Children(bringup(setup), folder) as children, rclpy.init():
        monitor, client = Monitor(), TaskClient()
        observer.node.create_subscription(JointTrajectory, COMMANDS, monitor.take, 100)
        client.wait_until_ready(90.0, children.check)
        for fault in FAULTS:
            if fault.needs and find_spec(fault.needs) is None:
                print(f"{fault.name}: left out, {fault.needs} is not installed", file=sys.stderr)
                continue
            seen = run_fault(fault, observer, client, Hand(observer))
            promised = seen.outcome == fault.outcome and fault.says in seen.reason and seen.detected <= DETECTED and seen.at_rest <= 1.0
            promised = promised and (bool(fault.outcome) or (seen.resumed == "by the operator" and bool(seen.refused)))
            rows.append(
                {
                    "fault": fault.name,
                    "detected_ms": round(seen.detected * 1e3),
                    "at_rest_ms": round(seen.at_rest * 1e3),
                    "outcome": seen.outcome or "waits",
                    "resumed": seen.resumed or "-",
                    "message": seen.reason,
                    "as_promised": promised,
                }
            )
        client.close()
        return rows, monitor.shares()._asdict()


if __name__ == "__main__":
    sys.exit(main())
