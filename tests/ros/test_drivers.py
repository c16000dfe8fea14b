"""Drivers: names, conditions, messages."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("rclpy")
pytestmark = pytest.mark.ros

from skillkit.embodiment import Embodiment  # noqa: E402
from skillkit.exceptions import InvalidValue  # noqa: E402
from skillkit.ros.drivers.forward import order_of  # noqa: E402
from skillkit.ros.drivers.hand import opening_of  # noqa: E402
from skillkit.ros.drivers.readiness import Readiness  # noqa: E402
from skillkit.ros.drivers.trajectory import with_tail  # noqa: E402
from skillkit.ros.drivers.wire import on_wire  # noqa: E402
from skillkit.ros.emulator_arm import prefixed  # noqa: E402
from skillkit.ros.follower import TrajectoryFollower  # noqa: E402
from skillkit.safety import SafetyGate  # noqa: E402
from skillkit.spaces import DriverInput, JointCommand  # noqa: E402

UR5E = Embodiment.load("ur5e")


@given(order=st.permutations(range(6)))
def test_a_forward_controller_gets_its_own_joint_order(order: list[int]) -> None:
    places = order_of(UR5E, [UR5E.joints[i] for i in order], "position", "position")
    assert places == order


def test_a_forward_controller_of_other_joints_or_another_interface_is_refused() -> None:
    with pytest.raises(InvalidValue, match="someone_elses"):
        order_of(UR5E, ["someone_elses", *UR5E.joints[1:]], "position", "position")
    with pytest.raises(InvalidValue, match="velocity"):
        order_of(UR5E, UR5E.joints, "position", "velocity")


def test_a_prefix_stands_before_every_joint_once() -> None:
    wire = on_wire(UR5E, "left_")
    assert wire.joints[0] == "left_shoulder_pan_joint"
    assert wire.gripper is not None
    assert wire.gripper.joints[0] == "left_left_finger_joint"
    assert on_wire(wire, "left_") is wire


def test_a_description_with_a_prefix_is_the_same_robot(tmp_path: object) -> None:
    text = prefixed(UR5E.urdf.read_text(encoding="utf-8"), "left_")
    for joint in UR5E.joints:
        assert f'"left_{joint}"' in text
        assert f'"{joint}"' not in text


def test_the_worst_condition_is_told_once_and_the_arm_is_ready_when_all_are() -> None:
    told: list[DriverInput] = []
    readiness = Readiness("left", told.append, lambda: 1.0)  # type: ignore[arg-type]
    readiness.tell("a", "blocked", "stopped")
    readiness.tell("a", "blocked", "stopped")
    readiness.tell("b", "fault", "two writers")
    readiness.tell("b", "ready")
    readiness.tell("a", "ready")
    readiness.scale(0.5)
    assert [(given.state, given.reason, given.speed) for given in told] == [
        ("blocked", "stopped", 1.0),
        ("fault", "two writers", 1.0),
        ("blocked", "stopped", 1.0),
        ("ready", "", 1.0),
        ("ready", "", 0.5),
    ]


def test_a_gripper_opens_in_metres() -> None:
    assert UR5E.gripper is not None
    assert opening_of(UR5E.gripper, 0.0) == UR5E.gripper.width
    assert opening_of(UR5E.gripper, 1.0) == 0.0


@given(targets=st.lists(st.floats(-3.0, 3.0), min_size=2, max_size=5))
def test_what_a_controller_follows_keeps_velocity_and_acceleration_limits_between_the_points_too(targets: list[float]) -> None:
    gate, period = SafetyGate(UR5E, 100.0), 0.01
    gate.reset(UR5E.home)
    follower, now, speeds, measured = TrajectoryFollower(UR5E.home), 0.0, [], UR5E.home
    for target in targets:
        for _ in range(15):
            step = gate.step(UR5E.home + target, measured, 0.0)
            measured = step.position
            record = with_tail(UR5E, JointCommand(step.position, step.velocity, 0.0), period)
            points = record["points"]
            times = [point["time_from_start"]["sec"] + 1e-9 * point["time_from_start"]["nanosec"] for point in points]
            follower.replace(now, times, [point["positions"] for point in points], [point["velocities"] for point in points])
            speeds += [follower.at(now + 0.001 * k)[1] for k in range(10)]
            now += period
    assert (np.abs(speeds) <= UR5E.velocity * (1 + 1e-6)).all()
    assert (np.abs(np.diff(speeds, axis=0)) / 0.001 <= UR5E.acceleration * (1 + 1e-4)).all()
