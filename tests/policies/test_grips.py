"""Grip frames: level, right-handed, indifferent to half a turn of the gripper, and turning with the world."""

from __future__ import annotations

from math import cos, pi, sin

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skillkit.policies.carry import facing_upright
from skillkit.policies.grips import UP, backed, heading, into, level, pointing, turned
from skillkit.pose import Pose, frozen

angle = st.floats(-3.1, 3.1)
tilt = st.floats(-1.2, 1.2)
pitch = st.floats(0.0, 1.5)


def proper(rotation: np.ndarray) -> bool:
    return bool(np.allclose(rotation @ rotation.T, np.eye(3), atol=1e-9) and np.linalg.det(rotation) > 0.0)


@given(angle, tilt, angle)
def test_a_level_frame_has_z_up_and_keeps_the_heading_of_the_front(roll: float, elevation: float, yaw: float) -> None:
    frame = level(Pose.from_rpy((1.0, 2.0, 3.0), (roll, elevation, yaw)))
    assert proper(frame.rotation)
    assert frame.rotation[:, 2] == pytest.approx([0.0, 0.0, 1.0])
    assert frame.rotation[:, 0] == pytest.approx([cos(yaw), sin(yaw), 0.0], abs=1e-9)


@pytest.mark.parametrize("elevation", [pi / 2, -pi / 2])
def test_a_front_that_points_up_or_down_still_gives_a_level_frame(elevation: float) -> None:
    frame = level(Pose.from_rpy((0.0, 0.0, 0.0), (0.0, elevation, 0.7)))
    assert proper(frame.rotation)
    assert frame.rotation[:, 2] == pytest.approx([0.0, 0.0, 1.0])


@given(angle, pitch, angle)
def test_the_tool_points_along_the_approach_with_level_fingers(yaw: float, down: float, roll: float) -> None:
    approach = into(level(Pose.from_rpy((0.0, 0.0, 0.0), (0.0, 0.0, yaw))), down)
    rotation = pointing(approach, Pose.from_rpy((0.0, 0.0, 0.0), (roll, 0.4, 0.0)))
    assert proper(rotation)
    assert rotation[:, 2] == pytest.approx(approach)
    if down < 1.3:
        assert rotation[2, 1] == pytest.approx(0.0, abs=1e-9)
        assert approach @ UP == pytest.approx(-sin(down))


@given(angle, pitch)
def test_of_the_two_half_turns_of_the_gripper_the_nearer_one_is_taken(yaw: float, down: float) -> None:
    approach = into(level(Pose.from_rpy((0.0, 0.0, 0.0), (0.0, 0.0, yaw))), down)
    rotation = pointing(approach, Pose.from_vector())
    for like in (rotation, rotation @ np.diag([-1.0, -1.0, 1.0])):
        assert pointing(approach, Pose(frozen([0.0] * 3), frozen(like))) == pytest.approx(like, abs=1e-9)


@settings(max_examples=30)
@given(angle, st.floats(0.0, 1.3), angle, angle)
def test_a_held_object_stays_upright_whatever_front_it_is_brought_to(grasped_at: float, down: float, turn: float, brought_to: float) -> None:
    tool = pointing(into(level(Pose.from_rpy((0.0, 0.0, 0.0), (0.0, 0.0, grasped_at))), down), Pose.from_vector())
    held = tool.T @ Pose.from_rpy((0.0, 0.0, 0.0), (0.0, 0.0, turn)).rotation
    front = level(Pose.from_rpy((0.0, 0.0, 0.0), (0.0, 0.0, brought_to)))
    rotation = facing_upright(held, front, Pose.from_vector())
    assert proper(rotation)
    assert (rotation @ held)[:, 2] == pytest.approx([0.0, 0.0, 1.0], abs=1e-9)
    assert rotation[:, 2] == pytest.approx(into(front, down), abs=1e-9)


@given(angle, st.floats(-3.0, 3.0))
def test_heading_measures_what_turned_turns(yaw: float, turn: float) -> None:
    pose = Pose.from_rpy((0.0, 0.0, 0.0), (0.0, 0.2, yaw))
    assert heading(pose, Pose(pose.position, turned(pose.rotation, turn))) == pytest.approx(turn, abs=1e-9)


def test_backing_off_is_level_for_a_level_tool_and_upwards_for_one_that_points_down() -> None:
    front = level(Pose.from_vector())
    tool = Pose(frozen([0.0, 0.0, 0.0]), pointing(into(front, 0.3), Pose.from_vector()))
    assert backed(tool, 0.1).position == pytest.approx([0.1, 0.0, 0.0])
    down = Pose(frozen([0.0, 0.0, 0.0]), pointing(into(front, pi / 2), Pose.from_vector()))
    assert backed(down, 0.1).position == pytest.approx([0.0, 0.0, 0.1])


def test_an_object_gripped_from_above_keeps_its_heading_on_the_way() -> None:
    down = pointing(into(level(Pose.from_vector()), pi / 2), Pose.from_rpy((0.0, 0.0, 0.0), (pi, 0.0, 0.4)))
    held = down.T @ Pose.from_rpy((0.0, 0.0, 0.0), (0.01, -0.02, 1.0)).rotation
    like = Pose(frozen([0.0, 0.0, 0.0]), down)
    assert facing_upright(held, level(Pose.from_rpy((0.0, 0.0, 0.0), (0.0, 0.0, 2.0))), like) == pytest.approx(down)
