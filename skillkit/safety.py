"""The gate: the last word before the driver, independent of how the command was made.

Per joint, with position ``q`` and displacement per tick ``s = q[k] − q[k−1]``, and per-tick limits ``V = v_max·dt`` and
``A = a_max·dt²``, the next displacement ``s′`` has to satisfy

    |s′| ≤ V,   |s′ − s| ≤ A,   s′ + s′²/(2A) ≤ upper − q   (and its mirror image at the lower limit).

The third line is the braking distance ``v²/(2a)`` counted from the point about to be sent, solved for ``s′`` it reads
``s′ ≤ 2d / (1 + √(1 + 2d/A))`` with ``d = upper − q``. States that fulfil it form an invariant set: braking one tick from its edge leaves
a slack of A/2, so a next displacement always exists and rounding cannot take it away. Because the distance is the continuous one, the
braking tail sent along with each command (:func:`braking_tail`) stays inside the position limits too.
"""

from __future__ import annotations

from math import isfinite
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from skillkit.embodiment import Embodiment
from skillkit.exceptions import InvalidValue
from skillkit.pose import Array, frozen
from skillkit.protocols import GateStep, Snapshot

Mask: TypeAlias = NDArray[np.bool_]

AHEAD, AHEAD_TIME = 0.1, 0.1  # [rad] or [m], and [s] of its speed, by which a joint may be away from its command
FAULTY_INPUTS = 5  # consecutive unusable commands after which the gate stops the arm for good
ROUNDING = 1e-10  # share of a velocity or acceleration limit that a command may exceed by its own rounding
SHORTEST = 1e-5  # piece of a braking tail [s]: drivers count in nanoseconds
UNLIMITED = 1e9  # stands for a position limit at infinity


class BrakingTail(NamedTuple):
    """What follows a command so that silence means a stop. Times count from the command's own time."""

    times: Array  # (k,) [s], strictly increasing, k ≥ 1
    positions: Array  # (k, n) [rad] or [m]
    velocities: Array  # (k, n) [rad/s] or [m/s], the last row is zero


class SafetyGate:
    """Sends a feasible command unchanged, and for any other the nearest one that the limits allow.

    Feasible means inside position, velocity and acceleration limits with room left to brake, see the module. A joint that was held
    back catches up along a braking profile and joins the command again at a speed it can match, so it does not overshoot and ring.

    A stop is latched: the arm brakes at its acceleration limit, stays, and every command is ignored until :meth:`reset`. It is latched
    by a joint state older than ``stale_after`` or unusable, by an arm that does not follow (measured further than 0.1 rad or m, and 0.1 s of its
    speed, from the last command: a jump of the encoder, a controller that was taken away), by 5 unusable commands in a row, and by :meth:`stop`.
    From a position outside the limits only moves back towards them leave the gate.
    """

    def __init__(self, arm: Embodiment, rate: float = 100.0, stale_after: float | None = None) -> None:
        """Commands leave at ``rate`` [Hz]; ``stale_after`` [s] defaults to the arm's own.

        Raises:
            InvalidValue: a rate or age that is not a number above 0.
        """
        self.arm = arm
        self.rate = _positive("rate", rate)
        self.stale_after = _positive("stale_after", arm.stale_after if stale_after is None else stale_after)
        self._dt = 1.0 / self.rate
        self._lower = frozen(np.maximum(arm.lower, -UNLIMITED))
        self._upper = frozen(np.minimum(arm.upper, UNLIMITED))
        self._max_step = frozen(arm.velocity * self._dt)
        self._max_change = frozen(arm.acceleration * self._dt * self._dt)
        self._accept_step = self._max_step * (1.0 + ROUNDING)
        self._accept_change = self._max_change * (1.0 + ROUNDING)
        self._sent = frozen(np.clip(arm.home, self._lower, self._upper))
        self._step = frozen(np.zeros(arm.n))
        self._asked = self._sent
        self._faulty = 0
        self._reason = "the gate was not reset to a measured position yet"

    @property
    def safe(self) -> bool:
        """False while a stop is latched."""
        return not self._reason

    @property
    def at_rest(self) -> bool:
        """Whether the last two positions sent are the same."""
        return not self._step.any()

    def reset(self, position: Array) -> None:
        """Start at rest at measured joint positions (n,); clears a stop. An unusable position latches one instead."""
        start = self._vector(position)
        if start is None:
            self._latch("reset to a joint state that is not n finite numbers")
        elif not self._plausible(start):
            self._latch("reset to a joint state that is outside its limits by more than their range")
        else:
            self._sent = self._asked = frozen(start)
            self._step = frozen(np.zeros(self.arm.n))
            self._faulty, self._reason = 0, ""

    def step(self, command: Array, measured: Array, age: float) -> GateStep:
        """What may be sent for ``command`` (n,), when the joint state ``measured`` is ``age`` seconds old. Never raises.

        The velocity returned is the difference of the last two positions sent over the nominal period.
        """
        self._watch(measured, age)
        if self._reason:
            return self._brake("stopped")
        target = self._vector(command)
        if target is None:
            self._faulty += 1
            if self._faulty >= FAULTY_INPUTS:
                self._latch(f"{self._faulty} commands in a row were not {self.arm.n} finite numbers")
            return self._brake("input")
        self._faulty = 0
        return self._follow(target)

    def stop(self, reason: str = "stop requested") -> GateStep:
        """Latch a stop and send its first tick; call :meth:`step` for the others."""
        self._latch(reason)
        return self._brake("stopped")

    def snapshot(self) -> Snapshot:
        """The whole state as plain JSON values."""
        return {
            "sent": self._sent.tolist(), "step": self._step.tolist(), "asked": self._asked.tolist(), "faulty": self._faulty, "reason": self._reason,
        }  # fmt: skip

    def restore(self, snapshot: Snapshot) -> None:
        """Continue from a snapshot bit for bit."""
        self._sent, self._step, self._asked = (frozen(snapshot[key]) for key in ("sent", "step", "asked"))
        self._faulty, self._reason = int(snapshot["faulty"]), str(snapshot["reason"])

    def _watch(self, measured: Any, age: Any) -> None:
        seconds = _number(age)
        if seconds is None:
            self._latch("stale: the age of the joint state is not a finite number")
        elif seconds > self.stale_after:
            self._latch(f"stale: the joint state is {seconds:.3f} s old, allowed {self.stale_after:g} s")
        elif (position := self._vector(measured)) is None:
            self._latch(f"the joint state is not {self.arm.n} finite numbers")
        elif not self._reason:
            self._watch_following(position)

    def _watch_following(self, measured: Array) -> None:
        away = np.abs(measured - self._sent)
        beyond = away - AHEAD - AHEAD_TIME * np.abs(self._step) * self.rate
        if (beyond > 0.0).any():
            joint = int(np.argmax(beyond))
            self._latch(f"the arm does not follow: {self.arm.joints[joint]} is {away[joint]:.3f} away from its command")

    def _latch(self, reason: str) -> None:
        self._reason = self._reason or reason

    def _plausible(self, position: Array) -> bool:
        span = self._upper - self._lower
        return bool(((position >= self._lower - span) & (position <= self._upper + span)).all())

    def _vector(self, values: Any) -> Array | None:
        """(n,) finite float64, or None for whatever else a caller may hand in."""
        if type(values) is not np.ndarray or values.dtype != np.float64:
            values = _converted(values)
        if values is None or values.shape != self._sent.shape or not np.isfinite(values).all():
            return None
        return values

    def _brake(self, why: str) -> GateStep:
        change = np.minimum(np.maximum(self._step, -self._max_change), self._max_change)
        step = self._send(self._sent + (self._step - change), (why,))
        self._asked = self._sent
        return step

    def _follow(self, command: Array) -> GateStep:
        sent, step, change = self._sent, self._step, self._max_change
        target = np.minimum(np.maximum(command, self._lower), self._upper)
        wanted = target - sent
        moved = target - self._asked  # velocity feed-forward, unless the command jumped
        jumped = np.abs(moved) > self._accept_step
        behind = np.where(jumped, wanted, self._asked - sent)
        self._asked = target
        up, down = _braking_bound(self._upper - sent, change), _braking_bound(sent - self._lower, change)
        high = np.minimum(np.minimum(up, self._accept_step), step + self._accept_change)
        low = np.maximum(np.maximum(-down, -self._accept_step), step - self._accept_change)
        passes = (wanted <= high) & (wanted >= low) & (np.abs(behind) <= change) & (target == command)
        if passes.all():
            return self._send(target, ())
        high = np.minimum(np.minimum(up, self._max_step), step + change)
        low = np.maximum(np.maximum(-down, -self._max_step), step - change)
        catch_up = np.where(jumped, 0.0, moved) + np.copysign(_braking_bound(np.abs(behind), change), behind)
        allowed = np.minimum(np.maximum(catch_up, low), high)
        inside = (wanted <= high) & (wanted >= low) & (np.abs(behind) <= change)
        limited = self._names(~passes, np.where(inside, wanted, catch_up), up, down, target != command)
        return self._send(np.where(inside | passes, target, sent + allowed), limited)

    def _names(self, held: Mask, wanted: Array, up: Array, down: Array, outside: Mask) -> tuple[str, ...]:
        faster = np.minimum(self._max_step, self._max_change + np.abs(self._step))
        room = np.where(wanted > 0.0, up, down)
        by_position = outside | ((np.abs(wanted) > room) & (room <= faster))
        by_velocity = np.abs(wanted) > self._max_step
        names = []
        for joint, is_held, position, velocity in zip(self.arm.joints, held.tolist(), by_position.tolist(), by_velocity.tolist(), strict=True):
            if is_held:
                names.append(f"{'position' if position else 'velocity' if velocity else 'acceleration'}:{joint}")
        return tuple(names)

    def _send(self, position: Array, limited: tuple[str, ...]) -> GateStep:
        # A position outside the limits may stay where it is or come back, never go further out.
        position = frozen(np.minimum(np.maximum(position, np.minimum(self._lower, self._sent)), np.maximum(self._upper, self._sent)))
        self._step = frozen(position - self._sent)
        self._sent = position
        return GateStep(position, frozen(self._step / self._dt), limited, not self._reason, self._reason)


def braking_tail(arm: Embodiment, position: Array, velocity: Array, spacing: float = 0.05) -> BrakingTail:
    """How the arm comes to rest from ``position`` (n,) and ``velocity`` (n,) when nothing more is sent.

    Constant deceleration; the joints stop together after ``max |v|/a`` where the position limits leave room for it, else earlier, each at its
    acceleration limit at most. Rows stand at every joint's stopping time and every ``spacing`` [s], so cubic interpolation is exact.
    From what the gate sends, every row is inside the position limits, and the cubics between them to 1e-9 rad or m.
    """
    speed = np.where(np.isfinite(velocity), velocity, 0.0)
    slowest = np.abs(speed) / arm.acceleration  # (n,) time at full deceleration [s]
    together = max(float(slowest.max()), SHORTEST)
    room = np.maximum(np.where(speed > 0.0, arm.upper - position, position - arm.lower), 0.0)
    tight = np.abs(speed) * together > 2.0 * room
    duration = np.where(speed != 0.0, together, 0.0)
    np.divide(2.0 * room, np.abs(speed), out=duration, where=tight)
    duration = np.maximum(duration, slowest)
    times = _spaced(np.append(duration, np.arange(1, int(together / spacing) + 1) * spacing), together)
    moved = np.minimum(times[:, None], duration)  # (k, n)
    share = np.divide(moved, duration, out=np.ones_like(moved), where=duration > 0.0)
    positions = position + speed * moved * (1.0 - 0.5 * share)
    positions = np.clip(positions, np.minimum(arm.lower, position), np.maximum(arm.upper, position))
    velocities = speed * (1.0 - share)
    velocities[-1] = 0.0
    return BrakingTail(frozen(times), frozen(positions), frozen(velocities))


def _spaced(times: Array, last: float) -> Array:
    """The times between 0 and ``last``, and ``last``, in order; those closer than :data:`SHORTEST` to 0 or to the next one move up to there."""
    ordered = np.unique(np.maximum(np.append(times[(times > 0.0) & (times < last)], last), SHORTEST))
    return ordered[np.append(np.diff(ordered) > SHORTEST, True)]


def _braking_bound(distance: Array, change: Array) -> Array:
    """Largest displacement per tick (n,) that still stops within ``distance`` (n,), braking ``change`` (n,) per tick."""
    distance = np.maximum(distance, 0.0)
    return 2.0 * distance / (1.0 + np.sqrt(1.0 + 2.0 * distance / change))


def _converted(values: Any) -> Array | None:
    try:
        with np.errstate(all="ignore"):
            array = np.asarray(values)
            return array.astype(np.float64) if array.dtype.kind in "fiu" else None
    except Exception:  # whatever a foreign object throws while it is read, the arm only brakes
        return None


def _number(value: Any) -> float | None:
    try:
        number = float(value)
    except Exception:
        return None
    return number if isfinite(number) else None


def _positive(name: str, value: Any) -> float:
    number = _number(value)
    if number is None or number <= 0.0:
        raise InvalidValue(name, value, "a finite number above 0")
    return number
