"""Frames lead to the world at the moment that is asked for, and say why where they do not."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skillkit.frames import Frames, NoTransform
from skillkit.pose import Pose

numbers = st.floats(-1.0, 1.0)
triples = st.tuples(numbers, numbers, numbers)
poses = st.builds(Pose.from_vector, triples, triples)


def close(a: Pose, b: Pose) -> bool:
    return bool(np.allclose(a.position, b.position, atol=1e-9) and np.allclose(a.rotation, b.rotation, atol=1e-9))


@given(poses, poses, poses)
def test_a_chain_of_frames_is_their_product(camera: Pose, tool: Pose, base: Pose) -> None:
    frames = Frames()
    frames.fix("camera", "tool", camera)
    frames.move("tool", "base", tool, 1.0)
    frames.fix("base", "world", base)
    assert close(frames.to_world("camera", 1.0), base @ tool @ camera)


@given(poses, triples, triples, st.floats(0.0, 1.0))
def test_between_two_moments_a_steady_motion_is_met_exactly(start: Pose, way: tuple[float, ...], turn: tuple[float, ...], share: float) -> None:
    frames = Frames()
    for stamp in (0.0, 1.0):
        frames.move("tool", "world", Pose.from_vector(start.position + stamp * np.array(way)) @ Pose.from_vector((0, 0, 0), np.array(turn) * stamp), stamp)
    expected = Pose.from_vector(start.position + share * np.array(way)) @ Pose.from_vector((0, 0, 0), np.array(turn) * share)
    assert close(frames.to_world("tool", share), expected)


def test_the_pose_at_its_own_stamp_counts_and_not_the_newest() -> None:
    frames = Frames()
    for tick in range(100):
        frames.move("tool", "world", Pose.from_vector((0.1 * tick, 0.0, 0.0)), 0.01 * tick)
    assert frames.to_world("tool", 0.503).position[0] == pytest.approx(5.03)


def test_states_that_arrive_out_of_order_make_no_difference() -> None:
    frames = Frames()
    for stamp in (0.3, 0.1, 0.2, 0.0):
        frames.move("tool", "world", Pose.from_vector((stamp, 0.0, 0.0)), stamp)
    assert frames.to_world("tool", 0.15).position[0] == pytest.approx(0.15)


@pytest.mark.parametrize(
    ("frame", "stamp", "why"), [("camra", 1.0, "did you mean 'camera'"), ("tool", 1.2, "last heard of"), ("tool", 0.5, "first heard of"), ("a", 1.0, "circle")]
)
def test_what_cannot_be_told_says_why(frame: str, stamp: float, why: str) -> None:
    frames = Frames()
    frames.fix("camera", "tool", Pose.from_vector())
    frames.move("tool", "world", Pose.from_vector(), 1.0)
    frames.fix("a", "b", Pose.from_vector())
    frames.fix("b", "a", Pose.from_vector())
    with pytest.raises(NoTransform, match=why):
        frames.to_world(frame, stamp)


def test_a_leading_slash_and_no_name_at_all_are_understood() -> None:
    frames = Frames()
    frames.fix("/camera", "/world", Pose.from_vector((1.0, 0.0, 0.0)))
    assert frames.to_world("camera", 0.0).position[0] == 1.0
    assert close(frames.to_world("", 0.0), Pose.from_vector())
