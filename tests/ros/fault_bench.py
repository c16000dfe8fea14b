"""Emulated arms, one fault at a time, and what the runtime made of it: for the test and the benchmark of the fault matrix."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import rclpy
from command_monitor import Monitor, Shares
from rcl_interfaces.srv import SetParameters
from rclpy.parameter import Parameter
from ros_observer import Observer
from skillkit_interfaces.msg import Step
from std_srvs.srv import Trigger
from trajectory_msgs.msg import JointTrajectory

from skillkit.embodiment import Embodiment
from skillkit.ros.children import Children
from skillkit.ros.client import TaskClient, TaskReport
from skillkit.ros.emulator import MANNERS
from skillkit.ros.emulator_gripper import LOOK_EVERY, STALL_AFTER
from skillkit.ros.names import EVERY
from skillkit.ros.processes import Setup, bringup

MODEL = Embodiment.load("ur5e")
COMMANDS = "scaled_joint_trajectory_controller/joint_trajectory"
MANAGED, ACTIONS = find_spec("controller_manager_msgs") is not None, find_spec("control_msgs") is not None
BAD = {"joint_order": "reversed", "jitter": 0.002, "drop": 0.02}  # manners that are on in every row
HARDWARE = {
    "serial": "E-1", "first_speed": 1.0, "status": "ur", "motion_allowed": "motion_allowed", "controller": "scaled_joint_trajectory_controller",
    "controller_manager": "controller_manager" if MANAGED else "", "gripper": {"driver": "parallel_gripper" if ACTIONS else "forward", "finger_factor": 2},
}  # fmt: skip
TASKS = {
    "to_and_fro": "repeat: {times: 1000, do: {sequence: [skill: {reach: {object: cabinet_handle, distance: 0.35}}, "
    "skill: {reach: {object: cabinet_handle, distance: 0.15}}]}}",
    "take": "sequence: [skill: {reach: {object: cabinet_handle, distance: 0.25}}, skill: {grasp: {object: cabinet_handle, facing: cabinet}}]",
}
MOVED = 40  # commands after which, and [rad/s] at which, the fault comes
FAST, STILL = 0.3, 0.01  # [rad/s]; the second is what counts as rest
WATCHED = 0.8  # [s] during which nothing may move
LAG = 0.05  # [s] that this observer may lag behind
LOST = 0.3  # share of the commands that this observer may miss on a busy machine


class Fault(NamedTuple):
    """A fault and what is promised of it.

    Attributes:
        outcome: of the goal; empty where the task waits for an operator.
        says: words of the reason.
        needs: package without which it cannot be shown.
        after: time by which it is a fault [s]: until then the same is harmless.
        task: that runs; where it is ``take`` the fault begins with the next word to the gripper.
        signal: that tells of it, where it is the outcome of something else.
    """

    name: str
    manners: Mapping[str, Any]
    outcome: str
    says: str
    needs: str = ""
    after: float = 0.0
    task: str = "to_and_fro"
    signal: str = ""


FAULTS = (
    Fault("protective stop", {"safety_mode": 3}, "", "protective stop", "ur_dashboard_msgs"),
    Fault("program stopped", {"program_running": False}, "", "program is not running"),
    Fault("motion not allowed", {"motion_allowed": False}, "", "motion is not allowed"),
    Fault("controller deactivated", {"controller_active": False}, "", "is not active", "controller_manager_msgs"),
    Fault("second writer", {}, "UNSAFE", "other writer"),
    Fault("state stream stops", {"silent": True}, "UNSAFE", "stale"),
    Fault("state jumps", {"jump": 0.5}, "UNSAFE", "does not follow"),
    Fault("object pose stale", {"objects_silent": True}, "FAILED", "more than 1 s old", after=1.0),
    Fault(
        "gripper stalls open",
        {"gripper_stuck": True},
        "FAILED",
        "the gripper stalled open and holds nothing",
        "control_msgs",
        STALL_AFTER + LOOK_EVERY,
        "take",
        "ur5e_gripper_stalled",
    ),
    Fault("gripper action rejected", {"gripper_rejects": True}, "UNSAFE", "rejected its goal", "control_msgs", 0.0, "take"),
)


class Seen(NamedTuple):
    """What followed a fault.

    Attributes:
        detected: seconds until the command stream ended, the gate stopped it, the skill ended or the signal told; at_rest: until the arm stood.
        outcome: empty while the task waits.
        resumed: who had it move again; refused: the answer to an operator who tried while the cause was there.
        shares: of the limits, by the independent monitor; commands: that it took; lost: that it did not.
    """

    detected: float
    at_rest: float
    outcome: str
    reason: str
    resumed: str
    refused: str
    shares: Shares
    commands: int
    lost: int


class Bench:
    """One observer of one emulated arm: sets the emulator's manners, calls the runtime's services, reads what they say."""

    def __init__(self, observer: Observer, client: TaskClient) -> None:
        self.observer, self.client, self.monitor = observer, client, Monitor(MODEL)
        self.signals: list[tuple[float, str]] = []
        node = observer.node
        self._set = node.create_client(SetParameters, "simulator/set_parameters")
        self._resume = node.create_client(Trigger, "runtime/resume")
        node.create_subscription(JointTrajectory, COMMANDS, self.monitor.take, 100)
        node.create_subscription(Step, "step", self._step, EVERY)

    def _step(self, message: Step) -> None:
        self.signals += [(time.monotonic(), given.name) for given in message.inputs if given.kind == "signal" and given.values[0] > 0.0]

    def manners(self, values: Mapping[str, Any]) -> None:
        """Change manners; returns when they are."""
        parameters = [Parameter(name, value=value).to_parameter_msg() for name, value in values.items()]
        self._wait(self._set.call_async(SetParameters.Request(parameters=parameters)))

    def resume(self) -> Trigger.Response:
        """What an operator does."""
        return self._wait(self._resume.call_async(Trigger.Request()))

    def _wait(self, future: Any) -> Any:
        self.observer.until(future.done, 5.0, "an answer")
        return future.result()

    def gripped(self) -> float:
        """When the gripper was told to close or to open, infinite before."""
        said = [(sent, result.commands[0].closure) for sent, result in self.observer.results.timed() if result.commands]
        return next((sent for (_, before), (sent, closure) in pairwise(said) if (before < 0.5) != (closure < 0.5)), float("inf"))

    def fastest(self, begin: float, end: float) -> float:
        """Of the joints as measured between two moments [rad/s]."""
        return max((_speed(state) for sent, state in self.observer.states.timed() if begin < sent <= end), default=0.0)


def run_fault(fault: Fault, bench: Bench) -> Seen:
    """Have the arm move, let the fault happen, see what follows, and end the goal."""
    found: dict[str, Any] = {"resumed": "", "refused": ""}
    clear = {name: MANNERS[name][0] for name in fault.manners}
    bench.monitor.forget()
    bench.observer.results.forget()
    bench.signals = []
    report: TaskReport = bench.client.run(fault.task, {}, lambda: _strike(fault, bench, clear, found))
    if "moment" not in found:
        raise AssertionError(f"the arm did not move before the goal ended: {report}")
    moment = bench.gripped() if fault.task == "take" else found["moment"]
    if fault.outcome:
        found.update(until=time.monotonic(), says=report.reason, resumed=_stays(bench, clear, found))
    seen = _times(fault, bench, moment + fault.after, found["until"])
    outcome = report.outcome if fault.outcome else ""
    return Seen(*seen, outcome, found["says"], found["resumed"], found["refused"], bench.monitor.shares(), len(bench.monitor.messages), bench.monitor.lost)


def _strike(fault: Fault, bench: Bench, clear: Mapping[str, Any], found: dict[str, Any]) -> None:
    """Called while the goal runs: the fault, once the arm moves."""
    if "moment" in found or bench.observer.speed < FAST or len(bench.monitor.messages) < MOVED:
        return
    found["moment"] = time.monotonic()
    if fault.manners:
        bench.manners(fault.manners)
    else:
        found["writer"] = bench.observer.node.create_publisher(JointTrajectory, COMMANDS, 1)
    if not fault.outcome:
        _freeze_and_resume(found, clear, bench)
        bench.client.cancel()


def _stays(bench: Bench, clear: Mapping[str, Any], found: Mapping[str, Any]) -> str:
    """Nothing may move when the cause of an ending has gone: the next goal does that."""
    time.sleep(WATCHED)
    if "writer" in found:
        bench.observer.node.destroy_publisher(found["writer"])
    bench.manners(clear)
    gone = time.monotonic()
    time.sleep(WATCHED)
    return "by itself" if bench.fastest(gone + LAG, time.monotonic()) > STILL else "by a new goal"


def _freeze_and_resume(found: dict[str, Any], clear: Mapping[str, Any], bench: Bench) -> None:
    time.sleep(WATCHED)
    answer = bench.resume()
    found["says"] = found["refused"] = "" if answer.success else answer.message
    bench.manners(clear)
    gone = time.monotonic()
    time.sleep(WATCHED)
    found["until"] = time.monotonic()
    moved = bench.fastest(gone, found["until"]) > STILL
    bench.observer.until(lambda: bench.resume().success, 3.0, "an operator may resume")
    bench.observer.until(lambda: bench.observer.speed > 0.1, 10.0, "it moves again")
    found["resumed"] = "by itself" if moved else "by the operator"


def _times(fault: Fault, bench: Bench, moment: float, until: float) -> tuple[float, float]:
    """Seconds from a moment until it was detected and until the arm stood."""
    results = [(sent - moment, result) for sent, result in bench.observer.results.timed() if moment - LAG < sent <= until]
    if fault.signal:
        detected = next((arrived - moment for arrived, name in bench.signals if name == fault.signal), float("inf"))
    elif fault.outcome == "UNSAFE":
        detected = next((age for age, result in results if any(not command.safe for command in result.commands)), float("inf"))
    elif fault.outcome:
        detected = next((age for age, result in results if any(t.outcome == fault.outcome for t in result.transitions)), float("inf"))
    else:
        detected = max((age for age, result in results if result.commands), default=0.0)
    if "silent" in fault.manners:  # nothing is measured: by the commands
        speeds = [(age, max((np.abs(np.array(command.velocity)).max() for command in result.commands), default=0.0)) for age, result in results]
    else:
        speeds = [(sent - moment, _speed(state)) for sent, state in bench.observer.states.timed() if moment < sent <= until]
    return detected, max((age for age, speed in speeds if speed >= STILL), default=0.0)


def _speed(state: Any) -> float:
    """Of the fastest joint; in a state as the emulator tells it, the fingers' speeds are 0."""
    return float(np.abs(np.array(state.velocity)).max())


def as_promised(fault: Fault, seen: Seen, within: float = 0.1) -> list[str]:
    """What was promised and did not come; empty where everything did."""
    resumed = "by a new goal" if fault.outcome else "by the operator"
    wrong = {
        f"detected after {1e3 * seen.detected:.0f} ms": seen.detected > within + LAG,
        f"at rest after {1e3 * seen.at_rest:.0f} ms": seen.at_rest > 1.0,
        f"outcome '{seen.outcome}'": seen.outcome != fault.outcome,
        f"reason '{seen.reason}'": fault.says not in seen.reason,
        f"moved again {seen.resumed}": seen.resumed != resumed,
        "it could be resumed while the cause was there": not fault.outcome and not seen.refused,
        f"outside the limits: {seen.shares}": not seen.shares.inside,
        f"the monitor took {seen.commands} commands and lost {seen.lost}": seen.commands < MOVED or seen.lost > LOST * seen.commands,
    }
    return [text for text, holds in wrong.items() if holds]


@contextmanager
def emulated(folder: Path, manners: Mapping[str, Any], **hardware: Any) -> Iterator[tuple[Bench, Children]]:
    """Emulator and runtime of one UR5e in processes of their own; ``hardware`` replaces words of its section in the cell file."""
    arm = {"name": "ur5e", "model": "ur5e", "namespace": "", "hardware": {**HARDWARE, **hardware}}
    cell = folder / "emulated.yaml"
    cell.write_text(json.dumps({"cell": "emulated", "arms": [arm]}), encoding="utf-8")
    for name, tree in TASKS.items():
        (folder / f"{name}.yaml").write_text(f"task: {name}\nscene: coffee\ntree:\n  {tree}\n", encoding="utf-8")
    tasks = tuple(str(folder / f"{name}.yaml") for name in TASKS)
    setup = Setup(cell=str(cell), seed=1, tasks=tasks, hardware=True, manners={**BAD, **manners})
    before, os.environ["XDG_STATE_HOME"] = os.environ.get("XDG_STATE_HOME"), str(folder)
    try:
        with Observer() as observer, Children(bringup(setup), folder) as children, rclpy.init():
            client = TaskClient()
            try:
                yield Bench(observer, client), children
            finally:
                client.close()
    finally:
        if before is None:
            del os.environ["XDG_STATE_HOME"]
        else:
            os.environ["XDG_STATE_HOME"] = before
