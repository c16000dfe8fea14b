"""The process between the runtime and a forward command controller: it plays trajectories out, so that silence ends in a stop.

It has the controller's own parameters ``joints`` and ``interface_name`` read before anything is sent, sends in the controller's joint order, and
goes silent once a trajectory is over: a position controller holds its last command by itself, a velocity controller was told zero.
"""

from __future__ import annotations

import sys
import threading
from typing import Any

import numpy as np
from rcl_interfaces.srv import GetParameters
from rclpy.node import Node
from rclpy.qos import QoSPresetProfiles
from sensor_msgs.msg import JointState
from std_msgs.msg import Float64MultiArray, String
from trajectory_msgs.msg import JointTrajectory

from skillkit.exceptions import SkillkitError, UnknownName
from skillkit.ros import process
from skillkit.ros.conversions import JointStateReader, sampled
from skillkit.ros.drivers.forward import READY, order_of
from skillkit.ros.drivers.wire import on_wire
from skillkit.ros.follower import TrajectoryFollower
from skillkit.ros.inquiry import Inquiry
from skillkit.ros.names import LATCHED, NEWEST, ArmTopics
from skillkit.ros.parameters import declare, load_cell
from skillkit.ros.ticking import Schedule
from skillkit.spaces import JointInput

PARAMETERS = {
    "robot": ("", "model of the only arm, for example panda"),
    "cell": ("", "cell of several arms, by name or file; instead of robot"),
    "arm": ("", "which arm of the cell; empty: the only one"),
    "rate": (250.0, "commands per second [Hz]"),
}
STALE = 0.1  # [s] age of a joint state from which nothing is begun
HOLDING = 5.0  # [1/s] share of the position error that a velocity command takes back
ZEROS = 25  # commands of zero velocity at the end, in case one is lost


class Forwarder(Node):
    """See the module."""

    def __init__(self) -> None:
        super().__init__("forwarder")
        given = declare(self, PARAMETERS)
        cell = load_cell(given["robot"], given["cell"])
        arms = {arm.name: arm for arm in cell.arms}
        name = given["arm"] or next(iter(arms))
        if name not in arms:
            raise UnknownName("arm of the cell", name, arms)
        self.arm, self.topics = arms[name], ArmTopics.in_cell(cell)[name]
        self.wire = on_wire(self.arm.embodiment, self.arm.hardware.prefix)
        self.interface = self.arm.hardware.driver.removeprefix("forward_")
        controller = self.topics.trajectory.removesuffix("/joint_trajectory")
        self.order: list[int] = []
        self.measured: JointInput | None = None
        self.follower: TrajectoryFollower | None = None
        self.end, self.zeros = 0.0, 0
        self.schedule = Schedule(1.0 / given["rate"])
        self.reader = JointStateReader(name, self.wire)
        self.commands = self.create_publisher(Float64MultiArray, f"{controller}/commands", NEWEST)
        self.status = self.create_publisher(String, f"{controller}/forwarder/status", LATCHED)
        self.create_subscription(JointState, self.topics.joint_states, self._hear, QoSPresetProfiles.SENSOR_DATA.value)
        self.create_subscription(JointTrajectory, f"{controller}/forwarder/joint_trajectory", self._take, NEWEST)
        asking: Any = self.create_client(GetParameters, f"{controller}/get_parameters")
        request = GetParameters.Request(names=["joints", "interface_name"])
        Inquiry(self, [asking], request, lambda answer: self._learn(answer.values))
        self._lock, self._stop = threading.Lock(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="forward", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop forwarding."""
        self._stop.set()
        self._thread.join(1.0)

    # -- the controller's own word ---------------------------------------------------------------------------------------------------

    def _learn(self, values: Any) -> None:
        word = READY
        try:
            self.order = order_of(self.wire, list(values[0].string_array_value), values[1].string_value, self.interface)
        except SkillkitError as error:
            word = str(error)
            self.get_logger().error(word)
        self.status.publish(String(data=word))

    # -- forwarding ------------------------------------------------------------------------------------------------------------------

    def _hear(self, message: JointState) -> None:
        found = self.reader.read(message, self.schedule.now())
        self.measured = found or self.measured

    def _take(self, message: JointTrajectory) -> None:
        found, measured, now = sampled(self.wire, message), self.measured, self.schedule.now()
        if found is None or measured is None or not self.order:
            return
        with self._lock:
            if self.follower is None and now - measured.received > STALE:
                return
            if self.follower is None:
                self.follower = TrajectoryFollower(np.array(measured.position))
            self.follower.replace(now, *found)
            self.end, self.zeros = now + found[0][-1], ZEROS

    def _run(self) -> None:
        while not self._stop.is_set():
            now = self.schedule.wait(self._stop)
            with self._lock:
                values = self._command(now)
            if values is not None:
                self.commands.publish(Float64MultiArray(data=[float(values[place]) for place in self.order]))

    def _command(self, now: float) -> np.ndarray | None:
        if self.follower is None or self.measured is None:
            return None
        position, velocity = self.follower.at(now)
        if now > self.end + self.schedule.period:
            self.zeros -= 1
            if self.zeros <= 0:
                self.follower = None
        if self.interface == "position":
            return position
        if now > self.end:
            return np.zeros_like(position)
        wanted = velocity + HOLDING * (position - np.array(self.measured.position))
        return np.clip(wanted, -self.wire.velocity, self.wire.velocity)


def main() -> None:
    """Entry point of the process."""
    sys.exit(process.run(Forwarder, real_time=True))


if __name__ == "__main__":
    main()
