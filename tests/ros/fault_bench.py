"""An emulated arm that moves, one fault, and what the runtime made of it: for the test and the benchmark of the fault matrix."""

from __future__ import annotations

import time
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from rcl_interfaces.srv import SetParameters
from rclpy.parameter import Parameter
from ros_observer import Observer
from std_srvs.srv import Trigger
from trajectory_msgs.msg import JointTrajectory

from skillkit.embodiment import Embodiment
from skillkit.ros.client import TaskClient, TaskReport
from skillkit.ros.follower import TrajectoryFollower

MODEL = Embodiment.load("ur5e")
COMMANDS = "scaled_joint_trajectory_controller/joint_trajectory"
MANAGED = find_spec("controller_manager_msgs") is not None
CELL = f"""
cell: emulated
arms:
  - name: ur5e
    model: ur5e
    namespace: ""
    hardware:
      serial: E-1
      first_speed: 1.0
      status: ur
      motion_allowed: motion_allowed
      controller: scaled_joint_trajectory_controller
      controller_manager: "{"controller_manager" if MANAGED else ""}"
"""
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
FAST, STILL = 0.3, 0.01  # [rad/s] the arm moves at least this fast when the fault comes; what counts as rest
GRID = 0.001  # [s] of the monitor
WATCHED = 0.8  # [s] during which nothing may move


class Fault(NamedTuple):
    """A fault and what is promised of it: the outcome of the goal, or none where the task waits for an operator, and words of the reason."""

    name: str
    manners: Mapping[str, Any]
    outcome: str
    says: str
    needs: str = ""


FAULTS = (
    Fault("protective stop", {"safety_mode": 3}, "", "protective stop", "ur_dashboard_msgs"),
    Fault("program stopped", {"program_running": False}, "", "program is not running"),
    Fault("motion not allowed", {"motion_allowed": False}, "", "motion is not allowed"),
    Fault("controller deactivated", {"controller_active": False}, "", "is not active", "controller_manager_msgs"),
    Fault("state stream stops", {"silent": True}, "UNSAFE", "stale"),
    Fault("state jumps", {"jump": 0.5}, "UNSAFE", "does not follow"),
    Fault("second writer", {}, "UNSAFE", "other writer"),
)


class Seen(NamedTuple):
    """What followed a fault: seconds from it until the command stream ended or the gate stopped it, and until the arm stood."""

    detected: float
    at_rest: float
    outcome: str  # empty while the task waits
    reason: str
    resumed: str  # "" where it ended; else what happened when the cause had gone and when the operator resumed it
    refused: str  # answer to a resume while the cause was still there


class Shares(NamedTuple):
    """Largest values as shares of the limits: of the set points themselves, and of the cubics that a controller lays through them, at 1 kHz."""

    velocity: float
    acceleration: float
    followed_velocity: float
    followed_acceleration: float


class Monitor:
    """Everything that a controller was sent."""

    def __init__(self) -> None:
        self.messages: list[tuple[float, JointTrajectory]] = []

    def take(self, message: JointTrajectory) -> None:
        self.messages.append((time.monotonic(), message))

    def shares(self) -> Shares:
        """Messages of one stream are laid one control period apart, which is how the runtime times them."""
        followed, points = np.zeros(2), np.zeros(2)
        period = 1.0 / MODEL.control_rate
        follower, last, now = TrajectoryFollower(MODEL.home), 0.0, 0.0
        steps: list[np.ndarray] = []
        for arrived, message in list(self.messages):
            times = [p.time_from_start.sec + 1e-9 * p.time_from_start.nanosec for p in message.points]
            positions, velocities = [list(p.positions) for p in message.points], [list(p.velocities) for p in message.points]
            if arrived - last > 0.3:  # a new stream begins at rest
                follower, now, steps = TrajectoryFollower(np.array(positions[0]) - 0.5 * period * np.array(velocities[0])), 0.0, []
            last = arrived
            follower.replace(now, times, positions, velocities)
            grid = np.array([follower.at(now + step * GRID)[1] for step in range(round(period / GRID) + 1)])
            followed = np.maximum(followed, [_share(grid, MODEL.velocity), _share(np.diff(grid, axis=0) / GRID, MODEL.acceleration)])
            steps = [*steps[-2:], np.array(positions[0])]
            if len(steps) == 3:
                speeds = np.diff(steps, axis=0) / period
                points = np.maximum(points, [_share(speeds, MODEL.velocity), _share(np.diff(speeds, axis=0) / period, MODEL.acceleration)])
            now += period
        return Shares(*points.tolist(), *followed.tolist())


def _share(values: np.ndarray, limit: np.ndarray) -> float:
    return float((np.abs(values) / limit).max())


class Hand:
    """Sets the emulator's manners and calls the runtime's services, on the observer's node."""

    def __init__(self, observer: Observer) -> None:
        self._observer = observer
        self._set = observer.node.create_client(SetParameters, "simulator/set_parameters")
        self._resume = observer.node.create_client(Trigger, "runtime/resume")

    def manners(self, values: Mapping[str, Any]) -> None:
        """Change manners; returns when they are."""
        parameters = [Parameter(name, value=value).to_parameter_msg() for name, value in values.items()]
        self._wait(self._set.call_async(SetParameters.Request(parameters=parameters)))

    def resume(self) -> Trigger.Response:
        """What an operator does."""
        return self._wait(self._resume.call_async(Trigger.Request()))

    def _wait(self, future: Any) -> Any:
        self._observer.until(future.done, 5.0, "an answer")
        return future.result()


def run_fault(fault: Fault, observer: Observer, client: TaskClient, hand: Hand) -> Seen:
    """Have the arm move, let the fault happen, see what follows, and end the goal."""
    found: dict[str, Any] = {"resumed": "", "refused": ""}
    clear = {"safety_mode": 1, "program_running": True, "motion_allowed": True, "controller_active": True, "silent": False, "jump": 0.0}

    def act() -> None:
        if "moment" not in found and observer.speed > FAST:
            found["moment"] = time.monotonic()
            if fault.manners:
                hand.manners(fault.manners)
            else:
                found["writer"] = observer.node.create_publisher(JointTrajectory, COMMANDS, 1)
            if not fault.outcome:
                _freeze_and_resume(found, {name: clear[name] for name in fault.manners}, observer, hand)
                client.cancel()

    report: TaskReport = client.run("to_and_fro", {}, act)
    if fault.outcome:
        time.sleep(WATCHED)
        found["until"] = time.monotonic()
    moment = found["moment"]
    if "writer" in found:
        observer.node.destroy_publisher(found["writer"])
    hand.manners(clear)
    time.sleep(0.5)
    detected, at_rest = _times(observer, moment, found["until"], bool(fault.outcome), "silent" in fault.manners)
    return Seen(detected, at_rest, report.outcome if fault.outcome else "", found.get("says", report.reason), found["resumed"], found["refused"])


def _freeze_and_resume(found: dict[str, Any], clear: Mapping[str, Any], observer: Observer, hand: Hand) -> None:
    time.sleep(WATCHED)
    answer = hand.resume()
    found["says"] = found["refused"] = "" if answer.success else answer.message
    hand.manners(clear)
    time.sleep(WATCHED)
    found["until"] = time.monotonic()
    moved = observer.at_rest_after(found["until"] - 0.5 * WATCHED, STILL) > 0.0
    observer.until(lambda: hand.resume().success, 3.0, "an operator may resume")
    observer.until(lambda: observer.speed > 0.1, 10.0, "it moves again")
    found["resumed"] = "by itself" if moved else "by the operator"


def _times(observer: Observer, moment: float, until: float, stopped: bool, blind: bool) -> tuple[float, float]:
    results = [(sent - moment, result) for sent, result in observer.results.timed() if moment - 0.05 < sent <= until]
    if stopped:
        detected = next((age for age, result in results if any(not command.safe for command in result.commands)), float("inf"))
    else:
        detected = max((age for age, result in results if result.commands), default=0.0)
    speeds = [(sent - moment, np.abs(np.array(state.velocity[: MODEL.n])).max()) for sent, state in observer.states.timed() if moment < sent <= until]
    at_rest = max((age for age, speed in speeds if speed >= STILL), default=0.0)
    if blind:  # nothing is measured: by the commands
        moving = [age for age, result in results if any(np.abs(np.array(command.velocity)).max() >= STILL for command in result.commands)]
        at_rest = max(moving, default=0.0)
    return detected, at_rest


def write_files(folder: Path) -> tuple[str, str]:
    """The cell and the task, as paths."""
    cell, task = folder / "emulated.yaml", folder / "to_and_fro.yaml"
    cell.write_text(CELL, encoding="utf-8")
    task.write_text(TASK, encoding="utf-8")
    return str(cell), str(task)
