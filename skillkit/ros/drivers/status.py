"""What real drivers say of the robot: whether it may move, how fast, and modes as named signals.

Topics and types are those of the Universal Robots and Franka drivers; whatever type is not installed is left out and named. A software stop,
here or there, is not a safety function.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from std_msgs.msg import Bool, Float64

from skillkit.exceptions import UnknownName
from skillkit.ros.drivers.readiness import Readiness

CHANGES = QoSProfile(depth=1, reliability=ReliabilityPolicy.RELIABLE, durability=DurabilityPolicy.TRANSIENT_LOCAL)
STREAM = QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)

SAFETY_MODES = {
    1: "normal", 2: "reduced", 3: "protective stop", 4: "recovery", 5: "safeguard stop", 6: "system emergency stop", 7: "robot emergency stop",
    8: "violation", 9: "fault", 10: "validate joint id", 11: "undefined", 12: "automatic mode safeguard stop", 13: "three-position enabling stop",
}  # fmt: skip
FRANKA_MODES = {0: "other", 1: "idle", 2: "move", 3: "guiding", 4: "reflex", 5: "user stopped", 6: "automatic error recovery"}
MOVING_ALLOWED = {"safety_mode": (1, 2), "robot_mode": (1, 2)}


class RobotStatus:
    """Subscriptions to the status topics of one arm.

    Args:
        kind: ``ur``, ``franka`` or ``""`` for neither.
        allowed: topic of a ``std_msgs/Bool`` that says whether the arm may move; ``""`` for none.
        below: namespace of the arm's topics with a slash at its end, or ``""``.

    Raises:
        UnknownName: of another kind.
    """

    def __init__(self, node: Node, kind: str, allowed: str, below: str, readiness: Readiness) -> None:
        self._node, self._below, self._readiness = node, below, readiness
        self.missing: list[str] = []
        self._scaling = 100.0  # [%]
        if kind not in ("", "ur", "franka"):
            raise UnknownName("robot status", kind, ("ur", "franka"))
        if kind == "ur":
            self._mode("ur_dashboard_msgs.msg", "SafetyMode", "io_and_status_controller/safety_mode", "safety_mode", "mode", SAFETY_MODES)
            self._flag("io_and_status_controller/robot_program_running", "program_running", "the robot's program is not running")
            node.create_subscription(Float64, f"{below}speed_scaling_state_broadcaster/speed_scaling", self._scaled, STREAM)
        elif kind == "franka":
            self._mode("franka_msgs.msg", "FrankaRobotState", "franka_robot_state_broadcaster/robot_state", "robot_mode", "robot_mode", FRANKA_MODES)
        if allowed:
            self._flag(allowed, "motion_allowed", f"{allowed} says that motion is not allowed")

    def _mode(self, module: str, kind: str, topic: str, name: str, attribute: str, words: dict[int, str]) -> None:
        try:
            message = getattr(import_module(module), kind)
        except ImportError:
            self.missing.append(f"{module.removesuffix('.msg')} is not installed, so {topic} is not heard")
            self._node.get_logger().warning(self.missing[-1])
            return
        quality = STREAM if kind == "FrankaRobotState" else CHANGES
        told: list[int] = []

        def heard(given: Any) -> None:
            mode = int(getattr(given, attribute))
            if told != [mode]:
                told[:] = [mode]
                self._readiness.signal(name, mode)
                state = "ready" if mode in MOVING_ALLOWED[name] else "blocked"
                self._readiness.tell(name, state, f"{name.replace('_', ' ')} is {mode} ({words.get(mode, 'unknown')})")

        self._node.create_subscription(message, f"{self._below}{topic}", heard, quality)

    def _flag(self, topic: str, name: str, reason: str) -> None:
        def heard(given: Bool) -> None:
            self._readiness.signal(name, float(given.data))
            self._readiness.tell(name, "ready" if given.data else "blocked", reason)

        self._node.create_subscription(Bool, f"{self._below}{topic}", heard, CHANGES if name == "program_running" else STREAM)

    def _scaled(self, given: Float64) -> None:
        if given.data != self._scaling:
            self._scaling = float(given.data)
            self._readiness.signal("speed_scaling", 0.01 * self._scaling)
            self._readiness.scale(0.01 * self._scaling)
