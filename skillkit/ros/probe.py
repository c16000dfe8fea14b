"""What ``hardware-check`` sees and asks of one arm over ROS 2: its states with their times of arrival, a person's commands to it."""

from __future__ import annotations

import time
from collections.abc import Callable
from math import ceil
from typing import Any, NamedTuple

import numpy as np
from diagnostic_msgs.msg import DiagnosticArray
from geometry_msgs.msg import TwistStamped
from rclpy.action import ActionClient
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import qos_profile_sensor_data
from rclpy.task import Future
from sensor_msgs.msg import JointState
from skillkit_interfaces.action import ExecuteSkill
from std_msgs.msg import Float64, String

from skillkit import teleop
from skillkit.cell import CellArm
from skillkit.exceptions import SkillkitError
from skillkit.kinematics import ArmKinematics
from skillkit.pose import Array
from skillkit.ros.client import NoAnswer, loop_figures
from skillkit.ros.conversions import JointStateReader, seconds
from skillkit.ros.names import LATCHED, NEWEST, ArmTopics

SPEAK_EVERY = 0.02  # [s] between two commands of a person
LOOK_EVERY = 0.001  # [s]
ASK_EVERY = 0.1  # [s] between two words to the gripper
STOOD, STOOD_WITHIN = 25, 1e-4  # states in a row, and [m] of opening, in which fingers that stand do not move
REFUSED_WITHIN = 0.3  # [s] after which a goal that has not ended is served


class Sample(NamedTuple):
    """One joint state.

    Attributes:
        time: of its arrival, monotonic clock [s]; stamp: the sender's [s]; wall: this machine's clock at its arrival [s].
        velocity: (n,) [rad/s]; tool: (3,) [m] in the base frame; opening: of the gripper [m].
    """

    time: float
    stamp: float
    wall: float
    position: Array
    velocity: Array
    tool: Array
    opening: float


class Probe(Node):
    """One arm's; use it from one thread."""

    def __init__(self, arm: CellArm, topics: ArmTopics, namespace: str = "", why: str = "hardware-check") -> None:
        super().__init__(f"hardware_check_{arm.name}", namespace=namespace)
        self.arm, self.topics = arm, topics
        self.description = ""
        self.samples: list[Sample] = []
        self.loop: dict[str, float] = {}  # what the runtime says of its own schedule [ms]
        self._use(arm)
        self._spinner = SingleThreadedExecutor()
        self._spinner.add_node(self)
        self._twists = self.create_publisher(TwistStamped, f"{topics.teleop}twist", NEWEST)
        self._grip = self.create_publisher(Float64, f"{topics.teleop}gripper", NEWEST)
        self._why = self.create_publisher(String, f"{topics.teleop}why", LATCHED)
        self._why.publish(String(data=why))
        self._action: ActionClient = ActionClient(self, ExecuteSkill, "execute_skill")
        self._leased: Future | None = None
        self.create_subscription(String, topics.robot_description, self._describe, LATCHED)
        self.create_subscription(JointState, topics.joint_states, self._state, qos_profile_sensor_data)
        if topics.finger_states:
            self.create_subscription(JointState, topics.finger_states, lambda message: self._reader.read_fingers(message), qos_profile_sensor_data)
        self.create_subscription(DiagnosticArray, "/diagnostics", self._diagnose, 10)

    def _use(self, arm: CellArm) -> None:
        self.arm = arm
        self._reader, self._kinematics = JointStateReader(arm.name, arm.embodiment), ArmKinematics(arm.embodiment)

    def use(self, arm: CellArm) -> None:
        """Go on with another model of the arm: the one it describes itself."""
        self._use(arm)
        self.samples = []

    def close(self) -> None:
        """Leave."""
        self._spinner.shutdown(timeout_sec=1.0)
        self._action.destroy()
        self.destroy_node()

    def _describe(self, message: String) -> None:
        self.description = str(message.data)

    def _diagnose(self, message: DiagnosticArray) -> None:
        self.loop.update(loop_figures(message))

    def _state(self, message: JointState) -> None:
        now = time.monotonic()
        given = self._reader.read(message, now)
        if given is not None:
            position = np.array(given.position)
            tool = self._kinematics.forward(position).position
            self.samples.append(Sample(now, seconds(message.header.stamp), time.time(), position, np.array(given.velocity), tool, given.opening))

    # -- waiting -----------------------------------------------------------------------------------------------------------------------------

    def listen(self, duration: float, meanwhile: Callable[[], bool] = lambda: False) -> bool:
        """Take what arrives for ``duration`` [s], or until ``meanwhile`` says True; whether it did."""
        end = time.monotonic() + duration
        while (now := time.monotonic()) < end:
            if meanwhile():
                return True
            self._spinner.spin_once(timeout_sec=min(LOOK_EVERY, end - now))
        return meanwhile()

    def move(self, velocity: tuple[float, float, float], duration: float) -> float:
        """Ask for a velocity of the tool [m/s, base axes] for ``duration`` [s]; when that began, monotonic clock [s]."""
        begun = time.monotonic()
        while (now := time.monotonic()) - begun < duration:
            self._say(velocity)
            self.listen(min(SPEAK_EVERY, begun + duration - now))
        return begun

    def stand(self) -> None:
        """Ask it to stand still."""
        self._say((0.0, 0.0, 0.0))

    def grip(self, closure: float, at_least: float, at_most: float) -> float:
        """Ask for a closure of the gripper, 0 open … 1 closed, until the fingers stand; how far open they are then [m].

        Args:
            at_least: after that, on the clock of the arm's states [s], fingers that stand still have done what they will. at_most: listened for [s].

        What counts is what was seen: a process that was kept from looking for a while looks on, instead of judging by what it saw before.
        """
        begun = self.samples[-1].stamp if self.samples else 0.0
        for _ in range(ceil(at_most / ASK_EVERY)):
            self._grip.publish(Float64(data=float(closure)))
            self.listen(ASK_EVERY)
            newest = [sample.opening for sample in self.samples[-STOOD:]]
            if len(newest) == STOOD and self.samples[-1].stamp - begun >= at_least and max(newest) - min(newest) < STOOD_WITHIN:
                break
        return self.samples[-1].opening if self.samples else float("nan")

    def _say(self, velocity: tuple[float, float, float]) -> None:
        message = TwistStamped()
        message.header.frame_id = "base"
        message.header.stamp = self.get_clock().now().to_msg()
        message.twist.linear.x, message.twist.linear.y, message.twist.linear.z = (float(value) for value in velocity)
        self._twists.publish(message)

    # -- the lease -----------------------------------------------------------------------------------------------------------------------------

    def ready(self, within: float, still_running: Callable[[], None]) -> None:
        """Wait for the runtime to accept goals.

        Raises:
            NoAnswer: it does not. Whatever ``still_running`` raises.
        """
        end = time.monotonic() + within
        while not self._action.server_is_ready():
            still_running()
            if time.monotonic() > end:
                raise NoAnswer("the runtime", within)
            self.listen(0.05)

    def lease(self, alone: bool = True, within: float = 10.0) -> None:
        """Hold the arm by the option ``teleop``; ``alone`` says whether it is the only arm of its cell.

        Raises:
            NoAnswer: the runtime does not take the goal. SkillkitError: it refuses, and why.
        """
        skill = teleop.NAME if alone else f"{teleop.NAME}_{self.arm.name}"
        asked = self._action.send_goal_async(ExecuteSkill.Goal(skill=skill, parameters="{}"))
        if not self.listen(within, asked.done) or (goal := asked.result()) is None or not goal.accepted:
            raise NoAnswer("the runtime", within)
        self._leased = goal.get_result_async()
        if self.listen(REFUSED_WITHIN, self._leased.done):
            raise SkillkitError(f"the arm '{self.arm.name}' cannot be moved by hand: {self.lost}")

    @property
    def lost(self) -> str:
        """How the lease ended, in words; empty while it holds."""
        answer: Any = self._leased.result() if self._leased is not None and self._leased.done() else None
        return "" if answer is None else f"{answer.result.outcome}, {answer.result.reason}"

    # -- what was seen ---------------------------------------------------------------------------------------------------------------------------

    def since(self, moment: float) -> list[Sample]:
        """States that arrived at or after a moment [s, monotonic clock]."""
        return [sample for sample in self.samples if sample.time >= moment]

    def travelled(self, moment: float) -> float:
        """Way of the tool from the first state after a moment to the newest [m]."""
        seen = self.since(moment)
        return float(np.linalg.norm(seen[-1].tool - seen[0].tool)) if seen else float("nan")

    def moving_after(self, moment: float, limit: float) -> float:
        """Seconds from a moment until the first state in which a joint is faster than ``limit`` [rad/s]; infinite where none is."""
        return next((sample.time - moment for sample in self.since(moment) if float(np.abs(sample.velocity).max()) > limit), float("inf"))

    def at_rest_after(self, moment: float, limit: float) -> float:
        """Seconds from a moment until the last state in which a joint is faster than ``limit`` [rad/s]."""
        return max((sample.time - moment for sample in self.since(moment) if float(np.abs(sample.velocity).max()) > limit), default=0.0)
