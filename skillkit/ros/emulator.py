"""Stands in for a cell of real arms: ros2_control's controllers and the robots' drivers in front of a simulated world.

It is the simulator with the interfaces that a cell's ``hardware:`` sections name. Every bad manner is a parameter that may change while it runs; the
table of them, and what each is taken from, is in docs/hardware.md.
"""

from __future__ import annotations

import sys
from typing import Any

from rcl_interfaces.msg import ParameterDescriptor, SetParametersResult
from rclpy.node import Node
from rclpy.parameter import Parameter

from skillkit.cell import CellArm
from skillkit.ros import process
from skillkit.ros.conversions import pose_stamped, stamp_of
from skillkit.ros.emulator_arm import EmulatedArm, wall_clock
from skillkit.ros.names import ArmTopics
from skillkit.ros.simulator import SimulatedArm, Simulator
from skillkit.spaces import ObjectInput

MANNERS: dict[str, tuple[Any, str]] = {
    "joint_order": ("model", "order of the names in joint states: model or reversed"),
    "jitter": (0.0, "standard deviation of the delay of a joint state [s]"),
    "late": (0.0, "delay of every joint state [s]"),
    "drop": (0.0, "share of the joint states that are lost"),
    "silent": (False, "no joint states at all"),
    "jump": (0.0, "offset of the first joint's measured position [rad]"),
    "wrench_silent": (False, "no wrenches"),
    "clock_offset": (0.0, "by which the driver's clock is ahead of this machine's [s]"),
    "calibration": (0.0, "by which the arm is put together otherwise than its model [m]; read at the start"),
    "objects_silent": (False, "no poses of objects"),
    "object_frame": ("world", "frame_id of the poses of objects"),
    "from_measured": (False, "a trajectory starts from the measured position instead of the last reference"),
    "speed_scaling": (1.0, "share of its speed at which the robot runs"),
    "safety_mode": (1, "Universal Robots' safety mode: 1 normal, 3 protective stop"),
    "robot_mode": (2, "Franka's robot mode: 2 move, 4 reflex, 5 user stopped"),
    "digital_inputs": (0, "the digital inputs of a Universal Robots controller, one bit each"),
    "io_silent": (False, "no word of the digital inputs"),
    "program_running": (True, "whether the robot's program runs"),
    "motion_allowed": (True, "the Bool of an arm with 'motion_allowed'"),
    "controller_active": (True, "whether the arm's controller is active; set to deactivate it as someone else would"),
    "forward_order": ("model", "joint order of a forward controller: model, reversed or wrong"),
    "forward_interface": ("", "interface_name of a forward controller where it is not the driver's"),
    "gripper_stuck": (False, "the fingers do not move"),
    "gripper_rejects": (False, "gripper goals are rejected"),
}


class Emulator(Simulator):
    """See the module."""

    def __init__(self) -> None:
        self.manners: dict[str, Any] = {name: default for name, (default, _) in MANNERS.items()} | {"rejected": 0, "gripper_goals": 0, "homings": 0}
        super().__init__()
        self.companions: list[Node] = [node for arm in self.arms if isinstance(arm, EmulatedArm) for node in arm.companions]
        self.add_on_set_parameters_callback(self._change)

    def arm(self, arm: CellArm, topics: ArmTopics) -> SimulatedArm:
        """One arm behind its drivers."""
        if not self.has_parameter("jitter"):
            for name, (default, text) in MANNERS.items():
                self.manners[name] = self.declare_parameter(name, default, ParameterDescriptor(description=text)).value
        return EmulatedArm(self, arm, topics, self.schedule, self.manners)

    def show(self, seen: ObjectInput) -> None:
        """Publish an object's pose, in whatever frame and if at all, on the driver's clock."""
        if not self.manners["objects_silent"]:
            message = pose_stamped(seen)
            message.header.frame_id, message.header.stamp = self.manners["object_frame"], stamp_of(wall_clock(self.manners))
            self.objects[seen.name].publish(message)

    def _change(self, parameters: list[Parameter]) -> SetParametersResult:
        for parameter in parameters:
            if parameter.name in MANNERS:
                self.manners[parameter.name] = parameter.value
            if parameter.name == "controller_active":
                for arm in self.arms:
                    if isinstance(arm, EmulatedArm):
                        arm.manager.set(arm.manager.arm, bool(parameter.value))
        return SetParametersResult(successful=True)


def main() -> None:
    """Entry point of the process."""
    sys.exit(process.run(Emulator, real_time=True))


if __name__ == "__main__":
    main()
