"""Every robot in ``urdf/``: simulation and kinematics see the same arm, and its model contradicts neither."""

from __future__ import annotations

import mujoco
import numpy as np
import pytest

from skillkit import share
from skillkit.embodiment import Embodiment
from skillkit.kinematics import ArmKinematics
from skillkit.pose import Pose
from skillkit.sim.arm_model import Placement
from skillkit.sim.coffee import CoffeeScene
from skillkit.sim.world import World
from skillkit.urdf import UrdfTree

ROBOTS = sorted(share.files("urdf"))


@pytest.fixture(scope="module", params=ROBOTS)
def arm(request: pytest.FixtureRequest) -> Embodiment:
    return Embodiment.load(request.param)


@pytest.fixture(scope="module")
def world(arm: Embodiment) -> World:
    return World([Placement("arm", arm, Pose.from_vector())], CoffeeScene(furniture_shift=Pose.from_vector((5.0, 0.0, 0.0))))


def random_positions(arm: Embodiment, count: int) -> np.ndarray:
    return np.random.default_rng(0).uniform(arm.lower, arm.upper, (count, arm.n))


def test_the_simulated_tool_is_where_kinematics_puts_it(arm: Embodiment, world: World) -> None:
    kinematics = ArmKinematics(arm)
    base = world.data.body(f"arm/{arm.base}").id
    for q in random_positions(arm, 20):
        for name, value in zip(arm.joints, q, strict=True):
            world.data.joint(f"arm/{name}").qpos[0] = value
        mujoco.mj_kinematics(world.model, world.data)
        seen = Pose(world.data.xpos[base], world.data.xmat[base].reshape(3, 3)).inverse() @ world.tool_pose("arm")
        expected = kinematics.forward(q)
        np.testing.assert_allclose(seen.position, expected.position, atol=1e-9)
        np.testing.assert_allclose(seen.rotation, expected.rotation, atol=1e-9)


def test_the_model_allows_nothing_that_the_urdf_forbids(arm: Embodiment) -> None:
    urdf = [UrdfTree.read(arm.urdf).joints[name] for name in arm.joints]
    assert (arm.lower >= [joint.lower for joint in urdf]).all()
    assert (arm.upper <= [joint.upper for joint in urdf]).all()
    assert (arm.velocity <= [joint.velocity for joint in urdf]).all()
    assert (arm.effort <= [joint.effort for joint in urdf]).all()


def test_kinematics_reads_the_same_limits_as_the_model(arm: Embodiment) -> None:
    model = ArmKinematics(arm).model
    for index, name in enumerate(arm.joints):
        joint = model.joints[model.getJointId(name)]
        assert model.velocityLimit[joint.idx_v] >= arm.velocity[index]
        if joint.nq == 1:
            assert model.lowerPositionLimit[joint.idx_q] <= arm.lower[index]
            assert model.upperPositionLimit[joint.idx_q] >= arm.upper[index]


def test_home_is_far_from_limits_and_the_arm_stays_there(arm: Embodiment, world: World) -> None:
    assert (np.minimum(arm.home - arm.lower, arm.upper - arm.home) > 0.05 * (arm.upper - arm.lower)).all()
    fresh = World([Placement("arm", arm, Pose.from_vector())], world.scene)
    fresh.set_point("arm", arm.home, np.zeros(arm.n))
    fresh.advance(0.5)
    np.testing.assert_allclose(fresh.joint_inputs(0.0)[0].position, arm.home, atol=2e-3)


def test_home_is_no_singularity(arm: Embodiment) -> None:
    kinematics = ArmKinematics(arm)
    singular = np.linalg.svd(kinematics.jacobian(arm.home), compute_uv=False)[: min(arm.n, 6)]
    assert singular.min() > 0.02


def test_every_inertia_is_physically_possible(arm: Embodiment) -> None:
    model = mujoco.MjModel.from_xml_path(str(arm.urdf))
    for body in range(1, model.nbody):
        small, middle, large = sorted(model.body_inertia[body])
        assert small > 0.0
        assert small + middle >= large * (1.0 - 1e-9), model.body(body).name


def test_fingers_open_along_the_tools_y_axis_to_the_width_declared(arm: Embodiment, world: World) -> None:
    gripper = arm.gripper
    if gripper is None or len(gripper.joints) != 2:
        pytest.skip("no two-finger gripper")
    fresh = World([Placement("arm", arm, Pose.from_vector())], world.scene)
    left, right = (fresh.data.xpos[fresh.model.joint(f"arm/{name}").bodyid[0]] for name in gripper.joints)
    np.testing.assert_allclose(fresh.tool_pose("arm").rotation.T @ (left - right), [0.0, gripper.width, 0.0], atol=1e-9)
