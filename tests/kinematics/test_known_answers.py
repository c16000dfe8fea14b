"""The controller's programme against a reference solver, and manipulability against closed forms."""

from __future__ import annotations

import numpy as np
import pytest

from skillkit import share
from skillkit.braking import JointLimits
from skillkit.embodiment import Embodiment
from skillkit.kinematics import ArmKinematics, CartesianController, solve_ik
from skillkit.kinematics.avoidance import Avoidance
from skillkit.kinematics.collision import Collisions
from skillkit.kinematics.control import QUADRATIC_FLOOR
from skillkit.pose import Pose, frozen

lsq_linear, minimize = pytest.importorskip("scipy.optimize").lsq_linear, pytest.importorskip("scipy.optimize").minimize
PRECISE = {"ftol": 1e-14, "maxiter": 500}


@pytest.mark.parametrize("name", sorted(share.files("urdf")))
def test_the_nearest_step_inside_the_limits_is_the_optimum_of_a_reference_solver(name: str) -> None:
    arm = Embodiment.load(name)
    control, random, cut = CartesianController(arm, 100.0), np.random.default_rng(0), 0
    scale = control.limits.step
    for _ in range(40):
        control.reset(random.uniform(arm.lower, arm.upper))
        low, high = control.limits.interval(control._position, control._step, control._change)
        wanted = random.normal(size=arm.n) * 2.0 * control.limits.change
        chosen = control._nearest(wanted, low, high)
        rows = np.vstack((control._jacobian * control._column * scale, np.sqrt(QUADRATIC_FLOOR) * np.diag(scale)))
        wide = np.maximum(high, low + 1e-12 * scale)
        expected = lsq_linear(rows, rows @ (wanted / scale), (low / scale, wide / scale), tol=1e-15, method="bvls").x
        cost = [float(np.sum((rows @ (x - wanted / scale)) ** 2)) for x in (chosen / scale, expected)]
        assert cost[0] <= cost[1] * (1.0 + 1e-6) + 1e-18
        assert ((chosen >= low) & (chosen <= high)).all()
        cut += bool(((wanted < low) | (wanted > high)).any())
    assert cut > 20


def test_the_step_that_keeps_clear_is_the_optimum_of_a_reference_solver() -> None:
    arm = Embodiment.load("panda")
    avoidance = Avoidance(Collisions(arm), JointLimits(arm, 0.01))
    scale, random, held = avoidance.limits.step, np.random.default_rng(0), 0
    for _ in range(30):
        jacobian = random.normal(size=(6, arm.n))
        metric = jacobian.T @ jacobian / 20.0 + 1e-3 * np.eye(arm.n)
        low, high = -random.uniform(0.05, 1.0, arm.n), random.uniform(0.05, 1.0, arm.n)
        wanted, rows, least = random.uniform(low, high), random.normal(size=(4, arm.n)), -random.uniform(0.0, 0.2, 4)
        chosen = avoidance._nearest(wanted * scale, rows / scale, least, low * scale, high * scale, metric) / scale
        cost = [lambda x, a=wanted, h=metric: float((x - a) @ h @ (x - a)), lambda x, a=wanted, h=metric: 2.0 * h @ (x - a)]
        box = list(zip(low, high, strict=True))
        clear = {"type": "ineq", "fun": lambda x, r=rows, low=least: r @ x - low, "jac": lambda x, r=rows: r}
        found = minimize(cost[0], np.zeros(arm.n), jac=cost[1], bounds=box, constraints=clear, method="SLSQP", options=PRECISE)
        assert found.success
        assert ((chosen >= low) & (chosen <= high)).all()
        assert (rows @ chosen >= least - 1e-4).all()  # soft rows, at a price
        assert cost[0](chosen) == pytest.approx(found.fun, rel=1e-3, abs=1e-7)
        held += bool((rows @ wanted < least).any())
    assert held > 20


def test_manipulability_of_a_planar_arm_of_three_joints_matches_the_closed_form() -> None:
    arm = Embodiment.load("planar3")
    kinematics = ArmKinematics(arm)
    joints = [kinematics.forward(np.zeros(3)).position]
    for q in np.random.default_rng(0).uniform(arm.lower, arm.upper, (20, 3)):
        # of the three columns (−y_i, x_i, 1), where (x_i, y_i) points from joint i to the tool: √det(JᵀJ) = |det| = |(p_1 − p_2) × (p_2 − p_3)|
        jacobian = kinematics.jacobian(q)
        arms = np.column_stack((jacobian[1], -jacobian[0]))  # (3, 2)
        first, second = arms[0] - arms[1], arms[1] - arms[2]
        upper, lower = np.linalg.norm(first), np.linalg.norm(second)
        expected = upper * lower * abs(np.sin(q[1]))
        assert kinematics.manipulability(q) == pytest.approx(expected, rel=1e-9, abs=1e-11)
    assert joints[0][0] > 0.5


@pytest.mark.parametrize("name", sorted(share.files("urdf")))
def test_poses_and_jacobians_are_those_of_the_robotics_toolbox_and_its_solutions_are_ours(name: str) -> None:
    reader = pytest.importorskip("roboticstoolbox.models.URDF.URDFRobot")
    from roboticstoolbox.robot.Robot import Robot

    arm = Embodiment.load(name)
    links, title, _ = reader.URDF_read(str(arm.urdf))
    chain, kinematics = Robot(links, name=title).ets(start=arm.base, end=arm.tool), ArmKinematics(arm)
    for q in np.random.default_rng(0).uniform(np.maximum(arm.lower, -np.pi), np.minimum(arm.upper, np.pi), (20, arm.n)):
        pose, theirs = kinematics.forward(q), chain.fkine(q).A
        np.testing.assert_allclose(pose.position, theirs[:3, 3], atol=1e-12)
        np.testing.assert_allclose(pose.rotation, theirs[:3, :3], atol=1e-12)
        np.testing.assert_allclose(kinematics.jacobian(q), chain.jacob0(q), atol=1e-12)
        found = solve_ik(arm, Pose(frozen(theirs[:3, 3]), frozen(theirs[:3, :3])), seed=arm.home)
        assert found.success
        assert np.abs(chain.fkine(found.q).A - theirs).max() < 1e-3
