"""The coffee scene: door, button, filling, verdict."""

from math import cos, degrees, pi, radians, sin

import mujoco
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skillkit.embodiment import Embodiment
from skillkit.pose import Pose
from skillkit.sim.arm_model import Placement
from skillkit.sim.coffee import BUTTON_PRELOAD, BUTTON_STIFFNESS, BUTTON_TRAVEL, CUP_HEIGHT, CoffeeScene
from skillkit.sim.coffee_watch import CoffeeWatch
from skillkit.sim.world import World

WORLD = World([Placement("panda", Embodiment.load("panda"), Pose.from_vector())], CoffeeScene(seed=2))
START = WORLD.snapshot()


@pytest.fixture
def world():
    WORLD.restore(START)
    return WORLD


def place_cup(world, position, tilt=0.0):
    start = world.model.joint("cup_1").qposadr[0]
    world.data.qpos[start : start + 7] = [*position, cos(0.5 * tilt), sin(0.5 * tilt), 0.0, 0.0]
    mujoco.mj_forward(world.model, world.data)


def press(world, fraction):
    world.data.qpos[world.model.joint("dispenser_button").qposadr[0]] = fraction * BUTTON_TRAVEL


def spout(world):
    return world.data.site("spout").xpos.copy()


@given(st.floats(0.0, 1.0), st.floats(0.0, 0.05), st.floats(0.0, 2 * pi), st.floats(0.0, radians(40.0)), st.floats(-0.02, 0.06))
def test_coffee_runs_only_into_an_upright_cup_under_the_spout_while_the_button_is_pressed(fraction, off, direction, tilt, below):
    world = WORLD
    world.restore(START)
    top = spout(world) + np.array([off * cos(direction), off * sin(direction), -below])
    place_cup(world, top - [0.0, 0.0, 0.5 * CUP_HEIGHT], tilt)
    press(world, fraction)
    world.state.watch(world.data, 0.25)
    near = min(abs(fraction - 0.8), abs(off - 0.025), abs(tilt - radians(15.0)), abs(below)) < 1e-6
    runs = fraction > 0.8 and off < 0.025 and tilt < radians(15.0) and below > 0.0
    assert near or world.state.record.fill == (0.25 if runs else 0.0)


def test_one_second_of_coffee_fills_the_cup_and_no_more(world):
    place_cup(world, spout(world) - [0.0, 0.0, 0.5 * CUP_HEIGHT + 0.02])
    press(world, 1.0)
    fills = []
    for _ in range(150):
        world.state.watch(world.data, 0.01)
        fills.append(world.signal_inputs(0.0)[1].value)
    assert fills[98] < 1.0
    assert fills[100] == pytest.approx(1.0)
    assert fills[-1] == 1.0


@pytest.mark.parametrize("force", [0.0, 1.0, 5.0, 9.0])
def test_the_button_is_a_spring_of_at_most_fifteen_newtons(world, force):
    joint = world.model.joint("dispenser_button")
    world.data.qfrc_applied[joint.dofadr[0]] = force
    world.advance(1.0)
    world.data.qfrc_applied[:] = 0.0
    expected = min(1.0, max(0.0, (force - BUTTON_PRELOAD) / BUTTON_STIFFNESS / BUTTON_TRAVEL))
    assert world.signal_inputs(0.0)[0].value == pytest.approx(expected, abs=0.03)
    assert BUTTON_TRAVEL >= 0.008
    assert BUTTON_PRELOAD + BUTTON_STIFFNESS * BUTTON_TRAVEL <= 15.0
    world.advance(1.0)
    assert world.signal_inputs(0.0)[0].value < 0.02


def turn_hinge(world, torque):
    hinge = world.model.joint("cabinet_hinge")
    world.data.qfrc_applied[hinge.dofadr[0]] = torque
    world.advance(0.5)
    world.data.qfrc_applied[:] = 0.0
    return degrees(world.data.qpos[hinge.qposadr[0]])


def test_a_door_opens_and_stays_where_it_was_left(world, make_world):
    opened = turn_hinge(world, 0.8)
    world.advance(0.5)
    rest = degrees(world.data.joint("cabinet_hinge").qpos[0])
    assert opened > 20.0
    world.advance(1.0)
    assert degrees(world.data.joint("cabinet_hinge").qpos[0]) == pytest.approx(rest, abs=0.1)


def test_a_locked_door_gives_no_more_than_its_play(make_world):
    assert turn_hinge(make_world(locked=True), 10.0) < 1.0


def test_an_open_cabinet_starts_open_and_its_handle_stands_out(make_world):
    closed, opened = make_world(seed=2), make_world(seed=2, cabinet_open=True)
    assert degrees(opened.data.joint("cabinet_hinge").qpos[0]) == pytest.approx(100.0)
    outward = closed.object_pose("cabinet").rotation[:, 0]
    assert (opened.object_pose("cabinet_handle").position - closed.object_pose("cabinet_handle").position) @ outward > 0.12
    assert opened.verdict("coffee_made").reasons["door_opened"]


def test_the_cup_stands_still_upright_in_the_closed_cabinet_for_every_seed(make_world):
    for seed in range(12):
        world = make_world(seed=seed)
        before = world.object_pose("cup_1")
        world.advance(0.4)
        inside = world.object_pose("cabinet").inverse().apply(world.object_pose("cup_1").position)
        assert (np.abs(inside) < 0.5 * world.sizes["cabinet"]).all()
        assert np.linalg.norm(world.object_pose("cup_1").position - before.position) < 0.003
        assert world.object_pose("cup_1").rotation[2, 2] > 0.9999
        assert abs(world.data.joint("cabinet_hinge").qpos[0]) < 1e-3


def test_every_object_faces_where_it_says(make_world):
    world = make_world(seed=None)
    for name, station in (("cabinet_handle", "cabinet"), ("dispenser_button", "dispenser"), ("dispenser_spot", "dispenser")):
        np.testing.assert_allclose(world.object_pose(name).rotation, world.object_pose(station).rotation, atol=1e-12)
        out = world.object_pose(station).inverse().apply(world.object_pose(name).position)
        assert out[0] > 0.0, name


def finished(world):
    """The state of a task done: a full cup at rest on the tray, the door opened by its handle."""
    goal = world.data.site("tray_goal").xpos
    place_cup(world, goal + np.array([0.0, 0.0, 0.5 * CUP_HEIGHT]))
    record = world.state.record
    record.fill, record.door_largest, record.handle_touched = 1.0, radians(80.0), True
    world.advance(1.6)
    return goal.copy()


def test_a_full_cup_at_rest_on_the_tray_is_success(world):
    finished(world)
    verdict = world.verdict("coffee_made")
    assert verdict.success, verdict.text
    assert all(verdict.reasons.values())


@pytest.mark.parametrize(
    ("reason", "spoil"),
    [
        ("filled", lambda world, goal: setattr(world.state.record, "fill", 0.9)),
        ("upright", lambda world, goal: place_cup(world, goal + np.array([0.0, 0.0, 0.05]), radians(16.0))),
        ("still", lambda world, goal: setattr(world.state.record, "still", 0.99)),
        ("at_goal", lambda world, goal: place_cup(world, goal + np.array([0.031, 0.0, 0.05]))),
        ("on_tray", lambda world, goal: place_cup(world, goal + np.array([0.0, 0.0, 0.07]))),
        ("released", lambda world, goal: setattr(world.state.record, "cup_touched", True)),
        ("door_opened", lambda world, goal: setattr(world.state.record, "door_largest", radians(59.0))),
        ("door_opened", lambda world, goal: setattr(world.state.record, "handle_touched", False)),
    ],
)
def test_each_condition_alone_fails_the_verdict_and_is_named(world, reason, spoil):
    spoil(world, finished(world))
    verdict = world.verdict("coffee_made")
    assert not verdict.success
    assert {name for name, holds in verdict.reasons.items() if not holds} == {reason}
    assert f"{reason}: NO" in verdict.text


def test_a_moving_cup_is_not_still_and_starts_again_from_zero(world):
    world.advance(0.5)
    assert world.state.record.still > 0.3
    world.data.qvel[world.model.joint("cup_1").dofadr[0]] = 0.3
    world.advance(0.01)
    assert world.state.record.still == 0.0


def test_a_cup_in_the_gripper_is_touched_and_a_cup_alone_is_not(make_world):
    world = make_world()
    world.advance(0.1)
    assert not world.state.record.cup_touched
    tool = world.tool_pose("panda")
    place_cup(world, tool.apply((0.0, 0.0, -0.02)))
    world.advance(0.01)
    assert world.state.record.cup_touched


def test_the_bookkeeping_survives_a_snapshot(world):
    finished(world)
    kept = world.state.snapshot()
    other = CoffeeWatch(world.model, world.state.objects, frozenset({1}), started_open=False)
    other.restore(kept)
    assert other.snapshot() == kept
    assert kept["fill"] == 1.0
