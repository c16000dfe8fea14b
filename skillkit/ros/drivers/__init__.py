"""Drivers: how commands reach an arm that speaks ros2_control, and what such an arm says of itself."""

from skillkit.ros.drivers.arm import ArmDriver
from skillkit.ros.drivers.protocol import GripperDriver, MotionDriver

__all__ = ["ArmDriver", "GripperDriver", "MotionDriver"]
