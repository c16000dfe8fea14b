"""Cancel at random moments of fast motion, over real ROS 2: how soon the arm is at rest, seen on its command topic.

    python benchmarks/cancel_rest.py [--robots panda ur5e] [--cancels 30] [--seed 1] [--json]

Simulator and runtime run as processes of their own; a skill swings the arm at its limits, and a client cancels it. A monitor in this process listens to
the command topic alone. Rest is the first command without velocity after which none has any. *Braking time* is the shortest in which velocity and
acceleration, as they were at the monitor when the cancel left the client, can be brought to 0 inside the arm's acceleration and jerk limits: a closed form
that shares nothing with the library. Allowed are that time and two control periods, one to be heard and one to come to rest by whole ticks. The time is
taken twice: by this process's clock from the client's call, transport and scheduling of the machine included, and by commands: those that left
from the call to rest. Exit status 1 if a cancel took longer by commands, or did not end PREEMPTED; what the clock says is reported.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

os.environ.setdefault("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
os.environ.setdefault("ROS_DOMAIN_ID", "99")

import numpy as np
import rclpy
from rclpy.action import ActionClient
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from sensor_msgs.msg import JointState
from skillkit_interfaces.action import ExecuteSkill
from trajectory_msgs.msg import JointTrajectory

from skillkit.cell import Cell
from skillkit.embodiment import Embodiment
from skillkit.ros.children import Children
from skillkit.ros.names import EVERY, ArmTopics
from skillkit.ros.priority import raise_process
from skillkit.ros.processes import Setup, bringup

MOVES = 0.5  # of a joint's speed limit: what counts as fast motion
SILENCE = 1e-12  # [rad/s] of a command that does not move
SKILL = """
skill: swing
description: Swings every joint, beside the furniture, as fast as the arm may.
action: {space: joint_target, rate: 20 Hz}
success: elapsed() > 60 s
time_limit: 120 s
policy: {python: "policy:Swing"}
"""
POLICY = """
import numpy as np
from skillkit.spaces import JointTarget

MIDDLE, AROUND = np.array(%s), np.array(%s)


class Swing:
    def start(self, situation):
        self.sign = 1.0

    def act(self, situation):
        goal = MIDDLE + self.sign * AROUND
        if abs(goal[0] - situation.arm.position[0]) < 0.15:
            self.sign = -self.sign
        return {"arm": JointTarget(tuple(goal.tolist()))}

    def snapshot(self):
        return {"sign": self.sign}

    def restore(self, snapshot):
        self.sign = snapshot["sign"]
"""


class Cancelled(NamedTuple):
    """One cancel: share of the speed limits in use, times [s], and how it ended."""

    speed: float
    braking: float
    by_clock: float
    by_commands: float
    outcome: str


def braking_time(speed: float, bend: float, acceleration: float, jerk: float) -> float:
    """Shortest time [s] in which a speed and its rate of change come to 0 together, the rate inside ±``acceleration``, its own rate inside ±``jerk``."""
    sign = 1.0 if speed + bend * abs(bend) / (2.0 * jerk) >= 0.0 else -1.0
    speed, bend = sign * speed, sign * bend
    peak = min(acceleration, np.sqrt(max(0.0, jerk * speed + 0.5 * bend * bend)))
    flat = (speed + (bend * bend - 2.0 * peak * peak) / (2.0 * jerk)) / peak if peak > 0.0 else 0.0
    return float((bend + 2.0 * peak) / jerk + max(0.0, flat))


class Monitor(Node):
    """The client, and what the driver receives."""

    def __init__(self, topic: str, arm: Embodiment) -> None:
        super().__init__("cancel_monitor")
        self.arm, self.period = arm, 1.0 / arm.control_rate
        self.commands: list[tuple[float, np.ndarray]] = []
        self.create_subscription(JointTrajectory, topic, self._see, EVERY)
        self.create_subscription(JointState, "joint_states", lambda message: None, 1)
        self.goals: ActionClient = ActionClient(self, ExecuteSkill, "execute_skill")
        self._spinner = SingleThreadedExecutor()
        self._spinner.add_node(self)

    def _see(self, message: JointTrajectory) -> None:
        self.commands.append((time.monotonic(), np.array(message.points[0].velocities)))

    def until(self, condition: Callable[[], Any], within: float, what: str) -> Any:
        """Spin until something holds."""
        end = time.monotonic() + within
        while not (found := condition()):
            if time.monotonic() > end:
                raise TimeoutError(f"{what}: not within {within:g} s")
            self._spinner.spin_once(timeout_sec=0.001)
        return found

    def share(self) -> float:
        """Of its speed limit, the fastest joint of the newest command."""
        return float((np.abs(self.commands[-1][1]) / self.arm.velocity).max()) if self.commands else 0.0

    def cancel_once(self, after: float) -> Cancelled:
        """Start the swing, cancel it when it has been fast for ``after`` seconds or at the next fast moment, and watch."""
        self.commands.clear()
        asked = self.goals.send_goal_async(ExecuteSkill.Goal(skill="swing", parameters="{}"))
        goal = self.until(lambda: asked.done() and asked.result(), 20.0, "the goal is taken")
        self.until(lambda: self.share() > MOVES, 20.0, "the arm moves")
        fast = time.monotonic()
        self.until(lambda: time.monotonic() - fast > after and self.share() > MOVES, 20.0, "the arm moves fast again")
        known, speed = len(self.commands), self.share()
        (_, before), (_, now) = self.commands[-2:]
        moment = time.monotonic()
        goal.cancel_goal_async()
        answer = goal.get_result_async()
        ended = self.until(lambda: answer.done() and answer.result(), 20.0, "the goal ends").result
        self.until(lambda: time.monotonic() - self.commands[-1][0] > 0.1, 5.0, "what still comes")
        limits = zip(now.tolist(), ((now - before) / self.period).tolist(), self.arm.acceleration.tolist(), self.arm.jerk.tolist(), strict=True)
        braking = max(braking_time(*joint) for joint in limits)
        last = max(index for index, (_, velocity) in enumerate(self.commands) if np.abs(velocity).max() > SILENCE)
        return Cancelled(speed, braking, self.commands[last][0] + self.period - moment, (last + 1 - known) * self.period, ended.outcome)


def measure(robot: str, cancels: int, seed: int) -> list[Cancelled]:
    """Bring up one arm and cancel it again and again."""
    cell = Cell.of_robot(robot)
    arm = cell.arms[0].embodiment
    with TemporaryDirectory() as folder:
        swing = Path(folder) / "skills" / "swing"
        swing.mkdir(parents=True)
        middle, around = arm.home.copy(), np.full(arm.n, 0.1)
        middle[0], around[0] = middle[0] + 1.5, 0.9
        (swing / "skill.yaml").write_text(SKILL)
        (swing / "policy.py").write_text(POLICY % (middle.tolist(), around.tolist()))
        os.environ["SKILLKIT_PATH"] = folder  # skills of all folders add up
        setup = Setup(robot=robot, tasks=("pick_and_place",))
        with Children(bringup(setup), Path(folder)) as children:
            raise_process()  # or a busy machine would be what is measured; not before the simulator has started, which has no business up there
            return _watched(children, ArmTopics.in_cell(cell)[cell.arms[0].name].trajectory, arm, cancels, seed)


def _watched(children: Children, topic: str, arm: Embodiment, cancels: int, seed: int) -> list[Cancelled]:
    rng, found = np.random.default_rng(seed), list[Cancelled]()
    with rclpy.init():
        monitor = Monitor(topic, arm)
        monitor.until(lambda: children.check() or monitor.goals.server_is_ready(), 90.0, "the runtime takes goals")
        for _ in range(cancels):
            found.append(monitor.cancel_once(float(rng.uniform(0.0, 1.5))))
            print(f"{arm.name} {found[-1]}", file=sys.stderr, flush=True)
        monitor.destroy_node()
    return found


def summary(robot: str, found: list[Cancelled]) -> dict[str, Any]:
    """Medians and worsts of one arm, times in ms."""
    period = 1.0 / Embodiment.load(robot).control_rate
    over = {word: np.array([getattr(one, word) - one.braking for one in found]) for word in ("by_clock", "by_commands")}
    row: dict[str, Any] = {"robot": robot, "cancels": len(found), "preempted": sum(one.outcome == "PREEMPTED" for one in found), "period_ms": 1e3 * period}
    row |= {"speed": float(np.median([one.speed for one in found])), "braking_ms": 1e3 * float(np.median([one.braking for one in found]))}
    row |= {"longest_braking_ms": 1e3 * max(one.braking for one in found)}
    for word, more in over.items():
        row |= {f"{word}_over_ms": 1e3 * float(np.median(more)), f"{word}_worst_over_ms": 1e3 * float(more.max())}
        row |= {f"{word}_within": int((more <= 2.0 * period + 1e-9).sum())}
    return row


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--robots", nargs="*", default=["panda", "ur5e"])
    parser.add_argument("--cancels", type=int, default=30, help="of each robot")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    words = parser.parse_args()
    rows = []
    for robot in words.robots:
        with get_context("spawn").Pool(1) as pool:
            rows.append(summary(robot, pool.apply(measure, (robot, words.cancels, words.seed))))
    if words.json:
        print(json.dumps(rows))
    else:
        print("arm    cancels  speed  braking [ms]    rest − braking [ms]: by commands   by the clock    within 2 periods: by commands  by the clock")
        for row in rows:
            print(
                f"{row['robot']:6} {row['preempted']:3}/{row['cancels']:3} {row['speed']:6.0%}  {row['braking_ms']:4.0f} … {row['longest_braking_ms']:4.0f}",
                end="",
            )
            print(f"{row['by_commands_over_ms']:24.1f} … {row['by_commands_worst_over_ms']:5.1f}", end="")
            print(f"{row['by_clock_over_ms']:9.1f} … {row['by_clock_worst_over_ms']:5.1f}", end="")
            print(f"{row['by_commands_within']:18}/{row['cancels']}{row['by_clock_within']:10}/{row['cancels']}")
    return 0 if all(row["preempted"] == row["by_commands_within"] == row["cancels"] for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
