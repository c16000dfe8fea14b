"""Machine code decides as Python does: the bounds bit for bit, the controller to within rounding, the programme as the reference solvers."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from skillkit import compiled, share
from skillkit.braking import JointLimits
from skillkit.embodiment import Embodiment
from skillkit.kinematics import CartesianController
from skillkit.pose import Pose, frozen, rotation_from_vector
from skillkit.protocols import ControlStep
from skillkit.safety import SafetyGate

numba = pytest.importorskip("numba")

from skillkit.compiled import box  # noqa: E402
from skillkit.compiled.limits import CompiledLimits  # noqa: E402
from skillkit.kinematics.batch import BatchController  # noqa: E402
from skillkit.kinematics.compiled_control import CompiledController  # noqa: E402

ROUNDING = 1e-9  # [rad] or [m]
SOLVED = 1e-9  # of the cost


def random_limits(seed: int) -> Embodiment:
    rng, arm = np.random.default_rng(seed), Embodiment.load("panda")
    size = {name: frozen(10.0 ** rng.uniform(*span, arm.n)) for name, span in (("velocity", (-1, 1)), ("acceleration", (-0.5, 1.5)), ("jerk", (1.5, 4)))}
    return replace(arm, lower=frozen(-(10.0 ** rng.uniform(-1.5, 1, arm.n))), upper=frozen(10.0 ** rng.uniform(-1.5, 1, arm.n)), **size)


@pytest.mark.parametrize("rate", [100.0, 500.0])
def test_the_bounds_are_bit_for_bit_those_of_python(rate: float) -> None:
    rng = np.random.default_rng(0)
    for seed in range(15):
        arm = random_limits(seed)
        plain, fast = JointLimits(arm, 1.0 / rate), CompiledLimits(arm, 1.0 / rate)
        for _ in range(10):
            place, step, change = (rng.normal(size=arm.n) * size for size in (plain.upper, plain.step, plain.change))
            for one, other in zip(plain.interval(place, step, change), fast.interval(place, step, change), strict=True):
                assert one.tolist() == other.tolist()
            assert plain.brake(place, step, change).tolist() == fast.brake(place, step, change).tolist()
            for wanted in (step, 0.3 * step, step + 0.5 * change):
                assert plain.clear(wanted, place, 0.3 * step, 0.1 * change) is fast.clear(wanted, place, 0.3 * step, 0.1 * change)


def test_the_gate_sends_bit_for_bit_the_same() -> None:
    rng, arm = np.random.default_rng(1), Embodiment.load("ur5e")
    gates = [SafetyGate(arm, 100.0), SafetyGate(arm, 100.0, limits=CompiledLimits)]
    for gate in gates:
        gate.reset(arm.home)
    command = np.array(arm.home)
    for tick in range(600):
        command = command + rng.normal(size=arm.n) * (0.02 if tick % 50 < 40 else 0.5)
        sent = [gate.step(command, gate._sent, 0.001) for gate in gates]
        assert sent[0].position.tolist() == sent[1].position.tolist()
        assert sent[0].limited == sent[1].limited
    assert not gates[0].stopped


def call(control: CartesianController, way: int, measured: np.ndarray, delta: np.ndarray, goal: Pose) -> ControlStep:
    if way == 2:
        return control.track(measured, goal)
    if way == 3:
        return control.stop(measured)
    return control.move(measured, control.arm.home) if way == 4 else control.step(measured, delta, ("base", "tool")[way])


@pytest.mark.parametrize("name", sorted(share.files("urdf")))
def test_the_controller_does_what_it_does_in_python(name: str) -> None:
    arm, rng = Embodiment.load(name), np.random.default_rng(2)
    plain, fast = CartesianController(arm, 100.0), CompiledController(arm, 100.0)
    for tick in range(240):
        if tick % 60 == 0:
            start = rng.uniform(np.maximum(arm.lower, -2.5), np.minimum(arm.upper, 2.5))
            plain.reset(start)
            goal = Pose(plain.target.position + rng.normal(size=3) * 0.3, plain.target.rotation @ rotation_from_vector(rng.normal(size=3)))
        fast.restore(plain.snapshot())
        delta, way = rng.normal(size=6) * 10.0 ** rng.uniform(-5, -1.5), (tick // 12) % 5
        one, other = (call(control, way, plain._position, delta, goal) for control in (plain, fast))
        np.testing.assert_allclose(other.position, one.position, rtol=0.0, atol=ROUNDING)
        np.testing.assert_allclose(fast.residual, plain.residual, rtol=0.0, atol=ROUNDING)
        assert fast.manipulability == pytest.approx(plain.manipulability, rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("bad", [None, "x", [1.0], np.zeros((2, 3)), np.full(6, np.nan), np.full(6, 1e9), {}])
def test_what_cannot_be_used_counts_as_nothing(bad: object) -> None:
    arm = Embodiment.load("panda")
    control = CompiledController(arm, 100.0)
    still = control.step(bad, bad, "base")  # type: ignore[arg-type]
    assert still.position.tolist() == arm.home.tolist()
    assert set(still.active_limits) == {"input", "tracking"}
    assert "input" in control.track(arm.home, bad).active_limits  # type: ignore[arg-type]
    assert "input" in control.step(arm.home, np.zeros(6), bad).active_limits  # type: ignore[arg-type]
    assert "input" in control.move(arm.home, bad).active_limits  # type: ignore[arg-type]


def test_free_axes_and_what_comes_first_are_those_of_python_and_a_rehearsal_leaves_no_trace() -> None:
    arm, rng = Embodiment.load("panda"), np.random.default_rng(6)
    plain, fast = CartesianController(arm, 100.0), CompiledController(arm, 100.0)
    for tick in range(120):
        aim: tuple[tuple[str, ...], str] = ((), ("rz",))[tick % 40 >= 20], ("", "position", "rotation")[tick // 40]
        for control in (plain, fast):
            control.aim(*aim)
        delta, before = rng.normal(size=6) * 0.003, dict(vars(fast))
        fast.step(arm.home, -delta)
        vars(fast).update(before)
        one, other = (call(control, (0, 1, 3)[tick % 3], plain._position, delta, plain.target) for control in (plain, fast))
        np.testing.assert_allclose(other.position, one.position, rtol=0.0, atol=ROUNDING)
        np.testing.assert_allclose(fast.residual, plain.residual, rtol=0.0, atol=ROUNDING)
        fast.restore(fast.snapshot())


def test_a_snapshot_continues_bit_for_bit() -> None:
    arm, rng = Embodiment.load("ur5e"), np.random.default_rng(3)
    one, other = CompiledController(arm, 100.0), CompiledController(arm, 100.0)
    for tick in range(200):
        delta = rng.normal(size=6) * 0.01
        if tick % 7 == 0:
            other.restore(one.snapshot())
        steps = [control.step(arm.home, delta) for control in (one, other)]
        assert steps[0].position.tolist() == steps[1].position.tolist()
        assert steps[0].active_limits == steps[1].active_limits


def test_a_batch_does_bit_for_bit_what_each_robot_does_alone() -> None:
    arm, rng = Embodiment.load("panda"), np.random.default_rng(4)
    batch, alone = BatchController(arm, 100.0, 5), [CompiledController(arm, 100.0) for _ in range(5)]
    starts = arm.home + rng.uniform(-0.2, 0.2, (5, arm.n))
    batch.reset(starts)
    for control, start in zip(alone, starts, strict=True):
        control.reset(start)
    for _ in range(50):
        deltas = rng.normal(size=(5, 6)) * 0.005
        step = batch.step(starts, deltas, "tool")
        for i, control in enumerate(alone):
            assert control.step(starts[i], deltas[i], "tool").position.tolist() == step.position[i].tolist()
            assert control.residual.tolist() == batch.residual[i].tolist()


def solve(hessian: np.ndarray, wanted: np.ndarray, low: np.ndarray, high: np.ndarray) -> tuple[np.ndarray, bool]:
    n = len(wanted)
    x = wanted.copy()
    proven = box.solve(hessian.ravel(), hessian @ wanted, n, low, high, x, np.empty(n * n + 2 * n))
    return x, proven


def programme(rng: np.random.Generator, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Up to eight joints; some with a closed interval, some on a bound, some tasks without full rank."""
    n = int(rng.integers(1, 9))
    rows = rng.normal(size=(int(rng.integers(1, 7)), n))
    hessian = rows.T @ rows + 10.0 ** rng.uniform(-6, -2) * np.eye(n)
    hessian /= hessian.diagonal().max()
    low, high = -rng.uniform(0.0, 1.0, n), rng.uniform(0.0, 1.0, n)
    if seed % 3 == 0:
        high = np.where(rng.random(n) < 0.3, low, high)
    wanted = rng.normal(size=n) * 3.0
    return hessian, np.where(rng.random(n) < 0.1, low, wanted), low, high


def test_the_programme_is_solved_to_the_optimum() -> None:
    """By its own conditions: no gradient but against a bound. ``benchmarks/box_programmes.py`` compares 100 000 with daqp and scipy."""
    rng = np.random.default_rng(5)
    for seed in range(2000):
        hessian, wanted, low, high = programme(rng, seed)
        x, proven = solve(hessian, wanted, low, high)
        slope = hessian @ (x - wanted)
        assert proven
        assert ((x >= low) & (x <= high)).all()
        assert (np.abs(slope[(x > low) & (x < high)]) < SOLVED).all()
        assert (slope[(x == low) & (low < high)] > -SOLVED).all()
        assert (slope[(x == high) & (low < high)] < SOLVED).all()


def test_skillkit_and_the_choice_of_a_path_do_not_import_numba() -> None:
    code = "import sys, skillkit, skillkit.kinematics, skillkit.compiled as c; c.path(); sys.exit('numba' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_recording_says_which_path_to_take(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(compiled.VARIABLE, raising=False)
    assert compiled.as_recorded({"control": compiled.path(True)})
    assert compiled.as_recorded(None)
    assert not compiled.as_recorded({"control": compiled.path(False)})
    assert not compiled.as_recorded({})
    monkeypatch.setenv(compiled.VARIABLE, "0")
    assert not compiled.as_recorded(None)
    assert not compiled.chosen()
    assert compiled.path() == compiled.PLAIN
