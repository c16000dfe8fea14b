"""What each joint may do in the next tick so that it can always stop: position, velocity, acceleration and jerk limits, exact by tick.

Per joint, with position ``q``, displacement per tick ``s = q[k] − q[k−1]``, its change ``c = s[k] − s[k−1]`` and the per-tick limits
``V = v·dt``, ``A = a·dt²``, ``J = j·dt³``, the next displacement ``s′ = s + c′`` obeys ``|c′| ≤ A`` and ``|c′ − c| ≤ J``. It also has to leave
a way out. The hardest braking from there is ``c_i = max(c′ − iJ, −A)``, ``s_i = s′ + c_1 + … + c_i``, and at each of its ticks

    s_i ≤ V    and    s′ + s_1 + … + s_i + s_i²/(2A) ≤ upper − q

must hold: the speed limit, and the braking distance at full deceleration counted from the point reached by then. States that fulfil this form an
invariant set, because the hardest braking of this tick is part of the one planned in the tick before. Solved for ``s′``, with
``b = 1 + i/2`` and the room left ``d_i = upper − q − i s/2 − J i(i+1)(i+2)/12``, tick ``i`` demands

    s′ ≤ (x_i + i s + J i(i+1)/2) / (i+1),    x_i = min(V, 2 d_i / (b + √(b² + 2 d_i/A)))

and only the ticks before full deceleration is reached count. With ``J ≥ 2A`` that is ``i = 0`` alone, the law without jerk. The lower
limit is the mirror image.
"""

from __future__ import annotations

from math import ceil

import numpy as np

from skillkit.embodiment import Embodiment
from skillkit.pose import Array, frozen

UNLIMITED = 1e9  # stands for a position limit at infinity
HAIR = 1e-6  # share of the jerk limit that plans leave unused, so that rounding over a long ramp cannot use up the room
SHARES = 8  # shares that are tried between two speed limits
AT_BOUND = 1e-9  # share of a limit within which a value counts as being at it


class JointLimits:
    """The limits of every joint of an arm, per tick of one period."""

    def __init__(self, arm: Embodiment, period: float, share: float = 1.0, edge: float = 0.0, speed: float = 1.0) -> None:
        """``period`` [s] between commands. Used are a ``share`` of all limits but position, ``speed`` of the velocity and all but ``edge`` of the range."""
        self.joints = arm.joints
        lower, upper = np.maximum(arm.lower, -UNLIMITED), np.minimum(arm.upper, UNLIMITED)
        margin = edge * (upper - lower)
        self.lower, self.upper = frozen(lower + margin), frozen(upper - margin)
        self.step = frozen(speed * share * arm.velocity * period)  # (n,) V
        self.jerk = frozen(share * arm.jerk * period**3)  # (n,) J
        self.change = frozen(np.minimum(share * arm.acceleration * period**2, _releasable(self.step, self.jerk, self.upper - self.lower)))  # (n,) A
        self.ramp = ceil(float((2.0 * self.change / self.jerk).max()) - AT_BOUND)  # ticks from full acceleration to full deceleration
        ticks = np.arange(max(1, self.ramp))[:, None]
        self._rows = tuple(zip(*(x.tolist() for x in (self.lower, self.upper, self.step, self.change, self.jerk)), strict=True))
        self._clear_rows = tuple((*row, row[2] * (self.ramp + 1.0 + row[2] / (2.0 * row[3]))) for row in self._rows)  # … and the room that full speed needs
        self.table = frozen(np.array(self._rows).ravel())  # (5 n,) the same in one row
        self._ticks = frozen(ticks)  # (k, 1) i
        self._parts = frozen(ticks + 1.0)  # i + 1
        self._weight = frozen(1.0 + 0.5 * ticks)  # b
        planned = (1.0 - HAIR) * self.jerk
        self._speed_lost = frozen(planned * (0.5 * ticks * (ticks + 1.0)))  # (k, n)
        self._room_lost = frozen(planned * (ticks * (ticks + 1.0) * (ticks + 2.0) / 12.0))  # (k, n)

    def interval(self, position: Array, step: Array, change: Array) -> tuple[Array, Array]:
        """Lowest and highest next displacement (n,), from ``position``, the last displacement ``step`` and the last ``change`` of it, all (n,).

        From a state that breaks a limit the interval is the hardest way back that acceleration and jerk allow.
        """
        least = step + np.maximum(change - self.jerk, -self.change)
        most = step + np.minimum(change + self.jerk, self.change)
        high = np.maximum(np.minimum(self._highest(self.upper - position, step), most), least)
        low = np.minimum(np.maximum(-self._highest(position - self.lower, -step), least), most)
        above = position > self.upper  # on the way back from there speed, acceleration and jerk hold first, as they do from below
        high, low = np.where(above, np.maximum(low, high), high), np.where(above, low, np.minimum(low, high))
        return np.maximum(low, step - self.change), np.minimum(high, step + self.change)

    def brake(self, position: Array, step: Array, change: Array) -> Array:
        """Next displacement (n,) on the way to rest: joints stop together, or earlier where a position limit is near, and none turns round."""
        low, high = self.interval(position, step, change)
        forward = step >= 0.0
        slowest = np.where(forward, -self._fastest(-step), self._fastest(step))  # where braking can still be released before rest
        hardest = np.minimum(np.maximum(slowest, low), high)
        ratio = float(np.max(np.divide(hardest, step, out=np.zeros_like(step), where=step != 0.0)))
        together = min(max(ratio, 0.0), 1.0) * step
        wanted = np.where(forward, np.maximum(together, hardest), np.minimum(together, hardest))
        wanted = np.where(np.abs(wanted) <= HAIR * self.change, 0.0, wanted)
        return np.minimum(np.maximum(wanted, low), high)

    def clear(self, wanted: Array, position: Array, step: Array, change: Array) -> bool:
        """Whether the next displacement ``wanted`` (n,) is clearly inside :meth:`interval`, by a test that is quick and errs on the side of no."""
        ramp = self.ramp
        rows = zip(wanted.tolist(), position.tolist(), step.tolist(), change.tolist(), self._clear_rows, strict=True)
        for next_step, place, last_step, last_change, (lower, upper, fastest, hardest, jerk, room) in rows:
            next_change = next_step - last_step
            if not (-hardest <= next_change <= hardest and -jerk <= next_change - last_change <= jerk):
                return False
            peak = abs(next_step)
            if ramp > 1:
                peak += next_change * next_change / (2.0 * jerk)  # the change that is under way has to be released first
            if not peak <= fastest:
                return False
            if place + room > upper or place - room < lower:  # at full speed; else as fast as it is
                needed = peak * (ramp + 1.0 + peak / (2.0 * hardest))
                if place + needed > upper or place - needed < lower:
                    return False
        return True

    def names(self, chosen: Array, step: Array, change: Array, low: Array, high: Array) -> tuple[str, ...]:
        """Which limits hold the next displacement ``chosen`` (n,) between ``low`` and ``high``, for example ``"velocity:joint2"``."""
        found = []
        rows = zip(chosen.tolist(), step.tolist(), change.tolist(), low.tolist(), high.tolist(), self._rows, self.joints, strict=True)
        for next_step, last_step, last_change, least, most, (_, _, fastest, hardest, jerk), joint in rows:
            slack = AT_BOUND * hardest
            if least + slack < next_step < most - slack:
                continue
            next_change = next_step - last_step
            if abs(next_step) >= fastest - slack:
                found.append(f"velocity:{joint}")
            elif abs(next_change) >= hardest - slack:
                found.append(f"acceleration:{joint}")
            else:
                found.append(f"{'jerk' if abs(next_change - last_change) >= jerk - slack else 'position'}:{joint}")
        return tuple(found)

    def _highest(self, room: Array, step: Array) -> Array:
        """(n,) largest next displacement whose hardest braking keeps the speed limit and fits into ``room`` (n,)."""
        if self.ramp <= 1:
            return np.minimum(np.maximum(stopping_step(room, self.change), -self.step), self.step)
        left = room - 0.5 * self._ticks * step - self._room_lost
        reached = 2.0 * left / (self._weight + np.sqrt(self._weight * self._weight + 2.0 * np.maximum(left, 0.0) / self.change))
        reached[0] = stopping_step(room, self.change)
        return ((np.minimum(np.maximum(reached, -self.step), self.step) + self._ticks * step + self._speed_lost) / self._parts).min(axis=0)

    def _fastest(self, step: Array) -> Array:
        """(n,) largest next displacement from which acceleration can be released before the displacement exceeds 0."""
        return ((self._ticks * step + self._speed_lost) / self._parts).min(axis=0)


def stopping_step(distance: Array, change: Array, ticks: float | Array = 1.0) -> Array:
    """Displacement per tick that stops within ``distance``, braking ``change`` per tick at most; odd in ``distance``.

    It solves ``distance = ticks·s + s²/(2·change)``: far away the square-root profile of constant deceleration, close by an
    exponential approach that closes ``1/ticks`` of the distance per tick.
    """
    return 2.0 * distance / (ticks + np.sqrt(ticks * ticks + 2.0 * np.abs(distance) / change))


def fitting_share(arm: Embodiment, period: float, wanted: float, kept: float, position: Array, step: Array, change: Array) -> float:
    """The lowest share of the velocity limits, from ``wanted`` up to the one ``kept`` so far, that an arm in this state can change over to.

    A lower speed limit is braked for more gently, with less acceleration to release: under it the acceleration must not be too large already, nor a
    position limit too near. As the arm slows down the share falls to what is wanted.
    """
    for part in (wanted, *np.geomspace(wanted, kept, SHARES)[1:-1].tolist()) if wanted < kept else (wanted,):
        limits = JointLimits(arm, period, speed=part)
        up, down = (np.maximum(sign * step, 0.0) + np.maximum(sign * change, 0.0) ** 2 / (2.0 * limits.jerk) for sign in (1.0, -1.0))
        above, below = (peak * (limits.ramp + 1.0 + peak / (2.0 * limits.change)) for peak in (up, down))
        inside = (position + above <= np.maximum(limits.upper, position)) & (position - below >= np.minimum(limits.lower, position))
        if wanted >= kept or (inside & (np.abs(change) <= limits.change)).all():
            return part
    return kept


def _releasable(step: Array, jerk: Array, span: Array) -> Array:
    """(n,) largest change per tick whose release to 0 costs at most half the speed limit and a small part of the range: no bound then meets its opposite."""
    by_speed = jerk * (np.sqrt(0.25 + step / jerk) - 0.5)  # A²/(2J) + A/2 = V/2
    by_range = jerk * np.cbrt(span / (4.0 * jerk))  # A³/J² = span/4
    return np.maximum(np.minimum(by_speed, by_range), 0.5 * jerk)
