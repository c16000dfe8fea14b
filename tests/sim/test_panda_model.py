"""The Panda's URDF against its published kinematics and limits."""

from math import cos, pi, sin

import mujoco
import numpy as np
import pytest

from skillkit.embodiment import Embodiment
from skillkit.pose import Pose
from skillkit.sim.arm_model import Placement
from skillkit.sim.coffee import CoffeeScene
from skillkit.sim.world import World
from skillkit.urdf import UrdfTree

# Craig's modified Denavit-Hartenberg parameters as published by the manufacturer: a [m], d [m], alpha [rad]; flange at d = 0.107.
MODIFIED_DH = [
    (0.0, 0.333, 0.0), (0.0, 0.0, -pi / 2), (0.0, 0.316, pi / 2), (0.0825, 0.0, pi / 2),
    (-0.0825, 0.384, -pi / 2), (0.0, 0.0, pi / 2), (0.088, 0.0, pi / 2),
]  # fmt: skip
HAND_TURN, TOOL_OUT = -pi / 4, 0.107 + 0.1034

CONFIGURATIONS = [
    [0.0, 0.0, 0.0, -1.0, 0.0, 1.0, 0.0],
    [0.0, -pi / 4, 0.0, -3 * pi / 4, 0.0, pi / 2, pi / 4],
    [1.2, 0.7, -2.0, -0.3, 2.1, 3.3, -2.5],
    [-2.6, -1.6, 1.1, -2.9, -0.7, 0.2, 1.9],
]


def published_tool_pose(joints):
    transform = np.eye(4)
    for (a, d, alpha), q in zip(MODIFIED_DH, joints, strict=True):
        transform = transform @ np.array(
            [
                [cos(q), -sin(q), 0.0, a],
                [sin(q) * cos(alpha), cos(q) * cos(alpha), -sin(alpha), -d * sin(alpha)],
                [sin(q) * sin(alpha), cos(q) * sin(alpha), cos(alpha), d * cos(alpha)],
                [0.0, 0.0, 0.0, 1.0],
            ]
        )
    c, s = cos(HAND_TURN), sin(HAND_TURN)
    return transform @ np.array([[c, -s, 0.0, 0.0], [s, c, 0.0, 0.0], [0.0, 0.0, 1.0, TOOL_OUT], [0.0, 0.0, 0.0, 1.0]])


@pytest.mark.parametrize("joints", CONFIGURATIONS)
def test_the_simulated_tool_is_where_the_published_kinematics_put_it(make_world, joints):
    world = make_world()
    for number, position in enumerate(joints, start=1):
        world.data.joint(f"panda/panda_joint{number}").qpos[0] = position
    mujoco.mj_kinematics(world.model, world.data)
    expected, tool = published_tool_pose(joints), world.tool_pose("panda")
    np.testing.assert_allclose(tool.position, expected[:3, 3], atol=1e-9)
    np.testing.assert_allclose(tool.rotation, expected[:3, :3], atol=1e-9)


def test_limits_in_urdf_and_yaml_are_the_same(panda):
    urdf = [UrdfTree.read(panda.urdf).joints[name] for name in panda.joints]
    assert [joint.lower for joint in urdf] == panda.lower.tolist()
    assert [joint.upper for joint in urdf] == panda.upper.tolist()
    assert [joint.velocity for joint in urdf] == panda.velocity.tolist()
    assert [joint.effort for joint in urdf] == panda.effort.tolist()


def test_home_is_far_from_every_limit(panda):
    assert (np.minimum(panda.home - panda.lower, panda.upper - panda.home) > 0.4).all()


def test_the_whole_arm_weighs_what_was_identified(make_world):
    world = make_world()
    moving = sum(world.model.body(f"panda/panda_link{number}").mass[0] for number in range(1, 8))
    assert moving == pytest.approx(16.06, abs=0.01)


def test_every_inertia_is_physically_possible(panda):
    model = mujoco.MjModel.from_xml_path(str(panda.urdf))
    for body in range(1, model.nbody):
        small, middle, large = sorted(model.body_inertia[body])
        assert small > 0.0
        assert small + middle >= large * (1.0 - 1e-9), model.body(body).name


def test_fingers_open_along_the_tools_y_axis_and_close_at_its_origin(make_world):
    world = make_world()
    tool = world.tool_pose("panda")
    left, right = (world.data.body(f"panda/panda_{side}finger").xpos for side in ("left", "right"))
    np.testing.assert_allclose(tool.rotation.T @ (left - right), [0.0, 0.08, 0.0], atol=1e-9)


def test_any_urdf_with_a_yaml_becomes_a_simulated_arm(tmp_path):
    link = '<link name="{0}"><inertial><mass value="1"/><inertia ixx="0.01" iyy="0.01" izz="0.01" ixy="0" ixz="0" iyz="0"/></inertial></link>'
    joint = (
        '<joint name="{0}" type="revolute"><parent link="{1}"/><child link="{2}"/><origin xyz="0 0 0.3"/><axis xyz="0 1 0"/>'
        '<limit lower="-2" upper="2" velocity="1" effort="50"/></joint>'
    )
    parts = [link.format(name) for name in ("foot", "upper", "tip")] + [joint.format("shoulder", "foot", "upper"), joint.format("elbow", "upper", "tip")]
    urdf = tmp_path / "twig.urdf"
    urdf.write_text(f'<robot name="twig">{"".join(parts)}</robot>')
    arm = Embodiment.from_urdf(urdf)
    world = World([Placement("twig", arm, Pose.from_vector((-0.5, 0.0, 0.0)))], CoffeeScene())
    world.set_point("twig", [0.4, -0.3], [0.0, 0.0])
    world.advance(1.0)
    np.testing.assert_allclose(world.joint_inputs(0.0)[0].position, [0.4, -0.3], atol=2e-3)
