"""Cartesian deltas to joint commands: differential inverse kinematics on an integrated target.

Deltas move a *target pose*, never the arm directly, so errors of one tick are corrected in the next and nothing drifts. Per tick, with
the arm's own command ``q`` (not the measured state, whose lag would feed back):

    e     = target − pose(q)                     (6,) [m, rad], split into last tick's rest and this tick's motion: e = r + m
    J⁺    = W Jᵀ (J W Jᵀ + λ² 1)⁻¹               damped least squares (Nakamura & Hanafusa 1986), rotation rows and slow joints to spare weighted
    λ²    = λ₀² + c |r|²                         damping grows with what is left (Sugihara 2011): exact when close, however fast; calm when out of reach
    step  = J⁺ (m − ½ ΔJ s) + g J⁺ r + (1 − J⁺J) p      feed-forward, feedback, posture
    ΔJ s  = (J(q) − J(q − s)) s                  the curvature that last tick's step ``s`` met: feed-forward to second order
    g     : g·gap stops within the gap           no joint closes its gap faster than it can brake: speed √(2 a gap), exponential at the end

The step is scaled into the velocity limits; where acceleration, jerk or position limits cut it, the nearest step in the metric
``Jᵀ J`` inside the limits is found by a box-constrained quadratic programme (daqp), so that the tool is disturbed least; there a radian counts as
the 10 cm by which it moves the far end of what the tool holds.
The target may lead the command by 3 cm and 0.15 rad at most. Directions in which the arm can never move are left out of the task, and an
arm with fewer joints than the task that remains puts position first; what is lost is in the residual.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from math import isfinite, sqrt
from typing import Any

import daqp
import numpy as np
import pinocchio as pin

from skillkit.braking import JointLimits, fitting_share, stopping_step
from skillkit.embodiment import Embodiment
from skillkit.exceptions import InvalidValue
from skillkit.kinematics.avoidance import KEPT, Avoidance
from skillkit.kinematics.collision import Collisions
from skillkit.kinematics.model import ArmKinematics, manipulability
from skillkit.kinematics.wish import BRAKING_SHARE, Priority, Wish
from skillkit.pose import Array, Pose, frozen, sealed
from skillkit.protocols import ControlStep, Snapshot
from skillkit.spaces import AXES

LEAD_POSITION = 0.03  # the target leads the command by at most this [m]
LEAD_ROTATION = 0.15  # … and this [rad]
APPROACH = 0.04  # time constant with which the last of an error is closed [s]
APPROACH_TICKS = 4.0  # … and at least this many ticks
ROTATION_WEIGHT = 0.3  # metres that weigh as much as one radian …
ROTATION_WEIGHT_AT_LIMITS = 0.1  # … and where limits cut a step: about the length of what a tool holds
SECOND_WEIGHT = 1e-3  # … of what does not come first
SECOND_LEAD_ROTATION = 1.5  # … whose target may lead by this, because it cannot be reached [rad]
SECOND_LEAD_POSITION = 0.5  # … or this [m]
QUADRATIC_FLOOR = 1e-4  # keeps the programme strictly convex
HELD_EASE = 0.1  # share of feedback and posture while something holds the arm off: a slide along it ends long before the error does that drives it
EASE_DOWN, EASE_UP = 0.5, 1.2  # … by which factors it changes per tick
LANDING = 0.02  # of the acceleration limit per tick: the last hop of a joint motion onto its goal
SLOW = 3.0  # times slower than the arm's median joint: from there on a joint leaves the work to others
MARGIN = 1e-6  # share of the limits left unused, so that rounding never makes the gate touch a command
EDGE = 1e-9  # share of the range left free at either position limit, for the same reason
DIVERGED = 0.2  # command minus measured at which the report says "tracking" [rad or m]
LARGEST_DELTA = 1e3  # a delta beyond this is no motion of any arm [m or rad]
JUMP_POSITION, JUMP_ROTATION = (0.5 * LEAD_POSITION) ** 2, (0.5 * LEAD_ROTATION) ** 2  # a pose further off in one tick is no motion [m², rad²]
SAMPLES = 32  # configurations from which the directions an arm can move in are found


class CartesianController:
    """Follows Cartesian deltas, a pose, or joint positions with one arm at one fixed rate.

    Position, velocity, acceleration and jerk of what it returns are inside the arm's limits, with room left to brake; nothing
    raises after construction. ``active_limits`` says what held it: ``"velocity:j"``, ``"acceleration:j"``, ``"jerk:j"``, ``"position:j"``, ``"lead"``
    (the target was pulled back), ``"collision:a~b"`` (two shapes, or the tool and a bound of its workspace, came near),
    ``"input"`` (an unusable delta, pose or goal counted as none), ``"tracking"`` (measured far from commanded).
    """

    def __init__(self, arm: Embodiment, rate: float = 100.0, collisions: Collisions | None = None, kept: float = KEPT) -> None:
        """Steps come at ``rate`` [Hz]; the arm starts at rest at its home, and keeps ``kept`` [m] away from ``collisions``.

        Raises:
            InvalidValue: a rate that is not above 0, or a URDF that cannot be read.
        """
        if not rate > 0.0:
            raise InvalidValue("rate", rate, "a number above 0 [Hz]")
        self.arm = arm
        self.kinematics = ArmKinematics(arm)
        self._rate = float(rate)
        self._task, dimensions = _task(self.kinematics)
        self._dimensions = dimensions
        self._prefer(arm.free, arm.first)
        ready = np.minimum(1.0, SLOW * arm.velocity / np.median(arm.velocity)) ** 2
        self._ready = ready if (ready < 1.0).any() and arm.n > dimensions else None  # (n,) slow joints leave the work to others where there are any
        self.speed_share, self._near = 1.0, None if collisions is None else (collisions, kept)
        self._keep_to(1.0)
        self._no_rows, self._plain_bounds = np.zeros((0, arm.n)), np.zeros(arm.n, dtype=np.int32)
        self._no_error = frozen(np.zeros(6))
        self._target_point: Array
        self._target_rotation: Array
        self._position: Array = arm.home
        self._rest_error: Array | None = None  # at the commanded position, once it is known
        self._known = False  # where the tool is at the commanded position
        self._holding = False  # the target is the commanded pose
        self._limited = False  # the last tick met its bounds
        self._bounds: tuple[Array, Array] | None = None  # of the next displacement, once they are known
        self._quadratic: Array | None = None  # as much
        self._ease = 1.0  # share of feedback and posture
        self.reset(arm.home)

    def limit_speed(self, share: float) -> None:
        """From now on keep to a ``share`` of the velocity limits, above 0 and up to 1; an arm that is faster brakes down to it."""
        self.speed_share = share
        self._slow_down()

    @property
    def slowing(self) -> bool:
        """Whether the arm is too fast yet for the limits that were asked for; ask again with :meth:`limit_speed` as it slows down."""
        return self._kept_speed != self.speed_share

    def _slow_down(self) -> None:
        share = fitting_share(self.arm, 1.0 / self._rate, self.speed_share, self._kept_speed, self._position, self._step, self._change)
        if share != self._kept_speed:
            self._keep_to(share)

    def _keep_to(self, share: float) -> None:
        self._kept_speed = share
        self.limits = limits = JointLimits(self.arm, 1.0 / self._rate, 1.0 - MARGIN, EDGE, share)
        self.avoidance = None if self._near is None else Avoidance(self._near[0], limits, self._near[1])
        self._approach = max(APPROACH_TICKS, APPROACH * self._rate, 2.0 * limits.ramp)  # [ticks]
        self._landing, self._landing_share = (self._approach, BRAKING_SHARE) if limits.ramp > 1 else (1.0, 1.0)  # of joint motions and at position limits
        self._wish = Wish(limits, self.arm.home, self._ready, self._rate, self._approach, LEAD_POSITION)
        self._floor = QUADRATIC_FLOOR * limits.step * limits.step
        self._bounds = self._quadratic = None

    @property
    def target(self) -> Pose:
        """The pose being steered to, ``transform_tool_to_base``."""
        self.prepare()
        return Pose(frozen(self._target_point), frozen(self._target_rotation))

    @property
    def residual(self) -> Array:
        """(6,) target minus commanded pose, base axes [m, rad]."""
        self.prepare()
        if self._rest_error is None:
            self._rest_error = sealed(self._error())
        return self._rest_error

    @property
    def manipulability(self) -> float:
        """√det(J Jᵀ) at the commanded position (Yoshikawa 1985), √det(Jᵀ J) with fewer than six joints."""
        return manipulability(self.kinematics.jacobian(self._position))

    def aim(self, free: tuple[str, ...] = (), first: str = "") -> None:
        """From now on leave axes of the tool free and put ``"position"`` or ``"rotation"`` first, as :class:`~skillkit.spaces.CartesianDelta` says.

        With nothing first, an arm with fewer joints than directions to steer puts position first. What is left undone is in the residual.
        """
        if (free, first) != self._aim:
            held = self._holding
            self.prepare()
            self._prefer(free, first)
            self._locate_anew()
            self._holding = held

    def _prefer(self, free: tuple[str, ...], first: str) -> None:
        self._aim = free, first
        self._free = frozen([1.0 - (axis in free) for axis in AXES]) if free else None
        first = first or ("position" if self.arm.n < self._dimensions - len(free) else "")
        position = SECOND_WEIGHT if first == "rotation" else 1.0
        rotation = SECOND_WEIGHT if first == "position" else 1.0 if first else ROTATION_WEIGHT
        self._lead_position = SECOND_LEAD_POSITION if first == "rotation" else LEAD_POSITION
        self._lead_rotation = SECOND_LEAD_ROTATION if first == "position" else LEAD_ROTATION
        self._weight = np.array([position, position, position, rotation, rotation, rotation])
        self._column = (self._weight if first else np.array([1.0, 1.0, 1.0, *[ROTATION_WEIGHT_AT_LIMITS] * 3]))[:, None]
        self._first = first
        self._priority = Priority.of(self._weight, first)

    def prepare(self) -> None:
        """Locate the tool at the commanded position, and the bounds of a next step that will probably meet them too.

        Meant for the time between two ticks. Without it the next tick does so itself, with the same result.
        """
        if self._known:
            return
        self._locate()
        if self._holding:
            self._target_point, self._target_rotation, self._rest_error = self._point, self._rotation, self._no_error
        else:
            self._rest_error = None
        self._known = True
        if self._limited:
            self._interval()
            self._hessian()

    def reset(self, position: Array) -> None:
        """Start at rest at joint positions (n,); an unusable position leaves the arm where it was commanded."""
        start = _vector(position, self.arm.n)
        self._position = self._before = frozen(start if start is not None else self._position)
        self._step = self._change = frozen(np.zeros(self.arm.n))
        self._ease = 1.0
        self._locate_anew()
        self._hold_target()
        self.prepare()

    def step(self, measured: Array, delta: Array, frame: str = "base") -> ControlStep:
        """Move the target by ``delta`` (6,) [m, rad] in ``"base"`` or ``"tool"`` axes, rotation about the tool point, and follow it for one tick."""
        self.prepare()
        motion = _vector(delta, 6)
        faults: tuple[str, ...] = ()
        if motion is None or frame not in ("base", "tool"):
            motion, faults = np.zeros(6), ("input",)
        if frame == "tool":
            motion = (self._target_rotation @ motion.reshape(2, 3).T).T.ravel()
        _, _, _, a, b, c = motion.tolist()
        rest = None if a or b or c else self.residual
        self._target_point = self._target_point + motion[:3]
        if rest is not None:
            return self._follow(measured, rest + motion, motion, faults)
        self._target_rotation = np.dot(pin.exp3(motion[3:]), self._target_rotation)
        return self._follow(measured, self._error(), motion, faults)

    def track(self, measured: Array, pose: Pose) -> ControlStep:
        """Steer to ``pose``, ``transform_tool_to_base``, for one tick. A smoothly moving pose is followed without lag."""
        self.prepare()
        if not _usable(pose):
            return self._follow(measured, self._error(), np.zeros(6), ("input",))
        motion = _between(pose.position, pose.rotation, self._target_point, self._target_rotation)
        x, y, z, a, b, c = motion.tolist()
        if x * x + y * y + z * z > JUMP_POSITION or a * a + b * b + c * c > JUMP_ROTATION:
            motion = np.zeros(6)  # a jump, not a motion to feed forward
        self._target_point, self._target_rotation = pose.position, pose.rotation
        return self._follow(measured, self._error(), motion, ())

    def stop(self, measured: Array) -> ControlStep:
        """One tick of coming to rest; the target becomes where the arm comes to rest."""
        return self._rest(measured, ())

    def move(self, measured: Array, goal: Array) -> ControlStep:
        """One tick towards joint positions ``goal`` (n,), straight in joint space; the target becomes the commanded pose."""
        self.prepare()
        wanted = _vector(goal, self.arm.n)
        if wanted is None:
            return self._rest(measured, ("input",))
        inside = np.minimum(np.maximum(wanted, self.limits.lower), self.limits.upper)
        outside = tuple(f"position:{self.arm.joints[i]}" for i in np.flatnonzero((wanted < self.arm.lower) | (wanted > self.arm.upper)))
        gap = inside - self._position
        low, high = self._interval()
        landing = bool(((np.abs(gap) <= LANDING * np.minimum(self.limits.change, self.limits.jerk)) & (gap >= low) & (gap <= high)).all())
        ahead = np.divide(np.where(gap > 0.0, high, low), gap, out=np.ones_like(gap), where=gap != 0.0)
        share = min(self._ease * self._wish.closing(gap.tolist(), self._landing, self._landing_share), max(0.0, float(ahead.min())))
        step = gap if landing else np.minimum(np.maximum(share * gap, low), high)
        held = self._keep_clear(step, partial(np.eye, self.arm.n))
        if held is not None:
            self._advance(held[0])
            outside = (*outside, *held[1])
        else:
            self._advance(step, inside if landing else None)
        self._hold_target()
        return self._report(measured, outside)

    def snapshot(self) -> Snapshot:
        """The whole state as plain JSON values."""
        state = {"position": self._position, "before": self._before, "step": self._step, "change": self._change}
        flags = {"holding": self._holding, "limited": self._limited, "speed": self.speed_share, "kept_speed": self._kept_speed, "ease": self._ease}
        aim = {"free": list(self._aim[0]), "first": self._aim[1]}
        return {**{name: value.tolist() for name, value in state.items()}, **flags, **aim, "target": list(self.target.values())}

    def restore(self, snapshot: Snapshot) -> None:
        """Continue from a snapshot bit for bit."""
        self.speed_share = snapshot.get("speed", 1.0)
        if (kept := snapshot.get("kept_speed", self.speed_share)) != self._kept_speed:
            self._keep_to(kept)
        self._position, self._before, self._step, self._change = (frozen(snapshot[key]) for key in ("position", "before", "step", "change"))
        self._prefer(tuple(snapshot.get("free", self.arm.free)), str(snapshot.get("first", self.arm.first)))
        target = Pose.from_values(snapshot["target"])
        self._target_point, self._target_rotation = target.position, target.rotation
        self._locate_anew()
        self._holding, self._limited, self._ease = snapshot["holding"], snapshot["limited"], snapshot.get("ease", 1.0)

    def _rest(self, measured: Array, faults: tuple[str, ...]) -> ControlStep:
        self.prepare()
        self._advance(self.limits.brake(self._position, self._step, self._change))
        self._hold_target()
        return self._report(measured, faults)

    def _follow(self, measured: Array, error: Array, motion: Array, faults: tuple[str, ...]) -> ControlStep:
        """One tick towards the target, which is off by ``error`` (6,), of it by ``motion`` (6,) since this tick."""
        if self._pull_target_back(error):
            faults = (*faults, "lead")
            error = self._error()
        wanted = self._wanted(error, motion)
        limited = False
        if self._limited or not self.limits.clear(wanted, self._position, self._step, self._change):
            low, high = self._interval()
            limited = not ((wanted >= low) & (wanted <= high)).all()
            if limited:
                wanted = self._nearest(wanted, low, high)
                faults = (*faults, *self.limits.names(wanted, self._step, self._change, low, high))
        held = None if self.avoidance is None else self._keep_clear(wanted, self._hessian)
        self._advance(wanted if held is None else held[0])
        self._limited = limited
        return self._report(measured, faults if held is None else (*faults, *held[1]))

    def _keep_clear(self, wanted: Array, metric: Callable[[], Array]) -> tuple[Array, tuple[str, ...]] | None:
        """What is commanded instead of the displacement ``wanted`` (n,), and why; None where nothing is to be avoided, or is near."""
        if self.avoidance is None:
            return None
        chosen, names = self.avoidance.held(wanted, self._position, self._interval, metric)
        free = chosen is wanted
        self._ease = min(1.0, EASE_UP * self._ease) if free else max(HELD_EASE, EASE_DOWN * self._ease)
        if chosen is None:
            chosen = self.limits.brake(self._position, self._step, self._change)
        return None if free else (chosen, names)

    def _wanted(self, error: Array, motion: Array) -> Array:
        """Joint displacement (n,) inside the velocity limits."""
        for kept in (self._task, self._kept):
            if kept is not None:
                error, motion = kept @ error, kept @ motion
        return self._wish.displacement(self._jacobian, self._bend, self._position, self._step, error, motion, self._priority, self._ease)

    def _interval(self) -> tuple[Array, Array]:
        """Lowest and highest next displacement (n,); with little jerk to spare the position limits are approached gently, without being thrown back."""
        if self._bounds is None:
            limits, position = self.limits, self._position
            low, high = limits.interval(position, self._step, self._change)
            if limits.ramp > 1:
                high = np.minimum(high, np.maximum(low, stopping_step(limits.upper - position, limits.change, self._landing)))
                low = np.maximum(low, np.minimum(high, -stopping_step(position - limits.lower, limits.change, self._landing)))
            self._bounds = low, high
        return self._bounds

    def _nearest(self, wanted: Array, low: Array, high: Array) -> Array:
        """The displacement (n,) in the box that disturbs the tool least; the clipped one where the solver gives up."""
        scale, hessian = self.limits.step, self._hessian()
        bounded, _, status, _ = daqp.solve(hessian, -(hessian @ (wanted / scale)), self._no_rows, high / scale, low / scale, self._plain_bounds)
        chosen = np.asarray(bounded) * scale
        if status != 1 or not isfinite(sum(chosen.tolist())):
            chosen = np.nan_to_num(wanted)
        return np.minimum(np.maximum(chosen, low), high)

    def _hessian(self) -> Array:
        """(n, n) of the programme, in shares of the velocity limits per tick."""
        if self._quadratic is None:
            scaled = self._jacobian * self._column * self.limits.step
            hessian = scaled.T @ scaled
            hessian.ravel()[:: self.arm.n + 1] += self._floor
            self._quadratic = hessian * (1.0 / max(hessian.diagonal().tolist()))
        return self._quadratic

    def _error(self) -> Array:
        """(6,) target minus commanded pose, base axes [m, rad]."""
        return _between(self._target_point, self._target_rotation, self._point, self._rotation)

    def _pull_target_back(self, error: Array) -> bool:
        x, y, z, a, b, c = (error if self._kept is None else self._kept @ error).tolist()
        away, turned = sqrt(x * x + y * y + z * z), sqrt(a * a + b * b + c * c)
        if away > self._lead_position:
            self._target_point = self._point + error[:3] * (self._lead_position / away)
        if turned > self._lead_rotation:
            self._target_rotation = pin.exp3(error[3:] * (self._lead_rotation / turned)) @ self._rotation
        return away > self._lead_position or turned > self._lead_rotation

    def _advance(self, step: Array, position: Array | None = None) -> None:
        """Command the displacement ``step`` (n,), or exactly ``position`` that it leads to."""
        position = sealed(self._position + step if position is None else position)
        step = position - self._position
        self._change, self._step = step - self._step, step
        self._before, self._position = self._position, position
        self._jacobian_before = self._jacobian
        self._known = self._holding = self._limited = False
        self._bounds = self._quadratic = None

    def _locate(self) -> None:
        self._point, self._rotation = self.kinematics.place(self._position)
        self._kept = self._steered(self._rotation)
        self._jacobian = self._of_task(self.kinematics.differentiate())  # (6, n)
        self._bend = 0.5 * np.dot(self._jacobian - self._jacobian_before, self._step)

    def _steered(self, rotation: Array) -> Array | None:
        """(6, 6) projection, in base axes, onto what is steered of a tool that stands in ``rotation`` (3, 3); None for everything."""
        if self._free is None:
            return None
        projection = np.zeros((6, 6))
        for part in (slice(0, 3), slice(3, 6)):
            projection[part, part] = (rotation * self._free[part]) @ rotation.T
        return projection

    def _of_task(self, jacobian: Array) -> Array:
        return jacobian if self._kept is None else self._kept @ jacobian

    def _locate_anew(self) -> None:
        _, rotation = self.kinematics.place(self._before)
        self._kept = self._steered(rotation)
        self._jacobian_before = self._of_task(self.kinematics.differentiate())
        self._known = self._holding = self._limited = False
        self._bounds = self._quadratic = None

    def _hold_target(self) -> None:
        self._holding = True

    def _report(self, measured: Array, limits: tuple[str, ...]) -> ControlStep:
        if self._astray(measured):
            limits = (*limits, "tracking")
        return ControlStep(self._position, sealed(self._step * self._rate), limits)

    def _astray(self, measured: Array) -> bool:
        """Whether the arm is not measured near its command."""
        try:
            for seen, sent in zip(np.asarray(measured, dtype=np.float64).tolist(), self._position.tolist(), strict=True):
                if not (-DIVERGED <= seen - sent <= DIVERGED and -LARGEST_DELTA < seen < LARGEST_DELTA):
                    return True
        except Exception:  # as in _vector
            return True
        return False


def _task(kinematics: ArmKinematics) -> tuple[Array | None, int]:
    """Projection (6, 6) onto the translations and rotations the arm can make at all, and how many there are; None for all six."""
    arm, rng = kinematics.arm, np.random.default_rng(0)
    columns = np.hstack([kinematics.jacobian(q) for q in rng.uniform(arm.lower, arm.upper, (SAMPLES, arm.n))])
    projection = np.zeros((6, 6))
    for part in (slice(0, 3), slice(3, 6)):
        axes, sizes, _ = np.linalg.svd(columns[part], full_matrices=False)
        kept = axes[:, sizes > 1e-6 * max(1.0, float(sizes[0]))]
        projection[part, part] = kept @ kept.T
    dimensions = round(float(np.trace(projection)))
    return (None if dimensions == 6 else projection), dimensions


def _vector(values: Any, size: int) -> Array | None:
    """(size,) finite float64 below :data:`LARGEST_DELTA`, or None for anything else."""
    try:
        array = np.asarray(values, dtype=np.float64)
        if array.shape != (size,):
            return None
        for value in array.tolist():
            if not -LARGEST_DELTA < value < LARGEST_DELTA:
                return None
    except Exception:  # the control loop never raises: whatever cannot be read counts as no input
        return None
    return array


def _usable(pose: Any) -> bool:
    """Whether it is a pose of finite numbers below :data:`LARGEST_DELTA`."""
    try:
        x, y, z = pose.position.tolist()
        (a, b, c), (d, e, f), (g, h, i) = pose.rotation.tolist()
        for number in (x, y, z, a, b, c, d, e, f, g, h, i):
            if not -LARGEST_DELTA < number < LARGEST_DELTA:
                return False
        return isinstance(pose, Pose)
    except Exception:  # as in _vector
        return False


def _between(point: Array, rotation: Array, start: Array, turned: Array) -> Array:
    """(6,) from the pose ``start`` (3,), ``turned`` (3, 3) to ``point``, ``rotation``, base axes [m, rad]."""
    twist = np.zeros(6)
    np.subtract(point, start, twist[:3])
    if rotation is not turned:
        twist[3:] = pin.log3(np.dot(rotation, turned.T))
    return twist
