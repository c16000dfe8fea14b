"""Messages ↔ values: nothing is lost, nothing is mistaken for something else."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("rclpy")
pytestmark = pytest.mark.ros

from builtin_interfaces.msg import Duration  # noqa: E402
from rclpy.serialization import deserialize_message, serialize_message  # noqa: E402
from sensor_msgs.msg import JointState  # noqa: E402
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint  # noqa: E402

from skillkit.bags.cdr import Codec  # noqa: E402
from skillkit.bags.schemas import JOINT_TRAJECTORY, schema  # noqa: E402
from skillkit.embodiment import Embodiment  # noqa: E402
from skillkit.exceptions import SkillkitError  # noqa: E402
from skillkit.ros import conversions  # noqa: E402
from skillkit.spaces import JointInput, ObjectInput  # noqa: E402

PANDA = Embodiment.load("panda")
number = st.floats(-3.0, 3.0)
seven = st.lists(number, min_size=7, max_size=7)


def over_the_wire(message: Any) -> Any:
    return deserialize_message(serialize_message(message), type(message))


@given(position=seven, velocity=seven, opening=st.floats(0.0, 0.08), force=st.floats(0.0, 70.0), stamp=st.floats(0.0, 1e5))
def test_a_joint_state_comes_back_bit_for_bit(position: list[float], velocity: list[float], opening: float, force: float, stamp: float) -> None:
    given_state = JointInput("panda", stamp, 0.0, tuple(position), tuple(velocity), opening, force)
    read = conversions.JointStateReader("panda", PANDA).read(over_the_wire(conversions.joint_state(PANDA, given_state)), 7.5)
    assert read is not None
    assert (read.position, read.velocity, read.force, read.received) == (given_state.position, given_state.velocity, force, 7.5)
    assert read.opening == pytest.approx(opening, abs=1e-12)
    assert read.stamp == pytest.approx(stamp, abs=1e-9)


@given(order=st.permutations(range(7)))
def test_joints_are_matched_by_name_not_by_place(order: list[int]) -> None:
    message = JointState(name=["stranger", *(PANDA.joints[i] for i in order)], position=[9.0, *(float(i) for i in order)], velocity=[0.0] * 8)
    read = conversions.JointStateReader("panda", PANDA).read(message, 0.0)
    assert read is not None
    assert read.position == tuple(float(i) for i in range(7))


def test_a_joint_state_without_one_of_the_joints_is_passed_over() -> None:
    names = list(PANDA.joints)
    reader = conversions.JointStateReader("panda", PANDA)
    assert reader.read(JointState(name=names[:6], position=[0.0] * 6), 0.0) is None
    assert reader.read(JointState(name=names, position=[0.0] * 6), 0.0) is None
    assert reader.read(JointState(name=names, position=[0.0] * 7), 0.0) is not None


def test_velocities_that_are_not_published_are_differences_of_positions() -> None:
    reader = conversions.JointStateReader("panda", PANDA)
    for tick in range(3):
        message = JointState(name=list(PANDA.joints), position=[0.5 * tick * 0.01] * 7)
        message.header.stamp = conversions.stamp_of(0.01 * tick)
        read = reader.read(message, 0.0)
    assert read is not None
    np.testing.assert_allclose(read.velocity, 0.5, rtol=1e-6)


@given(position=st.tuples(number, number, number), quaternion=st.tuples(number, number, number, number))
def test_a_pose_comes_back_bit_for_bit(position: tuple[float, float, float], quaternion: tuple[float, float, float, float]) -> None:
    seen = ObjectInput("cup_1", 2.0, 0.0, position, quaternion)
    read = conversions.object_input("cup_1", over_the_wire(conversions.pose_stamped(seen)), 3.0)
    assert (read.position, read.quaternion, read.stamp, read.received) == (position, quaternion, 2.0, 3.0)


def test_sizes_come_back_by_the_names_of_the_objects() -> None:
    sizes = {"cup_1": np.array([0.06, 0.07, 0.1]), "tray": np.array([0.3, 0.2, 0.02])}
    found = conversions.sizes_of(over_the_wire(conversions.size_markers(sizes)))
    assert {name: size.tolist() for name, size in found.items()} == {name: size.tolist() for name, size in sizes.items()}


@given(closure=st.floats(0.0, 1.0))
def test_a_gripper_command_comes_back(closure: float) -> None:
    assert conversions.closure_of(PANDA, conversions.gripper_command(PANDA, closure)) == pytest.approx(closure, abs=1e-12)


@pytest.mark.parametrize("positions", [[], [math.nan], [math.inf]])
def test_a_gripper_command_that_is_no_number_is_ignored(positions: list[float]) -> None:
    assert conversions.closure_of(PANDA, positions) is None


@given(position=seven, velocity=seven, times=st.lists(st.floats(0.001, 5.0), min_size=1, max_size=5, unique=True))
def test_a_trajectory_encoded_for_the_wire_is_what_a_driver_reads(position: list[float], velocity: list[float], times: list[float]) -> None:
    times = sorted({round(time, 6) for time in times})
    record = conversions.trajectory_record(PANDA.joints, [(time, position, velocity) for time in times])
    message = deserialize_message(Codec(JOINT_TRAJECTORY, schema(JOINT_TRAJECTORY)).encode(record), JointTrajectory)
    found = conversions.sampled(PANDA, message)
    assert found is not None
    assert found[0] == pytest.approx(times, abs=1e-9)
    assert found[1] == [position] * len(times)
    assert found[2] == [velocity] * len(times)


def trajectory(times: list[float], value: float = 0.0, names: tuple[str, ...] = PANDA.joints) -> JointTrajectory:
    message = JointTrajectory(joint_names=list(names))
    for time in times:
        stamp = Duration(sec=int(time), nanosec=round((time - int(time)) * 1e9))
        message.points.append(JointTrajectoryPoint(positions=[value] * len(names), velocities=[0.0] * len(names), time_from_start=stamp))
    return message


@pytest.mark.parametrize(
    "message",
    [trajectory([]), trajectory([0.0]), trajectory([0.2, 0.1]), trajectory([0.1, 0.1]), trajectory([0.1], math.nan), trajectory([0.1], names=PANDA.joints[:6])],
    ids=["no points", "no time", "times fall", "times stand", "not finite", "a joint is missing"],
)
def test_a_driver_rejects_a_trajectory_that_it_cannot_follow(message: JointTrajectory) -> None:
    assert conversions.sampled(PANDA, message) is None


def test_parameters_of_a_goal_are_a_json_object_or_nothing() -> None:
    assert conversions.parameters_of("") == {}
    assert conversions.parameters_of('{"cup": "cup_1"}') == {"cup": "cup_1"}
    for text in ("[1]", "cup", "3"):
        with pytest.raises(SkillkitError, match="JSON"):
            conversions.parameters_of(text)


def test_a_gripper_whose_opening_nobody_tells_is_not_taken_for_closed() -> None:
    reader = conversions.JointStateReader("panda", PANDA, gripped=True)
    message = JointState(name=list(PANDA.joints), position=PANDA.home.tolist())
    assert reader.read(message, 0.0) is None
    assert reader.missing == ["panda_finger_joint1"]
    assert conversions.JointStateReader("panda", PANDA).read(message, 0.0) is not None


def test_fingers_on_a_topic_of_their_own_belong_to_the_arms_state() -> None:
    reader = conversions.JointStateReader("panda", PANDA, gripped=True)
    arm = JointState(name=list(PANDA.joints), position=PANDA.home.tolist())
    assert reader.read(arm, 0.0) is None
    reader.read_fingers(JointState(name=["panda_finger_joint2", "panda_finger_joint1"], position=[0.01, 0.02], effort=[-3.0, -4.0]))
    read = reader.read(arm, 0.0)
    assert read is not None
    assert (read.opening, read.force, reader.missing) == (pytest.approx(0.04), 4.0, [])
