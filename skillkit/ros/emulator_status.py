"""What the drivers of Universal Robots and Franka say of their robots, as far as the types are installed, and a plain Bool for any other."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

from rclpy.node import Node
from rclpy.qos import QoSPresetProfiles
from std_msgs.msg import Bool, Float64

from skillkit.hardware import PINS, Hardware
from skillkit.ros.emulator_manager import CHANGES, Manager

EVERY = 0.02  # [s]
NORMAL = (1, 2)  # safety modes, and Franka's robot modes, in which the robot moves


class Status:
    """Publishes the status topics from the manners ``safety_mode``, ``program_running``, ``robot_mode``, ``digital_inputs``, ``motion_allowed`` …

    A robot that is stopped also ends its program, and the controllers are deactivated and started again with it, as the driver's controller
    stopper does.
    """

    def __init__(self, node: Node, below: str, hardware: Hardware, manners: dict[str, Any], manager: Manager) -> None:
        self._manners, self._manager, self._ur = manners, manager, hardware.status == "ur"
        self._told: dict[str, Any] = {"program": Bool(data=False)}  # changes only: nothing is said of a program that never ran
        self._safety_type: Any = None
        self._safety: Any = None
        if self._ur:
            try:
                from ur_dashboard_msgs.msg import SafetyMode

                self._safety_type = SafetyMode
                self._safety = node.create_publisher(SafetyMode, f"{below}io_and_status_controller/safety_mode", CHANGES)
            except ImportError:
                node.get_logger().warning("ur_dashboard_msgs is not installed: safety_mode is not emulated, robot_program_running is")
            self._program = node.create_publisher(Bool, f"{below}io_and_status_controller/robot_program_running", CHANGES)
            self._scaling = node.create_publisher(Float64, f"{below}speed_scaling_state_broadcaster/speed_scaling", QoSPresetProfiles.SYSTEM_DEFAULT.value)
        self._streams: list[Any] = []
        if hardware.status == "franka":
            self._stream(node, "franka_msgs.msg", "FrankaRobotState", f"{below}franka_robot_state_broadcaster/robot_state", self._franka)
        if self._ur and hardware.signals:
            self._stream(node, "ur_msgs.msg", "IOStates", f"{below}io_and_status_controller/io_states", self._pins)
        self._allowed = node.create_publisher(Bool, f"{below}{hardware.motion_allowed}", 1) if hardware.motion_allowed else None
        self._stopped = False
        self._timer = node.create_timer(EVERY, self.publish)

    @property
    def moving(self) -> bool:
        """Whether the robot lets itself be moved."""
        modes = self._manners["safety_mode"] in NORMAL and self._manners["robot_mode"] in NORMAL
        return bool(self._manners["program_running"] and self._manners["motion_allowed"] and modes)

    def publish(self) -> None:
        """Changes, and the streams."""
        running = bool(self._manners["program_running"]) and self._manners["safety_mode"] in NORMAL
        if self._ur:
            self._change("safety", self._safety, self._safety_type and self._safety_type(mode=int(self._manners["safety_mode"])))
            self._change("program", self._program, Bool(data=running))
            self._scaling.publish(Float64(data=100.0 * float(self._manners["speed_scaling"])))
            if running == self._stopped:
                self._stopped = not running
                self._manager.set(self._manager.arm, running)
        for tell in self._streams:
            tell()
        if self._allowed is not None:
            self._allowed.publish(Bool(data=bool(self._manners["motion_allowed"])))

    def _stream(self, node: Node, module: str, kind: str, topic: str, fill: Callable[[Any], bool]) -> None:
        """Publish what ``fill`` makes of a message, as long as it says so."""
        try:
            message = getattr(import_module(module), kind)
        except ImportError:
            node.get_logger().warning(f"{module.removesuffix('.msg')} is not installed: {topic} is not emulated")
            return
        publisher = node.create_publisher(message, topic, QoSPresetProfiles.SYSTEM_DEFAULT.value)

        def tell() -> None:
            made = message()
            if fill(made):
                publisher.publish(made)

        self._streams.append(tell)

    def _franka(self, message: Any) -> bool:
        message.robot_mode = int(self._manners["robot_mode"])
        return True

    def _pins(self, message: Any) -> bool:
        for word, count in PINS.items():
            kind = import_module("ur_msgs.msg").Digital if word.startswith("digital") else import_module("ur_msgs.msg").Analog
            setattr(message, f"{word}_states", [kind(pin=number) for number in range(count)])
        for one in message.digital_in_states:
            one.state = bool(int(self._manners["digital_inputs"]) >> one.pin & 1)
        return not self._manners["io_silent"]

    def _change(self, what: str, publisher: Any, message: Any) -> None:
        if publisher is not None and self._told.get(what) != message:
            self._told[what] = message
            publisher.publish(message)
