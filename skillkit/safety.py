"""The gate: the last word before the driver, independent of how the command was made.

What may be sent is what :mod:`skillkit.braking` allows: position, velocity, acceleration and jerk inside the limits by tick and nominal
period, and always room to brake. Because the braking distance there is the continuous one, the braking tail sent along with each command
(:mod:`skillkit.braking_tail`) stays inside the position limits too.
"""

from __future__ import annotations

from math import isfinite
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from skillkit.braking import AT_BOUND, JointLimits, fitting_share, stopping_step
from skillkit.embodiment import Embodiment
from skillkit.exceptions import InvalidValue
from skillkit.pose import Array, frozen
from skillkit.protocols import GateStep, Snapshot, StopReport

Mask: TypeAlias = NDArray[np.bool_]

AHEAD, AHEAD_TIME = 0.25, 0.1  # [rad] or [m], and [s] of its speed, by which a joint may be away from its command
FAULTY_INPUTS = 5  # consecutive unusable commands after which the gate stops the arm for good
ROUNDING = 1e-10  # share of a limit by which a command may miss it by its own rounding
CATCH_UP = 0.5  # of the acceleration limit on which a joint held back by jerk counts when it catches up


class SafetyGate:
    """Sends a feasible command unchanged, and for any other the nearest one that the limits allow.

    Feasible means inside position, velocity, acceleration and jerk limits with room left to brake, see the module. A joint that was held
    back catches up along a braking profile and joins the command again at a speed it can match, so it does not overshoot and ring.

    A stop is latched: the arm brakes at its limits, stays, and every command is ignored until :meth:`reset`. It is latched
    by a joint state older than ``stale_after`` or unusable, by an arm that does not follow (measured further than 0.25 rad or m, and 0.1 s of its
    speed, from the last command: a jump of the encoder, a controller that was taken away), by 5 unusable commands in a row, and by :meth:`stop`;
    :attr:`stopped` reports on it.
    While the deadman is not held the arm brakes and stays too, and goes on smoothly when it is held again.
    From a position outside the limits only moves back towards them leave the gate.
    """

    def __init__(self, arm: Embodiment, rate: float = 100.0, stale_after: float | None = None, limits: type[JointLimits] = JointLimits) -> None:
        """Commands leave at ``rate`` [Hz]; ``stale_after`` [s] defaults to the arm's own; ``limits`` are those to compute with.

        Raises:
            InvalidValue: a rate or age that is not a number above 0.
        """
        self.arm = arm
        self.rate = _positive("rate", rate)
        self.stale_after = _positive("stale_after", arm.stale_after if stale_after is None else stale_after)
        self._dt, self._limits_of = 1.0 / self.rate, limits
        self.speed_share = 1.0
        self._keep_to(1.0)
        self._sent = frozen(np.clip(arm.home, self._limits.lower, self._limits.upper))
        self._step = self._change = frozen(np.zeros(arm.n))
        self._asked = self._sent
        self._seen: Array | None = None
        self._still: bool | None = None
        self._faulty = self._ticks = 0
        self._cause, self._reason = "reset", "the gate was not reset to a measured position yet"

    @property
    def stopped(self) -> StopReport | None:
        """The latched stop, or None while there is none."""
        if not self._reason:
            return None
        residual = None if self._seen is None else frozen(self._seen - self._sent)
        return StopReport(self._cause, self._reason, self._ticks, self.at_rest, residual, self._still)

    @property
    def slowing(self) -> bool:
        """Whether the arm brakes because it is too fast for slower limits to hold it."""
        return self._kept != self.speed_share

    @property
    def safe(self) -> bool:
        """False while a stop is latched."""
        return not self._reason

    @property
    def at_rest(self) -> bool:
        """Whether the last three positions sent are the same: neither speed nor acceleration is left."""
        return not (self._step.any() or self._change.any())

    def reset(self, position: Array) -> None:
        """Start at rest at measured joint positions (n,); clears a stop. An unusable position latches one instead."""
        start = self._vector(position)
        if start is None:
            self._latch("reset", "reset to a joint state that is not n finite numbers")
        elif not self.arm.plausible(start):
            self._latch("reset", "reset to a joint state that is outside its limits by more than their range")
        else:
            self._sent = self._asked = frozen(start)
            self._step = self._change = frozen(np.zeros(self.arm.n))
            self._faulty, self._ticks, self._cause, self._reason = 0, 0, "", ""

    def limit_speed(self, share: float) -> None:
        """From now on allow only a ``share`` of the velocity limits, above 0 and up to 1; an arm that is faster brakes down to it.

        Where it moves so that slower limits could not stop it in time, it brakes until they can, whatever is commanded.

        Raises:
            InvalidValue: a share outside that range.
        """
        number = _number(share)
        if number is None or not 0.0 < number <= 1.0:
            raise InvalidValue("speed share", share, "a number above 0 and up to 1")
        self.speed_share = number
        self._slow_down()

    def _slow_down(self) -> None:
        share = fitting_share(self.arm, self._dt, self.speed_share, self._kept, self._sent, self._step, self._change)
        if share != self._kept:
            self._keep_to(share)

    def _keep_to(self, share: float) -> None:
        self._kept = share
        self._limits = self._limits_of(self.arm, self._dt, speed=share)
        tightest = np.minimum(self._limits.change, 0.5 * self._limits.jerk)  # what is missed in a position is missed twice in the change of its step
        self._slack = ROUNDING * tightest
        self._hair = np.maximum(AT_BOUND * tightest, 4.0 * np.spacing(np.maximum(np.abs(self._limits.lower), np.abs(self._limits.upper))))
        ramp = self._limits.ramp
        self._catch_up, self._catch_ticks = (CATCH_UP, 1.0 + 2.0 * ramp) if ramp > 1 else (1.0, 1.0)
        self._join = self._limits.change if ramp <= 1 else np.minimum(self._limits.change, 0.25 * self._limits.jerk)

    def step(self, command: Array, measured: Array, age: float, deadman: bool = True) -> GateStep:
        """What may be sent for ``command`` (n,), when the joint state ``measured`` is ``age`` seconds old. Never raises.

        Anything but True for ``deadman`` means it is not held. The velocity returned is the difference of the last two positions sent over the nominal period.
        """
        self._watch(measured, age)
        if self.slowing:
            self._slow_down()
        if self._reason:
            return self._brake("stopped")
        if deadman is not True:
            return self._brake("deadman")
        if self.slowing:
            return self._brake("speed")
        target = self._vector(command)
        if target is None:
            self._faulty += 1
            if self._faulty >= FAULTY_INPUTS:
                self._latch("input", f"{self._faulty} commands in a row were not {self.arm.n} finite numbers")
            return self._brake("input")
        self._faulty = 0
        return self._follow(target)

    def stop(self, reason: str = "stop requested") -> GateStep:
        """Latch a stop and send its first tick; call :meth:`step` for the others."""
        self._latch("request", reason)
        return self._brake("stopped")

    def snapshot(self) -> Snapshot:
        """The whole state as plain JSON values."""
        arrays = {"sent": self._sent, "step": self._step, "change": self._change, "asked": self._asked}
        return {
            **{name: value.tolist() for name, value in arrays.items()}, "seen": None if self._seen is None else self._seen.tolist(), "still": self._still,
            "speed": self.speed_share, "kept": self._kept, "faulty": self._faulty, "ticks": self._ticks, "cause": self._cause, "reason": self._reason,
        }  # fmt: skip

    def restore(self, snapshot: Snapshot) -> None:
        """Continue from a snapshot bit for bit."""
        self._sent, self._step, self._change, self._asked = (frozen(snapshot[key]) for key in ("sent", "step", "change", "asked"))
        self._seen = None if snapshot["seen"] is None else frozen(snapshot["seen"])
        self._still, self._faulty, self._ticks = snapshot["still"], int(snapshot["faulty"]), int(snapshot["ticks"])
        self._cause, self._reason = str(snapshot["cause"]), str(snapshot["reason"])
        self.speed_share = snapshot["speed"]
        if (kept := snapshot.get("kept", self.speed_share)) != self._kept:
            self._keep_to(kept)

    def _watch(self, measured: Any, age: Any) -> None:
        seen, seconds = self._vector(measured), _number(age)
        if seconds is None:
            self._latch("stale", "stale: the age of the joint state is not a finite number")
        elif seconds > self.stale_after:
            self._latch("stale", f"stale: the joint state is {seconds:.3f} s old, allowed {self.stale_after:g} s")
        elif seen is None:
            self._latch("state", f"the joint state is not {self.arm.n} finite numbers")
        elif not self._reason:
            self._watch_following(seen)
        if self._reason:
            moved = None if seen is None or self._seen is None else np.abs(seen - self._seen)
            self._still = None if moved is None else bool((moved <= self.arm.settle * self._dt).all())
            self._ticks += 1
        self._seen = None if seen is None else seen.copy()

    def _watch_following(self, measured: Array) -> None:
        away = np.abs(measured - self._sent)
        if max(away.tolist()) <= AHEAD:  # quicker than an array of so few, and what is nearly always so
            return
        beyond = away - AHEAD - AHEAD_TIME * np.abs(self._step) * self.rate
        if (beyond > 0.0).any():
            joint = int(np.argmax(beyond))
            self._latch("tracking", f"the arm does not follow: {self.arm.joints[joint]} is {away[joint]:.3f} away from its command")

    def _latch(self, cause: str, reason: str) -> None:
        if not self._reason:
            self._cause, self._reason, self._ticks = cause, reason, 0

    def _vector(self, values: Any) -> Array | None:
        """(n,) finite float64, or None for whatever else a caller may hand in."""
        if type(values) is not np.ndarray or values.dtype != np.float64:
            values = _converted(values)
        if values is None or values.shape != self._sent.shape or not isfinite(sum(values.tolist())):
            return None
        return values

    def _brake(self, why: str) -> GateStep:
        out = self._send(self._sent + self._limits.brake(self._sent, self._step, self._change), (why,))
        self._asked = self._sent
        return out

    def _follow(self, command: Array) -> GateStep:
        limits, sent, step, change = self._limits, self._sent, self._step, self._change
        if self._asked is sent and limits.clear(command - sent, sent, step, change):
            out = self._record(frozen(command), ())
            self._asked = self._sent
            return out
        target = np.minimum(np.maximum(command, limits.lower), limits.upper)
        wanted = target - sent
        moved = target - self._asked  # velocity feed-forward, unless the command jumped
        jumped = np.abs(moved) > limits.step * (1.0 + ROUNDING)
        behind = np.where(jumped, wanted, self._asked - sent)
        joins = np.abs(behind) <= self._join
        low, high = limits.interval(sent, step, change)
        above, below = (np.minimum(ROUNDING * np.abs(bound), self._slack) for bound in (high, low))
        inside = (wanted <= high + above) & (wanted >= low - below) & joins
        passes = inside & (target == command)
        if passes.all():
            out = self._send(target, ())
        else:
            catch_up = np.where(jumped, 0.0, moved) + stopping_step(behind, self._catch_up * limits.change, self._catch_ticks)
            allowed = np.minimum(np.maximum(catch_up, low), high)
            limited = self._names(~passes, np.where(inside, wanted, catch_up), target != command)
            out = self._send(np.where(inside, target, sent + allowed), limited)
        self._asked = self._sent if (self._sent == target).all() else frozen(target)
        return out

    def _names(self, held: Mask, wanted: Array, outside: Mask) -> tuple[str, ...]:
        limits, step = self._limits, self._step
        room = stopping_step(np.where(wanted > 0.0, limits.upper - self._sent, self._sent - limits.lower), limits.change)
        by_position = outside | ((np.abs(wanted) > room) & (room <= np.minimum(limits.step, limits.change + np.abs(step))))
        by_velocity, by_acceleration = np.abs(wanted) > limits.step, np.abs(wanted - step) > limits.change
        kinds = np.select([by_position, by_velocity, by_acceleration], ["position", "velocity", "acceleration"], "jerk")
        return tuple(f"{kind}:{joint}" for joint, kind, is_held in zip(self.arm.joints, kinds.tolist(), held.tolist(), strict=True) if is_held)

    def _send(self, position: Array, limited: tuple[str, ...]) -> GateStep:
        # Rounding takes no position out of its limits, or further out. Where there is no room to brake, acceleration and jerk hold instead.
        limits = self._limits
        inside = np.minimum(np.maximum(position, np.minimum(limits.lower, self._sent)), np.maximum(limits.upper, self._sent))
        return self._record(frozen(np.where(np.abs(position - inside) <= self._hair, inside, position)), limited)

    def _record(self, position: Array, limited: tuple[str, ...]) -> GateStep:
        step = position - self._sent
        change, velocity = step - self._step, step / self._dt
        for array in (step, change, velocity):
            array.setflags(write=False)
        self._change, self._step, self._sent = change, step, position
        return GateStep(position, velocity, limited, not self._reason, self._reason)


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
