"""Switching controllers through an emulated controller manager, with the real services over DDS."""

from __future__ import annotations

import time

import pytest

pytest.importorskip("rclpy")
pytest.importorskip("controller_manager_msgs")
pytestmark = pytest.mark.ros

from ros_pair import spun, until  # noqa: E402

from skillkit.ros.drivers.controllers import Controllers  # noqa: E402
from skillkit.ros.drivers.readiness import Readiness  # noqa: E402
from skillkit.ros.emulator_manager import OTHER, Manager  # noqa: E402
from skillkit.spaces import DriverInput, Input  # noqa: E402


def test_what_was_active_before_gives_way_and_comes_back() -> None:
    said = list[Input]()
    with spun("cell") as node:
        manager = Manager(node, "controller_manager", "arm_controller", ["gripper_controller"], ["joint1"], "position")
        manager.states = before = {"arm_controller": False, OTHER: True, "gripper_controller": True}
        readiness = Readiness("arm", said.append, time.monotonic)
        controllers = Controllers(node, "controller_manager", ["arm_controller", "gripper_controller"], readiness)
        assert not readiness.ready
        until(lambda: readiness.ready, "the arm's controllers are on")
        assert manager.states == {"arm_controller": True, OTHER: False, "gripper_controller": True}
        answer = controllers.restore()
        until(answer.done, "an answer")
        assert answer.result().ok
        assert manager.states == before
        assert controllers.restore() is None  # once


def test_a_controller_that_is_not_there_is_named_and_nothing_is_switched() -> None:
    said = list[Input]()
    with spun("cell") as node:
        manager = Manager(node, "controller_manager", "arm_controller", [], ["joint1"], "position")
        manager.states = before = {"arm_controller": False, OTHER: True}
        readiness = Readiness("arm", said.append, time.monotonic)
        controllers = Controllers(node, "controller_manager", ["arm_controler"], readiness)
        until(lambda: any("has no controller" in given.reason for given in said if isinstance(given, DriverInput)), "a refusal")
        assert (readiness.ready, manager.states, controllers.restore()) == (False, before, None)
