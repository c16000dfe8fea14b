"""What one real arm of a cell is reached through: its serial number, driver, controllers, gripper and frames.

The ``hardware:`` section of an arm in a cell file. It decides nothing in simulation, except for the names that topics have.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from skillkit.documents import Document, Where, describe, is_number
from skillkit.exceptions import did_you_mean
from skillkit.pose import Pose

DRIVERS = ("joint_trajectory", "follow_joint_trajectory", "forward_position", "forward_velocity")
FORWARDED = ("forward_position", "forward_velocity")  # through a process of its own that brakes on silence
GRIPPER_DRIVERS = ("forward", "parallel_gripper", "gripper_command", "franka", "none")
STATUSES = ("", "ur", "franka")
BIASES = ("call", "goal")  # when a wrench is set to zero: only when an operator asks for it, or also whenever a goal takes the arm
FRANKA_GRIPPER = "franka_gripper"  # the node of franka_ros2 that its gripper's actions are below
POSE_WORDS = ("xyz", "rpy")
PINS = {"digital_in": 18, "digital_out": 18, "analog_in": 2, "analog_out": 2}  # of a Universal Robots controller, tool included: how many


@dataclass(frozen=True)
class GripperHardware:
    """How the gripper is driven.

    Attributes:
        driver: one of :data:`GRIPPER_DRIVERS`.
        controller: name of its controller.
        finger_factor: metres between the fingers per metre of the command; 2 where the command is the way of one finger.
        force: asked of it [N]; speed: of the gap [m/s]; ``None`` leaves the model's own.
        joint: the first finger joint, as the joint states call it; empty for the model's name behind the prefix.
        joint_states: topic of the finger joints, where the arm's joint states lack them; below the arm's namespace.
        epsilon: by how much what a ``franka`` gripper grasps may be thinner and wider than asked [m]; ``None`` for as wide as it opens.
        homing: whether an operator may have it homed, by the service ``runtime/home/<arm>``; it never is by itself.
    """

    driver: str = "forward"
    controller: str = "gripper_controller"
    finger_factor: float = 2.0
    force: float | None = None
    speed: float | None = None
    joint: str = ""
    joint_states: str = ""
    epsilon: tuple[float, float] | None = None
    homing: bool = False


@dataclass(frozen=True)
class Pin:
    """An input or output of the robot's controller: one of :data:`PINS`, and which."""

    kind: str
    number: int


@dataclass(frozen=True)
class WrenchSource:
    """What tells how hard the tool is pushed: a ``geometry_msgs/WrenchStamped``.

    Attributes:
        topic: below the arm's namespace.
        frame: ``frame_id`` that its messages must have; empty takes any.
        at: ``transform_sensor_to_tool``: where that frame is, seen from the tool.
        sign: 1 where it tells what the world exerts on the tool, -1 where it tells what the tool exerts on the world.
        stale_after: a wrench older than this is none [s].
        bias: one of :data:`BIASES`.
    """

    topic: str = "wrench"
    frame: str = ""
    at: Pose = field(default_factory=Pose.from_vector)
    sign: float = 1.0
    stale_after: float = 0.1
    bias: str = "call"


@dataclass(frozen=True)
class Hardware:
    """One real arm.

    Attributes:
        serial: identifies it; its first run here is slow.
        driver: how it takes commands, one of :data:`DRIVERS`.
        controller: name of the controller that takes them.
        joint_states, robot_description: topics, below the arm's namespace.
        status: what tells whether it may move: ``ur``, ``franka`` or empty. motion_allowed: topic of a ``std_msgs/Bool`` that tells, or empty.
        controller_manager: node that its controllers are switched through; empty where others start them.
        prefix: that its driver puts before the joint and link names of the model.
        tool_parent: link of the robot's own description that the tool is fixed to; empty where that description has the model's tool link.
        tool: ``transform_tool_to_parent``, where ``tool_parent`` is given.
        first_speed: share of the velocity limits that is allowed until a run has succeeded.
        wrench: what tells how hard the tool is pushed, where something does.
        signals: digital and analog pins of the robot's controller, by the name that ``signal(name)`` has for them.
    """

    serial: str = ""
    driver: str = "joint_trajectory"
    controller: str = "arm_controller"
    joint_states: str = "joint_states"
    robot_description: str = "robot_description"
    status: str = ""
    motion_allowed: str = ""
    controller_manager: str = ""
    prefix: str = ""
    tool_parent: str = ""
    tool: Pose = field(default_factory=Pose.from_vector)
    first_speed: float = 0.1
    gripper: GripperHardware = field(default_factory=GripperHardware)
    wrench: WrenchSource | None = None
    signals: Mapping[str, Pin] = field(default_factory=dict)

    def simulated(self) -> Hardware:
        """The same names, driven as the simulator takes it."""
        gripper = replace(self.gripper, driver="forward", joint_states="", homing=False)
        wrench = WrenchSource(self.wrench.topic if self.wrench is not None else WrenchSource.topic)
        plain = replace(self, driver="joint_trajectory", status="", motion_allowed="", controller_manager="", prefix="")
        return replace(plain, gripper=gripper, signals={}, wrench=wrench)


TEXTS = ("serial", "driver", "controller", "joint_states", "robot_description", "status", "motion_allowed", "controller_manager", "prefix", "tool_parent")
WORDS = (*TEXTS, "tool", "first_speed", "gripper", "wrench", "signals")
WRENCH_WORDS = ("topic", "frame", "at", "sign", "stale_after", "bias")
GRIPPER_TEXTS, GRIPPER_NUMBERS = ("driver", "controller", "joint", "joint_states"), ("finger_factor", "force", "speed")
GRIPPER_WORDS = (*GRIPPER_TEXTS, *GRIPPER_NUMBERS, "epsilon", "homing")


def read_hardware(document: Document, item: Any, where: Where) -> Hardware | None:
    """The ``hardware:`` section; its problems go into the document, ``None`` where it has any."""
    if not _mapping(document, item, where, WORDS, "hardware"):
        return None
    found = len(document.problems)
    values: dict[str, Any] = {word: _text(document, item[word], (*where, word)) for word in TEXTS if word in item}
    _choice(document, values.get("driver"), (*where, "driver"), DRIVERS)
    _choice(document, values.get("status"), (*where, "status"), STATUSES)
    if "first_speed" in item:
        values["first_speed"] = _number(document, item["first_speed"], (*where, "first_speed"), 1.0)
    if "tool" in item:
        values["tool"] = read_pose(document, item["tool"], (*where, "tool"), "a tool")
        if not values.get("tool_parent"):
            document.error((*where, "tool"), "missing", "tool is a pose on the link 'tool_parent', which is missing", "add tool_parent: tool0")
    if "gripper" in item:
        values["gripper"] = _gripper(document, item["gripper"], (*where, "gripper"))
    if "wrench" in item:
        values["wrench"] = _wrench(document, item["wrench"], (*where, "wrench"), values)
    if "signals" in item:
        values["signals"] = _signals(document, item["signals"], (*where, "signals"), values.get("status"))
    return Hardware(**values) if len(document.problems) == found else None


def read_pose(document: Document, item: Any, where: Where, what: str) -> Pose | None:
    """``{xyz: [m], rpy: [rad]}``, each left out for zeros; its problems go into the document."""
    if not _mapping(document, item, where, POSE_WORDS, what):
        return None
    vectors = [item.get(word, [0.0, 0.0, 0.0]) for word in POSE_WORDS]
    for word, vector in zip(POSE_WORDS, vectors, strict=True):
        if not read_triple(document, vector, (*where, word)):
            return None
    return Pose.from_rpy(*vectors)


def read_triple(document: Document, item: Any, where: Where) -> bool:
    """Whether this is a list of 3 numbers; a problem of the document where not."""
    fits = isinstance(item, list) and len(item) == 3 and all(is_number(value) for value in item)
    if not fits:
        document.error(where, "wrong-type", f"{where[-1]} is a list of 3 numbers, found {describe(item)}")
    return fits


def _gripper(document: Document, item: Any, where: Where) -> GripperHardware | None:
    if not _mapping(document, item, where, GRIPPER_WORDS, "a gripper"):
        return None
    values: dict[str, Any] = {word: _text(document, item[word], (*where, word)) for word in GRIPPER_TEXTS if word in item}
    _choice(document, values.get("driver"), (*where, "driver"), GRIPPER_DRIVERS)
    values.update({word: _number(document, item[word], (*where, word), 1e4) for word in GRIPPER_NUMBERS if word in item})
    if values.get("driver") == "franka" and "controller" not in values:
        values["controller"] = FRANKA_GRIPPER
    if "epsilon" in item:
        values["epsilon"] = _epsilon(document, item["epsilon"], (*where, "epsilon"))
    if not isinstance(item.get("homing", False), bool):
        document.error((*where, "homing"), "wrong-type", f"homing is true or false, found {describe(item['homing'])}")
    for word in ("epsilon", "homing"):
        if item.get(word) and values.get("driver") != "franka":
            document.error((*where, word), "unknown-word", f"{word} is a word of grippers with driver: franka")
    return GripperHardware(homing=item.get("homing") is True, **values)


def _epsilon(document: Document, item: Any, where: Where) -> tuple[float, float] | None:
    if not _mapping(document, item, where, ("inner", "outer"), "an epsilon"):
        return None
    return _number(document, item.get("inner"), (*where, "inner"), 0.2), _number(document, item.get("outer"), (*where, "outer"), 0.2)


def _signals(document: Document, item: Any, where: Where, status: str | None) -> dict[str, Pin]:
    if not isinstance(item, dict):
        document.error(where, "wrong-type", f"signals has a pin for each name, found {describe(item)}", "write {door_closed: {digital_in: 3}}")
        return {}
    if status != "ur":
        document.error(where, "missing", "signals are told by the io_states of a Universal Robots driver", "add status: ur")
    return {str(name): pin for name, given in item.items() if (pin := _pin(document, given, (*where, name))) is not None}


def _pin(document: Document, item: Any, where: Where) -> Pin | None:
    if not _mapping(document, item, where, tuple(PINS), "a signal"):
        return None
    kind, number = next(iter(item.items()), ("", None))
    if len(item) != 1 or kind not in PINS:
        document.error(where, "wrong-type", f"a signal has one pin, found {describe(item)}", f"write one of {', '.join(f'{word}: 0' for word in PINS)}")
        return None
    if not isinstance(number, int) or isinstance(number, bool) or not 0 <= number < PINS[kind]:
        document.error((*where, kind), "out-of-range", f"{kind} is a whole number from 0 to {PINS[kind] - 1}, found {describe(number)}")
        return None
    return Pin(kind, number)


def _wrench(document: Document, item: Any, where: Where, arm: dict[str, Any]) -> WrenchSource | None:
    """A source whose frame is the arm's ``tool_parent`` need not say where that is."""
    if not _mapping(document, item, where, WRENCH_WORDS, "a wrench"):
        return None
    values: dict[str, Any] = {word: _text(document, item[word], (*where, word)) for word in ("topic", "frame", "bias") if word in item}
    _choice(document, values.get("bias"), (*where, "bias"), BIASES)
    if "stale_after" in item:
        values["stale_after"] = _number(document, item["stale_after"], (*where, "stale_after"), 10.0)
    if "sign" in item and item["sign"] not in (1, -1):
        document.error((*where, "sign"), "out-of-range", f"sign is 1 or -1, found {describe(item['sign'])}")
    values["sign"] = float(item.get("sign", 1)) if is_number(item.get("sign", 1)) else 1.0
    if "at" in item:
        values["at"] = read_pose(document, item["at"], (*where, "at"), "a sensor")
    elif values.get("frame") and values["frame"] == arm.get("tool_parent") and arm.get("tool") is not None:
        values["at"] = arm["tool"].inverse()
    return WrenchSource(**values)


def _mapping(document: Document, item: Any, where: Where, words: Sequence[str], what: str) -> bool:
    if not isinstance(item, dict):
        document.error(where, "wrong-type", f"{what} has {', '.join(words)}, found {describe(item)}")
        return False
    document.check_words(item, where, words, what)
    return True


def _text(document: Document, value: Any, where: Where) -> str:
    if isinstance(value, int) and not isinstance(value, bool) and where[-1] == "serial":
        return str(value)
    if not isinstance(value, str):
        document.error(where, "wrong-type", f"{where[-1]} is a word, found {describe(value)}")
        return ""
    return value


def _choice(document: Document, value: str | None, where: Where, allowed: Sequence[str]) -> None:
    if value is not None and value not in allowed:
        document.error(where, "unknown-driver", f"'{value}' is no driver", did_you_mean(value, allowed))


def _number(document: Document, value: Any, where: Where, largest: float) -> float:
    if not is_number(value) or not 0.0 < value <= largest:
        document.error(where, "out-of-range", f"{where[-1]} is a number above 0 and at most {largest:g}, found {describe(value)}")
        return largest
    return float(value)
