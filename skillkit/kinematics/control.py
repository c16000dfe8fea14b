"""Cartesian deltas to joint commands: differential inverse kinematics on an integrated target.

Deltas move a *target pose*, never the arm directly, so errors of one tick are corrected in the next and nothing drifts. Per tick, with
the arm's own command ``q`` (not the measured state, whose lag would feed back):

    e     = target − pose(q)                     (6,) [m, rad], split into last tick's rest and this tick's motion: e = r + m
    J⁺    = Jᵀ (J Jᵀ + λ² 1)⁻¹                   damped least squares (Nakamura & Hanafusa 1986), rotation rows weighted
    λ²    = λ₀² + c |e|²                         damping grows with the error (Sugihara 2011): exact when close, calm when out of reach
    step  = J⁺ m + g · J⁺ r + (1 − J⁺J) p        feed-forward, feedback, posture
    g     = min(gain, stopping profile)          no joint closes its gap faster than it can brake: speed √(2 a gap)

The step is scaled into the velocity limits; where acceleration or position limits cut it, the nearest step in the metric
``Jᵀ J`` inside the limits is found by a box-constrained quadratic programme (daqp), so that the tool is disturbed least.
The target may lead the command by 3 cm and 0.15 rad at most.
"""

from __future__ import annotations

from math import sqrt
from typing import Any

import daqp
import numpy as np
import pinocchio as pin

from skillkit.embodiment import Embodiment
from skillkit.exceptions import InvalidValue
from skillkit.kinematics.bounds import JointBounds
from skillkit.kinematics.model import ArmKinematics
from skillkit.pose import Array, Pose, frozen
from skillkit.protocols import ControlStep, Snapshot

LEAD_POSITION = 0.03  # the target leads the command by at most this [m]
LEAD_ROTATION = 0.15  # … and this [rad]
GAIN = 0.25  # share of the remaining error closed per tick
BRAKING_SHARE = 0.5  # of the acceleration limits that the stopping profile of the feedback counts on
ROTATION_WEIGHT = 0.3  # metres that weigh as much as one radian
FEW_JOINTS_ROTATION_WEIGHT = 0.01  # with fewer than six joints: position first
DAMPING = 1e-8  # λ₀²
DAMPING_PER_ERROR = 10.0  # c [1/m²]
QUADRATIC_FLOOR = 1e-4  # keeps the programme strictly convex
POSTURE_RATE = 3.0  # pull towards home [1/s]
POSTURE_SHARE = 1.0  # posture moves a joint at most this share of what the task moves the fastest one
DIVERGED = 0.2  # command minus measured at which the report says "tracking" [rad or m]
LARGEST_DELTA = 1e3  # a delta beyond this is no motion of any arm [m or rad]


class CartesianController:
    """Follows Cartesian deltas, a pose, or joint positions with one arm at one fixed rate.

    Position, velocity and acceleration of what it returns are inside the arm's limits, with room left to brake; nothing
    raises after construction. ``active_limits`` says what held it: ``"velocity:j"``, ``"acceleration:j"``, ``"position:j"``, ``"lead"``
    (the target was pulled back), ``"input"`` (an unusable delta, pose or goal counted as none), ``"tracking"`` (measured far from commanded).
    """

    def __init__(self, arm: Embodiment, rate: float = 100.0) -> None:
        """Steps come at ``rate`` [Hz]; the arm starts at rest at its home.

        Raises:
            InvalidValue: a rate that is not above 0, or a URDF that cannot be read.
        """
        if not rate > 0.0:
            raise InvalidValue("rate", rate, "a number above 0 [Hz]")
        self.arm = arm
        self.kinematics = ArmKinematics(arm)
        self._rate = float(rate)
        self._bounds = JointBounds(arm, 1.0 / rate)
        weight = ROTATION_WEIGHT if arm.n >= 6 else FEW_JOINTS_ROTATION_WEIGHT
        self._weight = np.array([1.0, 1.0, 1.0, weight, weight, weight])
        self._position: Array = arm.home
        self._target_point: Array
        self._target_rotation: Array
        self._no_rows, self._plain_bounds = np.zeros((0, arm.n)), np.zeros(arm.n, dtype=np.int32)
        self.reset(arm.home)

    @property
    def target(self) -> Pose:
        """The pose being steered to, ``transform_tool_to_base``."""
        return Pose(frozen(self._target_point), frozen(self._target_rotation))

    def reset(self, position: Array) -> None:
        """Start at rest at joint positions (n,); an unusable position leaves the arm where it was commanded."""
        start = _vector(position, self.arm.n)
        self._position = frozen(start if start is not None else self._position)
        self._step = frozen(np.zeros(self.arm.n))
        self._locate()
        self._hold_target()

    def step(self, measured: Array, delta: Array, frame: str = "base") -> ControlStep:
        """Move the target by ``delta`` (6,) [m, rad] in ``"base"`` or ``"tool"`` axes, rotation about the tool point, and follow it for one tick."""
        motion = _vector(delta, 6)
        faults: tuple[str, ...] = ()
        if motion is None or frame not in ("base", "tool"):
            motion, faults = np.zeros(6), ("input",)
        if frame == "tool":
            motion = np.concatenate((self._target_rotation @ motion[:3], self._target_rotation @ motion[3:]))
        self._target_point = self._target_point + motion[:3]
        if motion[3:].any():
            self._target_rotation = pin.exp3(motion[3:]) @ self._target_rotation
        return self._follow(measured, motion, faults)

    def track(self, measured: Array, pose: Pose) -> ControlStep:
        """Steer to ``pose``, ``transform_tool_to_base``, for one tick. A smoothly moving pose is followed without lag."""
        values = _vector(pose.values() if isinstance(pose, Pose) else None, 12)
        if values is None:
            return self._follow(measured, np.zeros(6), ("input",))
        motion = np.concatenate((pose.position - self._target_point, pin.log3(pose.rotation @ self._target_rotation.T)))
        if _norm(motion[:3]) > 0.5 * LEAD_POSITION or _norm(motion[3:]) > 0.5 * LEAD_ROTATION:
            motion = np.zeros(6)  # a jump, not a motion to feed forward
        self._target_point, self._target_rotation = pose.position, pose.rotation
        return self._follow(measured, motion, ())

    def stop(self, measured: Array) -> ControlStep:
        """One tick of coming to rest; the target becomes where the arm comes to rest."""
        return self._rest(measured, ())

    def move(self, measured: Array, goal: Array) -> ControlStep:
        """One tick towards joint positions ``goal`` (n,), straight in joint space; the target becomes the commanded pose."""
        wanted = _vector(goal, self.arm.n)
        if wanted is None:
            return self._rest(measured, ("input",))
        inside = np.minimum(np.maximum(wanted, self._bounds.lower), self._bounds.upper)
        outside = tuple(f"position:{self.arm.joints[i]}" for i in np.flatnonzero((wanted < self.arm.lower) | (wanted > self.arm.upper)))
        gap = inside - self._position
        low, high = self._bounds.interval(self._position, self._step)
        ahead = np.divide(np.where(gap > 0.0, high, low), gap, out=np.ones_like(gap), where=gap != 0.0)
        share = min(self._closing(gap, self._bounds.change), max(0.0, float(ahead.min())))
        step = np.minimum(np.maximum(share * gap, low), high)
        arrived = share >= 1.0 - 1e-12 and bool(((gap >= low) & (gap <= high)).all())
        self._advance(inside if arrived else self._position + step)
        self._hold_target()
        return self._report(measured, outside)

    def snapshot(self) -> Snapshot:
        """The whole state as plain JSON values."""
        return {"position": self._position.tolist(), "step": self._step.tolist(), "target": list(self.target.values())}

    def restore(self, snapshot: Snapshot) -> None:
        """Continue from a snapshot bit for bit."""
        target = Pose.from_values(snapshot["target"])
        self._position, self._step = frozen(snapshot["position"]), frozen(snapshot["step"])
        self._target_point, self._target_rotation = target.position, target.rotation
        self._locate()

    def _rest(self, measured: Array, faults: tuple[str, ...]) -> ControlStep:
        self._advance(self._position + self._bounds.brake(self._position, self._step))
        self._hold_target()
        return self._report(measured, faults)

    def _follow(self, measured: Array, motion: Array, faults: tuple[str, ...]) -> ControlStep:
        """One tick towards the target, which moved by ``motion`` (6,) in this tick."""
        error = self._error()
        if self._pull_target_back(error):
            faults = (*faults, "lead")
            error = self._error()
        wanted, jacobian = self._wanted(error, motion)
        low, high = self._bounds.interval(self._position, self._step)
        if not ((wanted >= low) & (wanted <= high)).all():
            wanted = self._nearest(wanted, jacobian, low, high)
            faults = (*faults, *self._bounds.names(wanted, self._step, self._position))
        self._advance(self._position + wanted)
        return self._report(measured, faults)

    def _wanted(self, error: Array, motion: Array) -> tuple[Array, Array]:
        """Joint displacement (n,) inside the velocity limits, and the Jacobian (6, n) with weighted rows."""
        weight = self._weight
        jacobian = self._jacobian * weight[:, None]
        weighted = error * weight
        damping = DAMPING + DAMPING_PER_ERROR * float(weighted @ weighted)
        square = jacobian @ jacobian.T
        square.flat[::7] += damping
        sides = np.empty((6, 2))
        sides[:, 0], sides[:, 1] = motion * weight, weighted - motion * weight
        posture = self._posture(min(1.0, sqrt(float(weighted @ weighted)) / LEAD_POSITION))
        if posture is not None:
            sides[:, 0] -= jacobian @ posture
        columns = jacobian.T @ np.linalg.solve(square, sides)  # (n, 2)
        forward, back = columns[:, 0], columns[:, 1]
        wanted = forward + self._closing(back, BRAKING_SHARE * self._bounds.change, GAIN) * back
        if posture is not None:
            wanted = wanted + posture
        return wanted / max(1.0, float((np.abs(wanted) / self._bounds.step).max())), jacobian

    def _closing(self, gap: Array, change: Array, gain: float = 1.0) -> float:
        """Largest share, up to ``gain``, of the joint gap (n,) that may be closed in one tick by joints that brake ``change`` (n,) per tick."""
        away = np.abs(gap)
        stopping = 2.0 / (1.0 + np.sqrt(1.0 + 2.0 * away / change))  # stopping_step(away) / away
        return min(gain, float(stopping.min()), 1.0 / max(1.0, float((away / self._bounds.step).max())))

    def _posture(self, behind: float) -> Array | None:
        """Displacement (n,) towards home, only while the arm moves or is ``behind`` (0 … 1): at rest it is at rest.

        It takes the joints to spare, and near a singularity the directions that the damping gives up: there it keeps elbows from folding the wrong way.
        """
        if self.arm.n < 6:
            return None
        activity = max(behind, float((np.abs(self._step) / self._bounds.step).max()))
        if activity == 0.0:
            return None
        pull = (POSTURE_RATE / self._rate) * (self.arm.home - self._position)
        excess = float((np.abs(pull) / self._bounds.step).max()) / (POSTURE_SHARE * activity)
        return pull / max(1.0, excess)

    def _nearest(self, wanted: Array, jacobian: Array, low: Array, high: Array) -> Array:
        """The displacement (n,) in the box that disturbs the tool least; the clipped one where the solver gives up."""
        scale = self._bounds.step
        scaled = jacobian * scale
        hessian = scaled.T @ scaled
        hessian.flat[:: self.arm.n + 1] += QUADRATIC_FLOOR * scale * scale
        hessian *= 1.0 / float(hessian.max())
        bounded, _, status, _ = daqp.solve(hessian, -(hessian @ (wanted / scale)), self._no_rows, high / scale, low / scale, self._plain_bounds)
        chosen = np.asarray(bounded) * scale
        if status != 1 or not np.isfinite(chosen).all():
            chosen = wanted
        return np.minimum(np.maximum(chosen, low), high)

    def _error(self) -> Array:
        """(6,) target minus commanded pose, base axes [m, rad]."""
        error = np.empty(6)
        error[:3] = self._target_point - self._point
        error[3:] = pin.log3(self._target_rotation @ self._rotation.T)
        return error

    def _pull_target_back(self, error: Array) -> bool:
        away, turned = _norm(error[:3]), _norm(error[3:])
        if away > LEAD_POSITION:
            self._target_point = self._point + error[:3] * (LEAD_POSITION / away)
        if turned > LEAD_ROTATION:
            self._target_rotation = pin.exp3(error[3:] * (LEAD_ROTATION / turned)) @ self._rotation
        return away > LEAD_POSITION or turned > LEAD_ROTATION

    def _advance(self, position: Array) -> None:
        position = np.minimum(np.maximum(position, np.minimum(self.arm.lower, self._position)), np.maximum(self.arm.upper, self._position))
        self._step = frozen(position - self._position)
        self._position = frozen(position)
        self._locate()

    def _locate(self) -> None:
        self._point, self._rotation = self.kinematics.place(self._position)
        self._jacobian = self.kinematics.differentiate()

    def _hold_target(self) -> None:
        self._target_point, self._target_rotation = self._point, self._rotation

    def _report(self, measured: Array, limits: tuple[str, ...]) -> ControlStep:
        seen = _vector(measured, self.arm.n)
        if seen is None or float(np.abs(seen - self._position).max()) > DIVERGED:
            limits = (*limits, "tracking")
        return ControlStep(self._position, frozen(self._step * self._rate), frozen(self._error()), limits)


def _vector(values: Any, size: int) -> Array | None:
    """(size,) finite float64 below :data:`LARGEST_DELTA`, or None for anything else."""
    try:
        array = np.asarray(values, dtype=np.float64)
    except Exception:  # the control loop never raises: whatever cannot be read counts as no input
        return None
    if array.shape != (size,) or not float(np.abs(array).max()) < LARGEST_DELTA:
        return None
    return array


def _norm(vector: Array) -> float:
    return sqrt(float(vector @ vector))
