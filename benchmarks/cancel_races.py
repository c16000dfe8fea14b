"""Cancels that race with what they cancel, over real ROS 2: before a goal is accepted, while it is, and as it ends.

    python benchmarks/cancel_races.py [--runs 200] [--seed 0]

An *orphan* is a goal of which the client hears no end within 10 s, or an arm that is still leased when the next goal comes. A *lost* cancel is
one that was sent before the goal could have ended by itself and did not end it. Exit 1 where there is one of either.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import time
import uuid
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

os.environ.setdefault("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
os.environ.setdefault("ROS_PYTHON_CHECK_FIELDS", "1")

import rclpy
from action_msgs.srv import CancelGoal
from rclpy.action import ActionClient
from rclpy.executors import SingleThreadedExecutor
from skillkit_interfaces.action import RunTask
from unique_identifier_msgs.msg import UUID

from skillkit.ros.children import Children
from skillkit.ros.processes import Setup, bringup

LONG, SHORT, SHORT_LASTS = "race_long", "race_short", 0.15
TASKS = {
    LONG: "task: race_long\ntree:\n  sequence:\n    - skill: {reach: {object: tray, distance: 0.3}}\n    - wait: 20 s\n",
    SHORT: f"task: race_short\ntree:\n  wait: {SHORT_LASTS} s\n",
}
WITHIN = 10.0  # [s]
MODES = ("before", "during", "end")


class Racer:
    """A client that cancels when it is told to, through the action's own service."""

    def __init__(self) -> None:
        self.node = rclpy.create_node("racer")
        self.action = ActionClient(self.node, RunTask, "run_task")
        self.cancels = self.node.create_client(CancelGoal, "run_task/_action/cancel_goal")
        self.executor = SingleThreadedExecutor()
        self.executor.add_node(self.node)

    def until(self, done: Callable[[], bool], within: float) -> bool:
        """Spin until something is so."""
        end = time.monotonic() + within
        while not done():
            if time.monotonic() > end:
                return False
            self.executor.spin_once(timeout_sec=0.02)
        return True

    def cancel(self, key: uuid.UUID) -> None:
        """Ask for the cancellation of a goal, known or not."""
        request = CancelGoal.Request()
        request.goal_info.goal_id = UUID(uuid=list(key.bytes))
        self.cancels.call_async(request)

    def race(self, mode: str, chance: random.Random) -> tuple[str, bool]:
        """One goal and its cancel; the outcome (empty: an orphan), and whether a cancel was lost."""
        key = uuid.uuid4()
        task = SHORT if mode == "end" else LONG
        if mode == "before":
            self.cancel(key)  # nobody knows the goal yet: it must be repeated once the goal is accepted
        accepted = self.action.send_goal_async(RunTask.Goal(task=task, parameters="{}"), goal_uuid=UUID(uuid=list(key.bytes)))
        if mode == "during":
            time.sleep(chance.uniform(0.0, 0.01))
            self.cancel(key)
        if not self.until(accepted.done, WITHIN):
            return "", False
        result = accepted.result().get_result_async()
        if mode == "end":
            time.sleep(max(0.0, SHORT_LASTS + chance.uniform(-0.05, 0.05)))
        else:
            time.sleep(chance.choice([0.0, chance.uniform(0.0, 0.3)]))
        self.cancel(key)
        if not self.until(result.done, WITHIN):
            return "", False
        outcome = result.result().result.outcome
        return outcome, mode != "end" and outcome != "PREEMPTED"


def main() -> int:
    """Print the outcomes of every mode, orphans and lost cancels."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    chance, outcomes, orphans, lost, slowest = random.Random(arguments.seed), {mode: Counter[str]() for mode in MODES}, 0, 0, 0.0
    with TemporaryDirectory(prefix="skillkit-") as scratch:
        files = []
        for name, text in TASKS.items():
            files.append(str(Path(scratch) / f"{name}.yaml"))
            Path(files[-1]).write_text(text)
        with Children(bringup(Setup(robot="panda", tasks=tuple(files))), Path(scratch)) as children, rclpy.init():
            racer = Racer()
            if not racer.until(racer.action.server_is_ready, 90.0) or not racer.until(racer.cancels.service_is_ready, 10.0):
                raise SystemExit(f"the runtime is not ready: {children.said('runtime')}")
            for run in range(arguments.runs):
                mode, begun = MODES[run % len(MODES)], time.monotonic()
                outcome, missed = racer.race(mode, chance)
                slowest = max(slowest, time.monotonic() - begun)
                outcomes[mode][outcome or "ORPHAN"] += 1
                orphans += outcome in ("", "REFUSED")  # refused: an arm is still leased
                lost += missed
                children.check()
            racer.executor.shutdown()
    print(json.dumps({"runs": arguments.runs, "orphans": orphans, "lost_cancels": lost, "slowest_s": round(slowest, 2), "outcomes": outcomes}, indent=1))
    return 1 if orphans or lost else 0


if __name__ == "__main__":
    sys.exit(main())
