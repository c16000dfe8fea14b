"""What a robot says of itself, by the real messages of its driver over DDS: modes, pins, a Bool; and silence."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("rclpy")
pytestmark = pytest.mark.ros

from rclpy.node import Node  # noqa: E402
from ros_pair import spun, until  # noqa: E402

from skillkit.exceptions import SkillkitError  # noqa: E402
from skillkit.hardware import Hardware, Pin  # noqa: E402
from skillkit.ros.drivers.readiness import Readiness  # noqa: E402
from skillkit.ros.drivers.status import STREAM_LOST, RobotStatus  # noqa: E402
from skillkit.ros.emulator import MANNERS  # noqa: E402
from skillkit.ros.emulator_status import Status  # noqa: E402
from skillkit.spaces import DriverInput, Input, SignalInput  # noqa: E402

PINS = Hardware(status="ur", signals={"door_closed": Pin("digital_in", 3), "vacuum": Pin("digital_out", 1), "pressure": Pin("analog_in", 0)})


def needs(package: str) -> Any:
    return pytest.mark.skipif(find_spec(package) is None, reason=f"{package} is not installed")


class Seen:
    """A driver's view of a robot whose status is emulated beside it."""

    def __init__(self, node: Node, hardware: Hardware, **manners: object) -> None:
        self.said = list[Input]()
        self.readiness = Readiness("arm", self.said.append, time.monotonic)
        self.status = RobotStatus(node, hardware, "", self.readiness)
        self.manners: dict[str, Any] = {name: default for name, (default, _) in MANNERS.items()} | manners
        self.manager = SimpleNamespace(arm="arm_controller", set=lambda name, active: None)
        self.emulated: Status | None = None
        self._node, self._hardware = node, hardware

    def emulate(self) -> None:
        self.emulated = Status(self._node, "", self._hardware, self.manners, self.manager)  # type: ignore[arg-type]

    @property
    def signals(self) -> list[tuple[str, float]]:
        return [(given.name, given.value) for given in self.said if isinstance(given, SignalInput)]

    @property
    def reason(self) -> str:
        return next((given.reason for given in reversed(self.said) if isinstance(given, DriverInput)), "")


@contextmanager
def watching(hardware: Hardware, **manners: object) -> Iterator[Seen]:
    with spun("status") as node:
        yield Seen(node, hardware, **manners)


@needs("franka_msgs")
def test_a_franka_may_move_in_its_moving_modes_only_and_its_mode_is_a_signal() -> None:
    with watching(Hardware(status="franka")) as seen:
        assert seen.readiness.awaited == ["franka_robot_state_broadcaster/robot_state"]
        assert "has said nothing yet" in seen.reason
        seen.emulate()
        until(lambda: seen.readiness.ready, "it may move")
        seen.manners["robot_mode"] = 5
        until(lambda: not seen.readiness.ready, "it may not")
        assert seen.reason == "robot mode is 5 (user stopped)"
        seen.manners["robot_mode"] = 2
        until(lambda: seen.readiness.ready, "it may again")
        assert seen.signals == [("arm_robot_mode", 2.0), ("arm_robot_mode", 5.0), ("arm_robot_mode", 2.0)]


@needs("ur_msgs")
def test_pins_are_signals_by_the_names_of_the_cell_told_when_they_change() -> None:
    with watching(PINS) as seen:
        seen.emulate()
        until(lambda: len(seen.signals) >= 3, "the pins")
        assert {("door_closed", 0.0), ("vacuum", 0.0), ("pressure", 0.0)} <= set(seen.signals)
        seen.manners["digital_inputs"] = 1 << 3
        until(lambda: ("door_closed", 1.0) in seen.signals, "the door")
        time.sleep(0.2)
        assert [name for name, _ in seen.signals].count("door_closed") == 2
        assert [name for name, _ in seen.signals].count("vacuum") == 1


@needs("ur_msgs")
def test_pins_that_fall_silent_block_the_arm() -> None:
    with watching(PINS) as seen:
        seen.emulate()
        until(lambda: seen.readiness.ready, "it may move")
        seen.manners["io_silent"] = True
        begun = time.monotonic()
        until(lambda: not seen.readiness.ready, "it may not")
        assert time.monotonic() - begun > 0.5 * STREAM_LOST
        assert seen.reason == "io_and_status_controller/io_states has fallen silent"


@needs("ur_msgs")
def test_a_pin_that_nobody_tells_blocks_the_arm_by_its_name() -> None:
    with watching(Hardware(status="ur", signals={"lost": Pin("digital_in", 17)})) as seen:
        from ur_msgs.msg import IOStates

        seen.status._pins_heard("io_states", IOStates())
        assert "the pin of lost" in seen.reason


def test_signals_without_their_messages_are_refused_with_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "ur_msgs.msg", None)
    with spun("status") as node, pytest.raises(SkillkitError, match="need ur_msgs"):
        Seen(node, PINS)


def test_a_program_that_never_ran_is_not_taken_for_running() -> None:
    with watching(Hardware(status="ur"), program_running=False) as seen:
        seen.emulate()  # as the driver does, it tells changes only, and says nothing of a program that never ran
        time.sleep(0.5)
        assert not seen.readiness.ready
        assert "robot_program_running has said nothing yet" in seen.reason
        seen.manners["program_running"] = True
        until(lambda: seen.readiness.ready, "it may move")


def test_a_bool_that_nobody_publishes_allows_nothing_and_nor_does_one_whose_publisher_has_left() -> None:
    with watching(Hardware(motion_allowed="guard/allowed")) as seen:
        time.sleep(0.3)
        assert (seen.readiness.ready, seen.reason) == (False, "guard/allowed has said nothing yet")
        seen.emulate()
        until(lambda: seen.readiness.ready, "it may move")
        assert seen.emulated is not None
        seen.emulated._timer.cancel()
        seen._node.destroy_publisher(seen.emulated._allowed)
        until(lambda: not seen.readiness.ready, "it may not")
        assert seen.reason == "guard/allowed has fallen silent"
