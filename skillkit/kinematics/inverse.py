"""Full inverse kinematics: a pose to joint positions.

Levenberg–Marquardt on the pose error seen from the tool (Sugihara, "Solvability-unconcerned inverse kinematics by the
Levenberg–Marquardt method", T-RO 27(5), 2011), projected into the joint limits after every step:

    e  = log₆(T⁻¹ T*)               (6,) tool to goal [m, rad], seen from the tool; rows of free axes are 0
    Δq = Jᵀ (J Jᵀ + (c eᵀe + λ) 1)⁻¹ e

A try that stops getting better is given up. The next one starts from a table of joint positions whose poses are known, nearest first;
it is drawn once per arm by a generator whose seed is an argument: the same arguments give the same answer.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from math import pi
from typing import NamedTuple

import eigenpy
import numpy as np

from skillkit.embodiment import Embodiment
from skillkit.exceptions import InvalidValue, UnknownName
from skillkit.kinematics.model import ArmKinematics
from skillkit.pose import Array, Pose, frozen

AXES = ("x", "y", "z", "rx", "ry", "rz")
POSITION_TOLERANCE, ROTATION_TOLERANCE = 1e-5, 1e-4  # [m], [rad]
TRIES = 100
TABLE, TABLE_ROTATION, KEPT = 1000, 0.2, 32  # rows of a table; metres that weigh as much as one radian there; tables kept
ITERATIONS = 40  # of one try
PATIENCE = 3  # iterations in a row that do not halve the error before a try is given up
DAMPING, DAMPING_PER_ERROR = 1e-7, 0.02  # λ, c
LONGEST_STEP = 1.5  # of any joint in one iteration [rad] or [m]
NEAREST_TRIES = 32  # that look for other solutions
NEAREST_ITERATIONS = 60  # of sliding towards the seed along the solutions of an arm with joints to spare


class Inverse(NamedTuple):
    """Joint positions for a pose.

    Attributes:
        q: (n,) the best found, inside the limits [rad] or [m].
        success: within the tolerances, and accepted.
        error: (6,) what is left of the way from the tool to the goal, in tool axes [m, rad].
        iterations: all tries together.
    """

    q: Array
    success: bool
    error: Array
    iterations: int


def solve_ik(
    arm: Embodiment,
    pose: Pose,
    seed: Array | None = None,
    *,
    free: Sequence[str] = (),
    nearest: bool = False,
    accept: Callable[[Array], bool] | None = None,
    tolerance: tuple[float, float] = (POSITION_TOLERANCE, ROTATION_TOLERANCE),
    tries: int = TRIES,
    random: int = 0,
) -> Inverse:
    """Joint positions that bring the tool to ``pose``, ``transform_tool_to_base``.

    Args:
        seed: (n,) where to start from; the arm's home if left out.
        free: axes of the tool that do not matter, of ``x y z rx ry rz``: ``("rz",)`` lets it turn about the way it points.
        nearest: look for several solutions and return the one whose farthest joint is nearest to ``seed``.
        accept: a further condition on joint positions, for example that nothing collides.
        tolerance: in position [m] and rotation [rad], of the axes that are not free.
        tries: how many starts at most.
        random: seed of the further starts.

    Raises:
        InvalidValue: a seed, axis, tolerance or number of tries that does not fit. UnknownName: a joint or link that the URDF lacks.
    """
    search = _Search(_known(arm, random), arm, pose, seed, free, accept, tolerance)
    return search.nearest(min(tries, NEAREST_TRIES)) if nearest else search.first(search.starts(), tries)


def solve_ik_batch(arm: Embodiment, poses: Iterable[Pose], seeds: Iterable[Array] | None = None, **words: object) -> list[Inverse]:
    """:func:`solve_ik` for each pose; a pose without a seed of its own starts from the solution before it, so that a path stays on one branch."""
    own = iter(seeds) if seeds is not None else iter(())
    solutions: list[Inverse] = []
    for pose in poses:
        seed = next(own, solutions[-1].q if solutions else None)
        solutions.append(solve_ik(arm, pose, seed, **words))  # type: ignore[arg-type]
    return solutions


class _Known:
    """An arm's kinematics, and a table of joint positions with their poses: where to start for a goal.

    Joints that turn more than once are drawn within half a turn of the middle of their range.
    """

    def __init__(self, arm: Embodiment, random: int) -> None:
        self.kinematics = ArmKinematics(arm)
        middle = 0.5 * (arm.lower + arm.upper)
        reach = np.where(self.kinematics.rotates, np.minimum(0.5 * (arm.upper - arm.lower), pi), 0.5 * (arm.upper - arm.lower))
        generator = np.random.default_rng(random)
        self.positions = generator.uniform(middle - reach, middle + reach, (TABLE, arm.n))
        poses = [self.kinematics.place(position) for position in self.positions]
        self.features = np.array([[*point, *(TABLE_ROTATION * rotation).ravel()] for point, rotation in poses])  # (TABLE, 12)
        self.squares = (self.features**2).sum(axis=1)

    def nearest(self, pose: Pose, count: int) -> Array:
        """(count, n) the table's positions whose poses are nearest to ``pose``, nearest first."""
        distance = self.squares - 2.0 * (self.features @ np.concatenate((pose.position, TABLE_ROTATION * pose.rotation.ravel())))
        best = np.argpartition(distance, count)[:count]
        return self.positions[best[np.argsort(distance[best])]]


_KEPT: dict[tuple[object, ...], _Known] = {}


def _known(arm: Embodiment, random: int) -> _Known:
    """Made once per arm and thread: Pinocchio's data belong to one caller at a time."""
    key = (threading.get_ident(), random, arm.urdf, arm.base, arm.tool, arm.joints, arm.lower.tobytes(), arm.upper.tobytes())
    if key not in _KEPT:
        if len(_KEPT) >= KEPT:
            _KEPT.pop(next(iter(_KEPT)))
        _KEPT[key] = _Known(arm, random)
    return _KEPT[key]


class _Search:
    """One goal and what counts as a solution of it."""

    def __init__(
        self,
        known: _Known,
        arm: Embodiment,
        pose: Pose,
        seed: Array | None,
        free: Sequence[str],
        accept: Callable[[Array], bool] | None,
        tolerance: tuple[float, float],
    ) -> None:
        self.known, self.kinematics, self.accept, self.pose = known, known.kinematics, accept, pose
        self.lower, self.upper, self.n = arm.lower, arm.upper, arm.n
        self.seed = np.clip(_checked("seed", arm.home if seed is None else seed, arm.n), arm.lower, arm.upper)
        for axis in free:
            if axis not in AXES:
                raise UnknownName("axis", axis, AXES)
        if not min(tolerance) > 0.0:
            raise InvalidValue("tolerance", tolerance, "two numbers above 0 [m, rad]")
        self.rows = np.array([[0.0 if axis in free else 1.0] for axis in AXES]) if free else None  # (6, 1)
        self.held = 6 - len(set(free))
        self.position_limit, self.rotation_limit = tolerance[0] ** 2, tolerance[1] ** 2
        self.goal = self.kinematics.in_root(pose)
        self.iterations = 0

    def starts(self) -> Iterator[Array]:
        """The seed, then what the table holds for this goal."""
        yield self.seed
        yield from self.known.nearest(self.pose, TABLE // 4)

    def first(self, starts: Iterator[Array], tries: int) -> Inverse:
        best: tuple[float, Array] | None = None
        for start in islice(starts, tries):
            q, left, solved = self.descend(start)
            if solved:
                q = self.unwound(q)
                if self.accept is None or self.accept(q):
                    return self.result(q, True)
            if best is None or left < best[0]:
                best = left, q
        if best is None:
            raise InvalidValue("tries", tries, "1 or more")
        return self.result(best[1], False)

    def result(self, q: Array, success: bool) -> Inverse:
        return Inverse(frozen(q), success, frozen(self.miss(q)[0]), self.iterations)

    def nearest(self, tries: int) -> Inverse:
        starts = self.starts()
        found: list[Array] = []
        failed: Inverse | None = None
        for start in islice(starts, tries):
            one = self.first(iter((start,)), 1)
            if not one.success:
                failed = failed or one
                continue
            q = self.unwound(self.slide(one.q))
            if self.accept is None or self.accept(q):
                found.append(q)
        if not found:
            return (failed or self.first(starts, 1))._replace(iterations=self.iterations)
        return self.result(min(found, key=lambda q: float(np.abs(q - self.seed).max())), True)

    def miss(self, q: Array) -> tuple[Array, Array]:
        """Error (6,) and Jacobian (6, n) with the rows of free axes at 0."""
        error, jacobian = self.kinematics.miss(q, self.goal)
        return (error, jacobian) if self.rows is None else (error * self.rows[:, 0], jacobian * self.rows)

    def descend(self, start: Array) -> tuple[Array, float, bool]:
        """From ``start`` (n,) downhill: joint positions, square of the error left, and whether it is within the tolerances."""
        q, before, waited, square = start, np.inf, 0, np.inf
        for _ in range(ITERATIONS):
            self.iterations += 1
            error, jacobian = self.miss(q)
            x, y, z, rx, ry, rz = error.tolist()
            position, rotation = x * x + y * y + z * z, rx * rx + ry * ry + rz * rz
            square = position + rotation
            if position < self.position_limit and rotation < self.rotation_limit:
                return q, square, True
            if square < 0.25 * before:
                before, waited = square, 0
            else:
                waited += 1
                if waited > PATIENCE:
                    break
            q = self.moved(q, jacobian, error, DAMPING + DAMPING_PER_ERROR * square)
        return q, square, False

    def moved(self, q: Array, jacobian: Array, error: Array, damping: float) -> Array:
        normal = jacobian @ jacobian.T
        normal.flat[::7] += damping
        step = jacobian.T @ eigenpy.LLT(normal).solve(error)
        longest = max(map(abs, step.tolist()))
        if longest > LONGEST_STEP:
            step *= LONGEST_STEP / longest
        return np.minimum(np.maximum(q + step, self.lower), self.upper)

    def slide(self, q: Array) -> Array:
        """Towards the seed along the solutions, as far as joints to spare and the limits allow."""
        if self.n <= self.held:
            return q
        start = q
        for _ in range(NEAREST_ITERATIONS):
            error, jacobian = self.miss(q)
            inverse = np.linalg.pinv(jacobian, rcond=1e-4)
            pull = self.seed - q
            step = inverse @ error + 0.5 * (pull - inverse @ (jacobian @ pull))
            step *= 1.0 / max(1.0, float(np.abs(step).max()) / 0.2)
            further = np.minimum(np.maximum(q + step, self.lower), self.upper)
            if float(np.abs(further - q).max()) < 1e-4:
                break
            q = further
        again, _, solved = self.descend(q)
        return again if solved else start

    def unwound(self, q: Array) -> Array:
        """Whole turns nearer to the seed where the limits allow."""
        turns = np.round((self.seed - q) / (2.0 * pi)) * 2.0 * pi
        nearer = q + np.where(self.kinematics.rotates, turns, 0.0)
        return np.where((nearer >= self.lower) & (nearer <= self.upper), nearer, q)


def _checked(name: str, values: object, size: int) -> Array:
    array = np.asarray(values, dtype=np.float64)
    if array.shape != (size,) or not np.isfinite(array).all():
        raise InvalidValue(name, values, f"{size} finite numbers")
    return array
