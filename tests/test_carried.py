"""What a gripper holds goes with it while no camera sees it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from skillkit.carried import UNSEEN, Carried, Hand
from skillkit.pose import Pose
from skillkit.spaces import ArmState, ObjectState

LIES = Pose.from_vector((0.0, 0.01, 0.0), (0.0, 0.0, 0.5))
CUP = ObjectState(Pose.from_vector((0.5, 0.0, 0.3)), np.array([0.07, 0.07, 0.09]), 0.0, 0.0)


def hand(tool: Pose, closure: float = 0.6, opening: float = 0.06) -> ArmState:
    zeros = np.zeros(7)
    return ArmState(zeros, zeros, tool, tool, Pose.from_vector(), opening, 0.08, closure, 0.0, 0.004, np.zeros(6))


def follow(carried: Carried, objects: dict[str, ObjectState], arms: dict[str, ArmState]) -> Mapping[str, ObjectState]:
    hands = {name: Hand(arm.closure, arm.opening) for name, arm in arms.items()}
    return carried.follow(objects, arms, hands, ((name, one.age) for name, one in objects.items()))


HELD = hand(CUP.pose @ LIES.inverse())
ELSEWHERE = Pose.from_vector((0.2, 0.4, 0.6), (0.3, 0.1, -0.7))


def test_a_held_object_that_is_not_seen_follows_the_tool_as_it_lay_there() -> None:
    carried = Carried()
    follow(carried, {"cup": CUP}, {"arm": HELD})
    found = follow(carried, {"cup": replace(CUP, age=UNSEEN + 0.1)}, {"arm": hand(ELSEWHERE)})["cup"]
    np.testing.assert_allclose(found.pose.position, (ELSEWHERE @ LIES).position, atol=1e-12)
    np.testing.assert_allclose(found.pose.rotation, (ELSEWHERE @ LIES).rotation, atol=1e-12)
    assert found.age == 0.004


def test_an_object_that_is_seen_is_where_it_is_seen() -> None:
    carried = Carried()
    follow(carried, {"cup": CUP}, {"arm": HELD})
    assert follow(carried, {"cup": CUP}, {"arm": hand(ELSEWHERE)})["cup"] is CUP


def test_an_object_that_was_let_go_of_unseen_grows_old_where_it_was_seen_last() -> None:
    carried = Carried()
    follow(carried, {"cup": CUP}, {"arm": HELD, "other": HELD})
    old = replace(CUP, age=1.0)
    assert follow(carried, {"cup": old}, {"arm": hand(ELSEWHERE, closure=0.0), "other": HELD})["cup"] is old
    assert follow(carried, {"cup": old}, {"arm": hand(ELSEWHERE), "other": HELD})["cup"] is old


def test_fingers_that_met_hold_nothing() -> None:
    carried = Carried()
    follow(carried, {"cup": CUP}, {"arm": HELD})
    old = replace(CUP, age=1.0)
    assert follow(carried, {"cup": old}, {"arm": hand(ELSEWHERE, closure=1.0, opening=0.0)})["cup"] is old


def test_a_snapshot_keeps_every_grip_bit_for_bit() -> None:
    carried, other = Carried(), Carried()
    follow(carried, {"cup": CUP}, {"arm": HELD})
    other.restore(json.loads(json.dumps(carried.snapshot())))
    assert other.grips == carried.grips
