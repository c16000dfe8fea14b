"""What real drivers say of the robot: whether it may move, how fast, and modes as named signals.

Topics and types are those of the Universal Robots and Franka drivers; whatever type is not installed is left out and named. What was not heard yet
does not allow motion: the UR driver tells changes only, and says nothing of a program that never ran. A software stop, here or there, is not a
safety function.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from importlib import import_module
from typing import Any

from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from rclpy.serialization import deserialize_message
from std_msgs.msg import Bool, Float64

from skillkit.exceptions import SkillkitError, UnknownName
from skillkit.hardware import PINS, Hardware
from skillkit.ros.drivers.readiness import Readiness

CHANGES = QoSProfile(depth=1, reliability=ReliabilityPolicy.RELIABLE, durability=DurabilityPolicy.TRANSIENT_LOCAL)
STREAM = QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)

SAFETY_MODES = {
    1: "normal", 2: "reduced", 3: "protective stop", 4: "recovery", 5: "safeguard stop", 6: "system emergency stop", 7: "robot emergency stop",
    8: "violation", 9: "fault", 10: "validate joint id", 11: "undefined", 12: "automatic mode safeguard stop", 13: "three-position enabling stop",
}  # fmt: skip
FRANKA_MODES = {0: "other", 1: "idle", 2: "move", 3: "guiding", 4: "reflex", 5: "user stopped", 6: "automatic error recovery"}
MOVING_ALLOWED = {"safety_mode": (1, 2), "robot_mode": (1, 2)}
STREAM_LOST = 0.5  # [s] of silence after which a stream is not believed any more
ENOUGH = 0.01  # [s] between two looks at a stream: Franka's state comes at 1 kHz, and is large


class RobotStatus:
    """Subscriptions to the status topics of one arm.

    Args:
        hardware: which robot it is, the topic of its ``std_msgs/Bool``, and its pins.
        below: namespace of the arm's topics with a slash at its end, or ``""``.

    Raises:
        UnknownName: of another kind. SkillkitError: pins are declared, and the type that tells them is not installed.
    """

    def __init__(self, node: Node, hardware: Hardware, below: str, readiness: Readiness) -> None:
        self._node, self._below, self._readiness, self._hardware = node, below, readiness, hardware
        self.missing: list[str] = []
        self._scaling = 100.0  # [%]
        self._streams: dict[str, bool] = {}  # topic that motion waits for → whether it is a stream, else it tells changes
        self._heard: set[str] = set()
        self._last: dict[str, float] = {}  # when a stream was heard last, monotonic clock [s]
        self._pins: dict[str, float] = {}
        if hardware.status not in ("", "ur", "franka"):
            raise UnknownName("robot status", hardware.status, ("ur", "franka"))
        if hardware.status == "ur":
            self._mode("ur_dashboard_msgs.msg", "SafetyMode", "io_and_status_controller/safety_mode", "safety_mode", "mode", SAFETY_MODES)
            self._flag("io_and_status_controller/robot_program_running", "program_running", "the robot's program is not running", CHANGES)
            node.create_subscription(Float64, f"{below}speed_scaling_state_broadcaster/speed_scaling", self._scaled, STREAM)
        elif hardware.status == "franka":
            self._mode("franka_msgs.msg", "FrankaRobotState", "franka_robot_state_broadcaster/robot_state", "robot_mode", "robot_mode", FRANKA_MODES)
        if hardware.motion_allowed:
            self._flag(hardware.motion_allowed, "motion_allowed", f"{hardware.motion_allowed} says that motion is not allowed", STREAM)
        if hardware.signals:
            self._inputs_and_outputs()
        self._watching = node.create_timer(0.5 * STREAM_LOST, self._watch) if self._streams else None

    def _expect(self, topic: str, name: str, stream: bool = False) -> None:
        self._streams[topic] = stream
        self._readiness.expect(name, topic, "has said nothing yet")

    def _mode(self, module: str, kind: str, topic: str, name: str, attribute: str, words: dict[int, str]) -> None:
        try:
            message = getattr(import_module(module), kind)
        except ImportError:
            self.missing.append(f"{module.removesuffix('.msg')} is not installed, so {topic} is not heard")
            self._node.get_logger().warning(self.missing[-1])
            return
        told: list[int] = []

        def heard(given: Any) -> None:
            mode = int(getattr(given, attribute))
            self._heard.add(topic)
            if told != [mode]:
                told[:] = [mode]
                self._readiness.signal(name, mode)
                state = "ready" if mode in MOVING_ALLOWED[name] else "blocked"
                self._readiness.tell(name, state, f"{name.replace('_', ' ')} is {mode} ({words.get(mode, 'unknown')})")

        stream = kind == "FrankaRobotState"
        self._expect(topic, name, stream)
        if stream:
            self._stream(message, topic, heard)
        else:
            self._node.create_subscription(message, f"{self._below}{topic}", heard, CHANGES)

    def _flag(self, topic: str, name: str, reason: str, quality: QoSProfile) -> None:
        def heard(given: Bool) -> None:
            self._heard.add(topic)
            self._readiness.signal(name, float(given.data))
            self._readiness.tell(name, "ready" if given.data else "blocked", reason)

        self._expect(topic, name)
        self._node.create_subscription(Bool, f"{self._below}{topic}", heard, quality)

    def _scaled(self, given: Float64) -> None:
        if given.data != self._scaling:
            self._scaling = float(given.data)
            self._readiness.signal("speed_scaling", 0.01 * self._scaling)
            self._readiness.scale(0.01 * self._scaling)

    # -- streams -------------------------------------------------------------------------------------------------------------------------

    def _stream(self, kind: Any, topic: str, heard: Callable[[Any], None]) -> None:
        """Look at a stream now and then; motion is not allowed while it is silent."""
        looked = [0.0]

        def take(data: bytes) -> None:
            now = self._last[topic] = time.monotonic()
            if now - looked[0] >= ENOUGH:
                looked[0] = now
                heard(deserialize_message(data, kind))

        self._node.create_subscription(kind, f"{self._below}{topic}", take, STREAM, raw=True)

    def _watch(self) -> None:
        """What was heard once is believed as long as its stream flows, or somebody is there who would tell a change."""
        for topic, stream in self._streams.items():
            if topic not in self._heard:
                continue
            silent = stream and time.monotonic() - self._last[topic] > STREAM_LOST
            gone = not stream and self._node.count_publishers(f"{self._below}{topic}") == 0
            self._readiness.tell(f"source of {topic}", "blocked" if silent or gone else "ready", f"{topic} has fallen silent")

    def _inputs_and_outputs(self) -> None:
        """Pins into signals, when they change."""
        try:
            kind = import_module("ur_msgs.msg").IOStates
        except ImportError:
            raise SkillkitError("the signals of a cell need ur_msgs: apt-get install ros-$ROS_DISTRO-ur-msgs; it is in no wheel") from None
        topic = "io_and_status_controller/io_states"
        self._expect(topic, "pins", stream=True)
        self._stream(kind, topic, lambda given: self._pins_heard(topic, given))

    def _pins_heard(self, topic: str, given: Any) -> None:
        states = {(word, int(one.pin)): float(one.state) for word in PINS for one in getattr(given, f"{word}_states")}
        absent = [name for name, pin in self._hardware.signals.items() if (pin.kind, pin.number) not in states]
        self._heard.add(topic)
        self._readiness.tell("pins", "blocked" if absent else "ready", f"{topic} tells nothing of the pin of {', '.join(absent)}")
        told = {name: states[pin.kind, pin.number] for name, pin in self._hardware.signals.items() if name not in absent}
        for name, value in told.items():
            if self._pins.get(name) != value:
                self._readiness.signal(name, value, of_arm=False)
        self._pins = told
