"""The simulated cell: servos, gripper, contact, state."""

import json

import mujoco
import numpy as np
import pytest

from skillkit.exceptions import InvalidValue, UnknownName
from skillkit.pose import Pose
from skillkit.sim.arm_model import Placement
from skillkit.sim.coffee import CoffeeScene
from skillkit.sim.world import World, constrained_bodies

STILL = np.zeros(7)
ALONE = {"furniture_shift": Pose.from_vector((8.0, 0.0, 0.0))}  # nothing but the table within reach


def wave(panda, time):
    """A smooth motion about home at up to half of each speed limit."""
    rate = 2.0
    size = 0.5 * panda.velocity / rate
    return panda.home + size * (1.0 - np.cos(rate * time)) * 0.5, 0.5 * size * rate * np.sin(rate * time)


def drive(world, panda, seconds, start=0.0, closure=0.0):
    for tick in range(round(seconds * 100)):
        world.command("panda", *wave(panda, start + 0.01 * (tick + 1)), closure)
        world.advance(0.01)


def test_a_feasible_motion_is_followed_within_four_milliradians(make_world, panda):
    world, worst = make_world(**ALONE), 0.0
    for tick in range(150):
        wanted, speed = wave(panda, 0.01 * (tick + 1))
        world.command("panda", wanted, speed, 0.0)
        world.advance(0.01)
        worst = max(worst, float(np.abs(world.joint_inputs(0.0)[0].position - wanted).max()))
    assert worst < 0.004


def test_servos_never_exceed_the_effort_limits(make_world, panda):
    world = make_world(**ALONE)
    world.set_point("panda", np.clip(panda.home + 1.0, panda.lower, panda.upper), STILL)
    for _ in range(50):
        world.advance(0.002)
        effort = np.array([world.data.joint(f"panda/{name}").qfrc_actuator[0] for name in panda.joints])
        assert (np.abs(effort) <= panda.effort + 1e-9).all()
    assert np.abs(world.joint_inputs(0.0)[0].velocity).max() > 0.5


def test_an_arm_without_commands_stays_at_home_against_gravity(make_world, panda):
    world = make_world()
    world.advance(1.0)
    np.testing.assert_allclose(world.joint_inputs(1.0)[0].position, panda.home, atol=1e-6)


def test_the_arm_stops_at_the_table_and_not_in_it(make_world, panda):
    world = make_world(**ALONE)
    below = np.array([0.4, 1.5, 0.0, -0.5, 0.0, 1.9, 0.8])
    for part in np.linspace(0.0, 1.0, 200):
        world.command("panda", panda.home + part * (below - panda.home), STILL, 0.0)
        world.advance(0.01)
    table = world.model.body("table").id
    touching = {int(world.model.geom_bodyid[geom]) for pair in world.data.contact.geom for geom in pair}
    assert table in touching
    assert world.tool_pose("panda").position[2] > -0.01


def test_every_input_is_there_and_stamped(make_world):
    world = make_world()
    world.advance(0.1)
    inputs = world.inputs(3.5)
    names = [getattr(entry, "arm", None) or entry.name for entry in inputs]
    assert names[0] == "panda"
    assert set(names[1:]) == {"panda", *world.sizes, "dispenser_button", "cup_1_fill"}
    assert {(entry.stamp, entry.received) for entry in inputs} == {(3.5, 3.5)}
    assert {"cup_1", "cabinet", "cabinet_handle", "dispenser", "dispenser_spot", "dispenser_button", "tray", "table"} == set(world.sizes)


@pytest.mark.parametrize("pieces", [[0.5], [0.1] * 5, [0.0333] * 15 + [0.0005]])
def test_time_advances_alike_in_one_piece_or_many(make_world, panda, pieces):
    world = make_world()
    world.set_point("panda", panda.home + 0.1, STILL)
    for piece in pieces:
        world.advance(piece)
    assert world.time == pytest.approx(0.5)
    other = make_world()
    other.set_point("panda", panda.home + 0.1, STILL)
    other.advance(0.5)
    assert world.snapshot()["physics"] == other.snapshot()["physics"]


def test_a_restored_world_continues_bit_for_bit_and_senses_the_same(make_world, panda):
    world = make_world(seed=5)
    drive(world, panda, 0.533)
    world.command("panda", *wave(panda, 0.54), 0.7)
    world.advance(0.004)
    kept, sensed = json.loads(json.dumps(world.snapshot())), world.inputs(0.0)
    drive(world, panda, 0.4, start=0.54)
    end = world.snapshot()
    for again in (world, make_world(seed=5)):
        again.restore(kept)
        assert again.inputs(0.0) == sensed
        drive(again, panda, 0.4, start=0.54)
        assert again.snapshot() == end


def test_moving_the_scene_moves_base_and_objects_and_changes_nothing_else(make_world, panda):
    shift = Pose.from_rpy((3.0, -2.0, 0.4), (0.0, 0.0, 2.1))
    here, there = make_world(seed=4), make_world(seed=4, shift=shift)
    for world in (here, there):
        drive(world, panda, 0.3)
    np.testing.assert_allclose(there.joint_inputs(0.0)[0].position, here.joint_inputs(0.0)[0].position, atol=1e-6)
    assert there.base("panda") == shift
    for name in here.sizes:
        expected = shift @ here.object_pose(name)
        np.testing.assert_allclose(there.object_pose(name).position, expected.position, atol=1e-5)
        np.testing.assert_allclose(there.object_pose(name).rotation, expected.rotation, atol=1e-4)


def test_furniture_moves_without_the_table(make_world):
    shift = Pose.from_vector((0.05, -0.05, 0.0))
    here, there = make_world(seed=4), make_world(seed=4, furniture_shift=shift)
    for name in ("cabinet", "cup_1", "dispenser_spot", "tray"):
        np.testing.assert_allclose(there.object_pose(name).position - here.object_pose(name).position, shift.position, atol=1e-9)
    assert there.object_pose("table") == here.object_pose("table")


def hold_cup(world):
    """Put the cup between the open fingers, its axis along the tool's x, and close them while nothing weighs anything."""
    tool, cup = world.tool_pose("panda"), world.model.joint("cup_1").qposadr[0]
    grasped = Pose(tool.apply((0.0, 0.0, 0.004)), tool.rotation @ np.array([[0.0, 0.0, 1.0], [0.0, 1.0, 0.0], [-1.0, 0.0, 0.0]]))
    x, y, z, w = grasped.quaternion
    world.data.qpos[cup : cup + 7] = [*grasped.position, w, x, y, z]
    gravity = world.model.opt.gravity.copy()
    world.model.opt.gravity[:] = 0.0
    world.grip("panda", 1.0)
    world.advance(1.0)
    world.model.opt.gravity[:] = gravity


def in_tool(world):
    return world.tool_pose("panda").inverse() @ world.object_pose("cup_1")


def test_a_grasped_cup_is_held_by_contact_alone_at_rest_and_in_motion(make_world, panda):
    world = make_world(**ALONE)
    hold_cup(world)
    sensed = world.joint_inputs(0.0)[0]
    assert sensed.opening == pytest.approx(0.06, abs=0.006)
    assert sensed.force == pytest.approx(panda.gripper.force, rel=0.05)
    start = in_tool(world)
    world.advance(1.0)
    drive(world, panda, 1.5, closure=1.0)
    assert np.linalg.norm(in_tool(world).position - start.position) < 0.004
    assert np.linalg.norm(start.rotation_to(in_tool(world))) < 0.03
    world.grip("panda", 0.0)
    world.advance(1.0)
    assert np.linalg.norm(in_tool(world).position - start.position) > 0.01
    assert world.joint_inputs(0.0)[0].force < 10.0


def test_the_gripper_closes_no_faster_than_its_speed_and_reports_its_gap(make_world, panda):
    world = make_world()
    world.grip("panda", 1.0)
    gaps = []
    for _ in range(100):
        world.advance(0.01)
        gaps.append(world.joint_inputs(0.0)[0].opening)
    assert np.abs(np.diff(gaps)).max() / 0.01 <= 1.1 * panda.gripper.speed
    assert gaps[-1] == pytest.approx(0.0, abs=1e-3)


def test_no_equality_constraint_touches_cup_gripper_or_door_though_a_finger_mimics_the_other(make_world, panda):
    assert "<mimic" in panda.urdf.read_text()
    assert make_world().constrained_bodies() == frozenset()


@pytest.mark.parametrize(
    "constraint",
    [
        '<weld body1="a" body2="b"/>', '<connect body1="a" body2="b" anchor="0 0 0"/>', '<weld site1="sa" site2="sb"/>',
        '<joint joint1="ja" joint2="jb"/>', '<tendon tendon1="t"/>',
    ],
)  # fmt: skip
def test_every_kind_of_equality_constraint_would_be_found(constraint):
    body = '<body name="{0}"><joint name="j{0}"/><geom size="1"/><site name="s{0}"/></body>'
    tendon = '<tendon><fixed name="t"><joint joint="ja" coef="1"/><joint joint="jb" coef="1"/></fixed></tendon>'
    xml = f"<mujoco><worldbody>{body.format('a')}{body.format('b')}</worldbody>{tendon}<equality>{constraint}</equality></mujoco>"
    assert constrained_bodies(mujoco.MjModel.from_xml_string(xml)) == {"a", "b"}


def test_two_arms_stand_in_one_scene_and_move_apart(panda):
    arms = [Placement("left", panda, Pose.from_vector()), Placement("right", panda, Pose.from_vector((-0.9, 0.0, 0.0)))]
    world = World(arms, CoffeeScene())
    world.set_point("right", panda.home + 0.1, STILL)
    world.advance(0.5)
    left, right = world.joint_inputs(0.0)
    np.testing.assert_allclose(left.position, panda.home, atol=1e-4)
    np.testing.assert_allclose(right.position, panda.home + 0.1, atol=2e-3)
    with pytest.raises(InvalidValue):
        World([arms[0], arms[0]], CoffeeScene())


def test_an_unknown_arm_or_object_is_named_with_the_nearest(make_world):
    world = make_world()
    with pytest.raises(UnknownName, match="panda"):
        world.grip("pnda", 1.0)
    with pytest.raises(UnknownName, match="cup_1"):
        world.object_pose("cup_2")


def test_noise_moves_perceived_positions_only_and_repeats_with_the_seed(panda):
    def sense(noise):
        world = World([Placement("panda", panda, Pose.from_vector())], CoffeeScene(), seed=3, noise=noise)
        return np.array([entry.position for entry in world.object_inputs(0.0)])

    exact, noisy = sense(0.0), sense(0.002)
    assert 0.0005 < np.abs(noisy - exact).max() < 0.02
    np.testing.assert_array_equal(noisy, sense(0.002))
