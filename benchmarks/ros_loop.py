"""How well the control loop keeps its schedule over real ROS 2: simulator, recorder and runtime as processes, the arm always moving.

    python benchmarks/ros_loop.py [--seconds 60] [--json]

Jitter is the start of a tick after its due time; publish is from the start of a tick until its command is out; the observation's age is
that of the joint state, by its arrival, when the command is out. Exit 0 when nothing was missed and both 99th percentiles are at most 1 ms.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

os.environ.setdefault("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")

import rclpy

from skillkit.ros.children import Children
from skillkit.ros.client import TaskClient, TaskReport
from skillkit.ros.processes import Setup, bringup

TASK = """
task: to_and_fro
scene: coffee
tree:
  repeat:
    times: 1000
    do:
      sequence:
        - force_success: {skill: {reach: {object: cabinet_handle, distance: 0.25}}}
        - force_success: {skill: {reach: {object: tray, distance: 0.15, height: 0.2}}}
"""
LIMIT = 1.0  # [ms]


def main() -> int:
    """Run, print, judge."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with TemporaryDirectory() as folder:
        task = Path(folder) / "to_and_fro.yaml"
        task.write_text(TASK, encoding="utf-8")
        setup = Setup(robot="panda", tasks=(str(task),), bag=str(Path(folder) / "run.mcap"))
        with Children(bringup(setup), Path(folder)) as children, rclpy.init():
            report = measure(children, arguments.seconds)
    figures = {"outcome": report.outcome, "reason": report.reason, "cores": os.cpu_count(), "load": os.getloadavg()[0], **report.loop}
    if arguments.json:
        print(json.dumps(figures))
    else:
        for name, value in figures.items():
            print(f"{name:24} {value if isinstance(value, str) else format(value, '.3f')}")
    kept = figures["missed"] == 0 and figures["jitter_p99_ms"] <= LIMIT and figures["publish_p99_ms"] <= LIMIT
    return 0 if kept and report.outcome == "PREEMPTED" else 1


def measure(children: Children, seconds: float) -> TaskReport:
    """Move for a while, then cancel."""
    client = TaskClient()
    end = float("inf")

    def cancel_in_time() -> None:
        nonlocal end
        children.check()
        end = time.monotonic() + seconds if end == float("inf") else end
        if time.monotonic() > end:
            client.cancel()

    try:
        client.wait_until_ready(60.0, children.check)
        return client.run("to_and_fro", {}, cancel_in_time)
    finally:
        client.close()


if __name__ == "__main__":
    sys.exit(main())
