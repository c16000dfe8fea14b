"""The controller of :mod:`skillkit.kinematics.control` with its whole tick in machine code, see :mod:`skillkit.compiled`."""

from __future__ import annotations

from copy import copy
from functools import cached_property
from typing import Any

import numpy as np

from skillkit.braking import JointLimits
from skillkit.compiled import law
from skillkit.compiled.chain import LINK
from skillkit.embodiment import Embodiment
from skillkit.kinematics import control, wish
from skillkit.kinematics.control import CartesianController
from skillkit.kinematics.model import ArmKinematics, manipulability
from skillkit.pose import Array, Pose, frozen
from skillkit.protocols import ControlStep, Snapshot

BASE, MODES = "base", {"base": law.BASE, "tool": law.TOOL}
FLOAT = np.dtype(np.float64)
ROOM = 64  # numbers to work in, beside those that grow with the arm


class CompiledController(CartesianController):
    """Does what its base class does, to within rounding, at a tenth of its time.

    One array holds the whole state and is replaced in every tick. The tool is located at the commanded position when a tick ends, so
    there is nothing to prepare. While axes of the tool are free, or rotation comes first, it is the base class that steers.
    """

    def __init__(self, arm: Embodiment, rate: float = 100.0) -> None:
        """As the base class; it does not keep clear of anything.

        Raises:
            InvalidValue: a rate that is not above 0, or a URDF that cannot be read.
        """
        super().__init__(arm, rate)

    _state: Array  # its only row
    _python: CartesianController | None = None  # what steers while the compiled law cannot say what is asked
    _states: Array  # (1, numbers), replaced in every tick
    _constants_of: JointLimits | None = None  # the limits that the constants were made for

    @cached_property
    def _links(self) -> Array:
        return links(self.kinematics)

    def _constants(self) -> Array:
        """What does not change, in the order of :mod:`skillkit.compiled.law`."""
        limits = self.limits
        numbers = np.zeros(law.TABLE)
        numbers[law.LEAD_POSITION], numbers[law.LEAD_ROTATION], numbers[law.JUMP] = control.LEAD_POSITION, self._lead_rotation, control.LEAD_ROTATION
        numbers[law.APPROACH], numbers[law.BRAKING_SHARE], numbers[law.LANDING] = self._approach, wish.BRAKING_SHARE, self._landing
        numbers[law.DAMPING], numbers[law.DAMPING_PER_ERROR], numbers[law.FLOOR] = wish.DAMPING, wish.DAMPING_PER_ERROR, control.QUADRATIC_FLOOR
        numbers[law.POSTURE_WEAK], numbers[law.AT_LIMITS] = wish.POSTURE_WEAK, float(self._column[3, 0] / self._weight[3]) ** 2
        numbers[law.POSTURE_RATE], numbers[law.RATE], numbers[law.RAMP] = wish.POSTURE_RATE, self._rate, limits.ramp
        numbers[law.DIVERGED], numbers[law.LARGEST] = control.DIVERGED, control.LARGEST_DELTA
        numbers[law.POSITION_FIRST], numbers[law.TASK] = self._first == "position", self._task is not None
        numbers[law.WEIGHT : law.WEIGHT + 6] = self._weight
        numbers[law.PROJECTION : law.PROJECTION + 36] = (np.eye(6) if self._task is None else self._task).ravel()
        return frozen(np.concatenate((numbers, limits.table, self.arm.home, np.ones(self.arm.n) if self._ready is None else self._ready)))

    @cached_property
    def _works(self) -> Array:
        n = self.arm.n
        return np.zeros((1, 12 + ROOM + 2 * n * n + 8 * n + 6 * len(self._links) // LINK))

    @cached_property
    def _inputs(self) -> tuple[Array, Array, Array, Array]:
        """Where what is given and measured is written: delta (6,), rotation (3, 3), point (3,), measured (n,)."""
        work = self._works[0]
        return work[:6], work[:9].reshape(3, 3), work[9:12], work[12 : 12 + self.arm.n]

    @property
    def target(self) -> Pose:
        """The pose being steered to, ``transform_tool_to_base``."""
        at = law.TARGET
        if self._python is not None:
            return self._python.target
        return Pose(self._state[at + 9 : at + 12], self._state[at : at + 9].reshape(3, 3))  # of an array that stays as it is

    @property
    def residual(self) -> Array:
        """(6,) target minus commanded pose, base axes [m, rad]."""
        if self._python is not None:
            return self._python.residual
        return self._state[law.REST : law.REST + 6]

    @property
    def manipulability(self) -> float:
        """√det(J Jᵀ) at the commanded position (Yoshikawa 1985), √det(Jᵀ J) with fewer than six joints."""
        if self._python is not None:
            return self._python.manipulability
        return manipulability(self.kinematics.jacobian(self._position))

    def prepare(self) -> None:
        """Nothing is left to do between two ticks."""
        if self._python is not None:
            self._afresh().prepare()

    def aim(self, free: tuple[str, ...] = (), first: str = "") -> None:
        """As the base class."""
        if (free, first) != self._aim:
            self.restore({**self.snapshot(), "free": list(free), "first": first})

    def reset(self, position: Array) -> None:
        """Start at rest at joint positions (n,); an unusable position leaves the arm where it was commanded."""
        if self._python is not None:
            return self._afresh().reset(position)
        given = control._vector(position, self.arm.n)
        start, rest = self._position if given is None else frozen(given), frozen(np.zeros(self.arm.n))
        self._complete(start, start, rest, rest)

    def step(self, measured: Array, delta: Array, frame: str = "base") -> ControlStep:
        """As the base class."""
        if self._python is not None:
            return self._afresh().step(measured, delta, frame)
        given, _, _, seen = self._inputs
        _load(given, delta)
        _load(seen, measured)
        if frame is BASE:
            return self._tick(law.BASE)
        if not isinstance(frame, str) or frame not in MODES:
            given[:] = np.nan
            return self._tick(law.BASE)
        return self._tick(MODES[frame])

    def track(self, measured: Array, pose: Pose) -> ControlStep:
        """As the base class."""
        if self._python is not None:
            return self._afresh().track(measured, pose)
        _, rotation, point, seen = self._inputs
        if isinstance(pose, Pose):
            _load(rotation, pose.rotation)
            _load(point, pose.position)
        else:
            point[:] = np.nan
        _load(seen, measured)
        return self._tick(law.POSE)

    def move(self, measured: Array, goal: Array) -> ControlStep:
        """As the base class, whose code this is."""
        return super().move(measured, goal) if self._python is None else self._afresh().move(measured, goal)

    def snapshot(self) -> Snapshot:
        """The whole state as plain JSON values."""
        if self._python is not None:
            return self._python.snapshot()
        state = self._state
        self._before, self._holding, self._limited = self._block(law.BEFORE), bool(state[law.HOLDING]), bool(state[law.MET])
        return super().snapshot()

    def restore(self, snapshot: Snapshot) -> None:
        """Continue from a snapshot bit for bit."""
        super().restore(snapshot)
        self._constants_of = self._python = None
        if self._free is not None or self._first == "rotation":
            self._python = CartesianController.__new__(CartesianController)
            vars(self._python).update(vars(self))
            self._python.restore(snapshot)
            return
        target = Pose(self._target_point, self._target_rotation)
        self._complete(self._position, self._before, self._step, self._change, target, snapshot["holding"], snapshot["limited"])

    def _afresh(self) -> CartesianController:
        """What steers instead, as a copy: a state is replaced, never changed in place."""
        plain = copy(self._python)
        self._python = plain
        return plain  # type: ignore[return-value]

    def _tick(self, mode: int) -> ControlStep:
        if self._constants_of is not self.limits:
            self._fixed, self._constants_of = self._constants(), self.limits
        states, n, at = self._states, self.arm.n, law.BLOCKS
        outs = np.empty(states.shape)
        bits = law.tick(self._fixed, self._links, n, states, outs, self._works, mode)
        outs.setflags(write=False)
        self._states, self._state, self._bounds = outs, (out := outs[0]), None
        self._position = position = out[at : at + n]
        self._step, self._change = out[at + 2 * n : at + 3 * n], out[at + 3 * n : at + 4 * n]
        return ControlStep(position, out[at + 4 * n : at + 5 * n], self._words(bits, states[0], out) if bits else ())

    def _words(self, bits: int, state: Array, out: Array) -> tuple[str, ...]:
        words = [word for bit, word in ((law.INPUT, "input"), (law.LEAD, "lead")) if bits & bit]
        if bits & law.LIMITED:
            chosen, low, high = (self._block(which, out) for which in (law.STEP, law.LOW, law.HIGH))
            words += self.limits.names(chosen, self._block(law.STEP, state), self._block(law.CHANGE, state), low, high)
        return (*words, "tracking") if bits & law.TRACKING else tuple(words)

    def _rest(self, measured: Array, faults: tuple[str, ...]) -> ControlStep:
        if self._python is not None:
            return self._afresh()._rest(measured, faults)
        _load(self._inputs[3], measured)
        step = self._tick(law.STOP)
        return step._replace(active_limits=(*faults, *step.active_limits)) if faults else step

    def _advance(self, step: Array, position: Array | None = None) -> None:
        position = self._position + step if position is None else position
        moved = position - self._position
        self._complete(position, self._position, moved, moved - self._step)

    def _complete(
        self, position: Array, before: Array, step: Array, change: Array, target: Pose | None = None, holding: bool = True, limited: bool = False
    ) -> None:
        """Make a state; without a target the commanded pose is it."""
        if self._constants_of is not self.limits:
            self._fixed, self._constants_of = self._constants(), self.limits
        n = self.arm.n
        states = np.zeros((1, law.BLOCKS + n * (law.JACOBIAN + 6)))
        state = states[0]
        state[law.HOLDING], state[law.MET] = holding, limited
        if target is not None:
            state[law.TARGET : law.TARGET + 12] = *target.rotation.ravel(), *target.position
        blocks = state[law.BLOCKS :].reshape(-1, n)
        blocks[law.POSITION], blocks[law.BEFORE], blocks[law.STEP], blocks[law.CHANGE], blocks[law.VELOCITY] = position, before, step, change, step * self._rate
        law.begin(self._fixed, self._links, n, state, self._works[0])
        states.setflags(write=False)
        self._states, self._state, self._bounds = states, states[0], None
        self._position, self._step, self._change = (self._block(which) for which in (law.POSITION, law.STEP, law.CHANGE))

    def _block(self, which: int, state: Array | None = None) -> Array:
        n, state = self.arm.n, self._state if state is None else state
        return state[law.BLOCKS + n * which : law.BLOCKS + n * (which + 1)]


def _load(room: Array, values: Any) -> None:
    """Write what a caller gives where the tick reads it; NaN for anything unusable."""
    if type(values) is np.ndarray and values.shape == room.shape and values.dtype is FLOAT:
        room[...] = values
        return
    array = control._vector(values, room.size)
    room[...] = np.nan if array is None else array.reshape(room.shape)


def links(kinematics: ArmKinematics) -> Array:
    """The joints between base and tool as :mod:`skillkit.compiled.chain` takes them."""
    model, data = kinematics.model, kinematics.data
    tool = model.frames[kinematics.tool]
    turned, point = kinematics.root
    rows = []
    for joint in list(model.supports[tool.parentJoint])[1:]:
        placement, motion = model.jointPlacements[joint], np.asarray(data.joints[joint].S).ravel()
        leader, multiplier, offset = kinematics.driven_by(model.joints[joint].idx_v)
        turns = bool(motion[3:].any())
        aligned = _onto(motion[3:] if turns else motion[:3])
        rows.append([*(turned @ placement.rotation @ aligned).ravel(), *(turned @ placement.translation + point), turns, leader, multiplier, offset])
        turned, point = aligned.T, np.zeros(3)
    end = tool.placement
    rows.append([*(turned @ end.rotation).ravel(), *(turned @ end.translation + point), 0.0, 0.0, 0.0, 0.0])
    return frozen(np.array(rows).ravel())


def _onto(axis: Array) -> Array:
    """A rotation (3, 3) whose z axis is ``axis`` (3,)."""
    if axis[2] == 1.0:
        return np.eye(3)
    other = np.eye(3)[int(np.argmin(np.abs(axis)))]
    across = np.cross(other, axis)
    across /= np.linalg.norm(across)
    return np.column_stack((across, np.cross(axis, across), axis))
