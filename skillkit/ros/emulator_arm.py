"""One arm as its ros2_control drivers show it, bad manners included; what each is taken from stands in docs/hardware.md.

Physics thread: :meth:`reference`, :meth:`sense`. Executor: everything else.
"""

from __future__ import annotations

import threading
import time
import xml.etree.ElementTree as ElementTree
from collections import deque
from collections.abc import Mapping
from typing import Any

import numpy as np
from rclpy.node import Node
from rclpy.qos import QoSPresetProfiles
from sensor_msgs.msg import JointState
from std_msgs.msg import Float64MultiArray
from trajectory_msgs.msg import JointTrajectory

from skillkit.cell import CellArm
from skillkit.hardware import WrenchSource
from skillkit.pose import Array
from skillkit.ros.conversions import joint_state, moved_wrench, sampled, stamp_of, wrench_stamped
from skillkit.ros.drivers.wire import on_wire
from skillkit.ros.emulator_franka_gripper import EmulatedFrankaGripper
from skillkit.ros.emulator_gripper import EmulatedGripper
from skillkit.ros.emulator_manager import ControllerNode, Manager
from skillkit.ros.emulator_status import Status
from skillkit.ros.follower import TrajectoryFollower
from skillkit.ros.names import ArmTopics
from skillkit.ros.simulator import SimulatedArm
from skillkit.ros.ticking import Schedule
from skillkit.spaces import JointInput, WrenchInput

SYSTEM_DEFAULT = QoSPresetProfiles.SYSTEM_DEFAULT.value
END_VELOCITY = float(np.finfo(np.float32).eps)


class EmulatedArm(SimulatedArm):
    """See the module. ``manners`` are read live, by the names of the emulator's parameters."""

    quality = SYSTEM_DEFAULT

    def __init__(self, node: Node, arm: CellArm, topics: ArmTopics, schedule: Schedule, manners: dict[str, Any]) -> None:
        self.manners, self.cell_arm = manners, arm
        self._clock, self._last = 0.0, 0.0
        self._position, self._velocity = arm.embodiment.home.copy(), np.zeros(arm.embodiment.n)
        self._forwarded: Array | None = None
        self._live = True
        self.companions: list[Node] = []
        self._pending: deque[tuple[float, JointState]] = deque()
        self._random = np.random.default_rng(0)
        self._lock = threading.Lock()
        self.measured: JointInput | None = None
        super().__init__(node, arm, topics, schedule)

    def describe(self, arm: CellArm) -> str:
        """The model's URDF with the prefix before every joint and link, and with what a calibration would find."""
        return prefixed(displaced(super().describe(arm), arm.embodiment.joints[1], self.manners["calibration"]), arm.hardware.prefix)

    def listen(self, node: Node, topics: ArmTopics) -> None:
        """The controllers that the cell's ``hardware:`` section names, with the quality of service that ros2_control gives them."""
        hardware = self.cell_arm.hardware
        self.model = on_wire(self.cell_arm.embodiment, hardware.prefix)
        below = topics.trajectory.removesuffix(f"{hardware.controller}/joint_trajectory")
        controller = f"{below}{hardware.controller}"
        interface = hardware.driver.removeprefix("forward_") if hardware.driver.startswith("forward_") else "position"
        if hardware.driver.startswith("forward_"):
            joints = list(reversed(self.model.joints)) if self.manners["forward_order"] == "reversed" else list(self.model.joints)
            named = ["someone_elses_joint", *joints[1:]] if self.manners["forward_order"] == "wrong" else joints
            self._order = [self.model.joints.index(joint) for joint in joints]
            self.companions.append(ControllerNode(node, controller, named, self.manners["forward_interface"] or interface))
            node.create_subscription(Float64MultiArray, f"{controller}/commands", lambda message: self._forward(message, interface), SYSTEM_DEFAULT)
        else:
            node.create_subscription(JointTrajectory, f"{controller}/joint_trajectory", self._follow, SYSTEM_DEFAULT)
        franka = hardware.gripper.driver == "franka" and self.model.gripper is not None
        if franka:
            self.gripper: Any = EmulatedFrankaGripper(node, self, f"{below}{hardware.gripper.controller}")
        else:
            self.gripper = EmulatedGripper(node, self, topics, hardware.gripper)
        grips = [hardware.gripper.controller] if self.model.gripper and not franka else []
        self.manager = Manager(node, f"{below}{hardware.controller_manager or 'controller_manager'}", hardware.controller, grips, self.model.joints, interface)
        self.status = Status(node, below, hardware, self.manners, self.manager)

    # -- commands ----------------------------------------------------------------------------------------------------------------------

    def _follow(self, message: JointTrajectory) -> None:
        found = sampled(self.model, message)
        ends = list(message.points[-1].velocities) if message.points else []
        if found is None or any(abs(value) > END_VELOCITY for value in ends):
            self.manners["rejected"] += 1
            return
        with self._lock:
            if self._live:
                if self.manners["from_measured"] and self.measured is not None:
                    self.follower = TrajectoryFollower(np.array(self.measured.position))
                self.follower.replace(self._clock, *found)

    def _forward(self, message: Float64MultiArray, interface: str) -> None:
        values = np.array(message.data, dtype=np.float64)
        if values.shape != (self.model.n,) or not np.isfinite(values).all():
            self.manners["rejected"] += 1
            return
        ordered = np.empty_like(values)
        ordered[self._order] = values
        with self._lock:
            if self._live:
                self._forwarded, self._interface = ordered, interface

    # -- physics -----------------------------------------------------------------------------------------------------------------------

    def reference(self, time: float) -> tuple[Array, Array]:
        """What the hardware is asked for: the controllers' reference while they run, braking where they do not."""
        step, self._last = time - self._last, time
        with self._lock:
            live = self.manager.active and self.status.moving
            if not live:
                self._brake(step)
            else:
                if not self._live:  # a controller that starts holds the position it finds
                    self.follower, self._forwarded = TrajectoryFollower(self._position), None
                self._advance(step)
            self._live = live
            return self._position, self._velocity

    def _advance(self, step: float) -> None:
        speed = float(self.manners["speed_scaling"])
        self._clock += step * speed
        if self._forwarded is None:
            self._position, velocity = self.follower.at(self._clock)
            self._velocity = velocity * speed
        elif self._interface == "velocity":
            self._velocity = self._forwarded * speed
            self._position = self._position + self._velocity * step
        else:
            self._position, self._velocity = self._forwarded, np.zeros_like(self._forwarded)

    def _brake(self, step: float) -> None:
        change = self.cell_arm.embodiment.acceleration * step
        self._velocity = self._velocity - np.clip(self._velocity, -change, change)
        self._position = self._position + self._velocity * step

    # -- broadcaster -------------------------------------------------------------------------------------------------------------------

    def sense(self, given: JointInput, now: float) -> None:
        """Publish as joint_state_broadcaster does, or as late, as seldom and in the order that the manners say."""
        self.measured = given
        manners = self.manners
        if not manners["silent"] and self._random.random() >= manners["drop"]:
            self._pending.append((now + manners["late"] + manners["jitter"] * abs(self._random.standard_normal()), self._message(given)))
        while self._pending and self._pending[0][0] <= now:
            self.states.publish(self._pending.popleft()[1])

    def feel(self, given: WrenchInput) -> None:
        """Publish as force_torque_sensor_broadcaster does, in the frame and with the sign that the cell declares."""
        source = self.cell_arm.hardware.wrench or WrenchSource()
        if not self.manners["wrench_silent"]:
            there = source.sign * moved_wrench(source.at.inverse(), np.array(given.values))
            told = WrenchInput(given.arm, wall_clock(self.manners), given.received, tuple(there.tolist()))
            self.wrenches.publish(wrench_stamped(source.frame or self.model.tool, told))

    def _message(self, given: JointInput) -> JointState:
        message = joint_state(self.model, given)
        message.header.stamp = stamp_of(wall_clock(self.manners))
        message.position[0] += float(self.manners["jump"])
        if self.cell_arm.hardware.gripper.joint_states:  # the fingers have a topic of their own
            for values in (message.name, message.position, message.velocity, message.effort):
                del values[self.model.n :]
        if self.manners["joint_order"] == "reversed":
            for values in (message.name, message.position, message.velocity, message.effort):
                values.reverse()
        return message


def wall_clock(manners: Mapping[str, Any]) -> float:
    """The driver's clock [s since the epoch]."""
    return time.time() + float(manners["clock_offset"])


def displaced(urdf: str, joint: str, distance: float) -> str:
    """A URDF in which a joint sits this much [m] further along the x axis of its parent."""
    root = ElementTree.fromstring(urdf)
    origin = next(element for element in root.iter("joint") if element.get("name") == joint).find("origin")
    if origin is not None:
        x, y, z = (float(value) for value in origin.get("xyz", "0 0 0").split())
        origin.set("xyz", f"{x + distance} {y} {z}")
    return ElementTree.tostring(root, encoding="unicode")


def prefixed(urdf: str, prefix: str) -> str:
    """A URDF with ``prefix`` before the names of all its links and joints."""
    root = ElementTree.fromstring(urdf)
    for element in root.iter():
        for attribute in {"link": ("name", "link"), "joint": ("name",), "parent": ("link",), "child": ("link",), "mimic": ("joint",)}.get(element.tag, ()):
            if attribute in element.attrib:
                element.set(attribute, prefix + element.attrib[attribute])
    return ElementTree.tostring(root, encoding="unicode")
