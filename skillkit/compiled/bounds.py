"""What each joint may do in the next tick, compiled: :mod:`skillkit.braking` joint by joint, operation by operation, so that it is bit-equal.

``table`` holds five numbers per joint: lower, upper, and per tick the speed V, its change A and the jerk J; see there for the law.
"""

from __future__ import annotations

from math import inf, sqrt

from skillkit.braking import HAIR
from skillkit.compiled.machine_code import entry, inline
from skillkit.pose import Array

WIDTH = 5  # numbers per joint in the table


@inline
def stopping(distance: float, change: float, ticks: float) -> float:
    """:func:`skillkit.braking.stopping_step`."""
    return 2.0 * distance / (ticks + sqrt(ticks * ticks + 2.0 * abs(distance) / change))


@inline
def highest(room: float, step: float, fastest: float, change: float, jerk: float, ramp: int) -> float:
    """Largest next displacement whose hardest braking keeps the speed limit and fits into ``room``."""
    first = min(max(stopping(room, change, 1.0), -fastest), fastest)
    if ramp <= 1:
        return first
    planned, least = (1.0 - HAIR) * jerk, inf
    for i in range(ramp):
        weight = 1.0 + 0.5 * i
        reached = first
        if i > 0:
            left = room - 0.5 * i * step - planned * (i * (i + 1.0) * (i + 2.0) / 12.0)
            reached = 2.0 * left / (weight + sqrt(weight * weight + 2.0 * max(left, 0.0) / change))
            reached = min(max(reached, -fastest), fastest)
        least = min(least, (reached + i * step + planned * (0.5 * i * (i + 1.0))) / (i + 1.0))
    return least


@inline
def bound(place: float, step: float, change: float, table: Array, j: int, ramp: int) -> tuple[float, float]:
    """Lowest and highest next displacement of joint ``j``."""
    lower, upper, fastest, hardest, jerk = table[j], table[j + 1], table[j + 2], table[j + 3], table[j + 4]
    least = step + max(change - jerk, -hardest)
    most = step + min(change + jerk, hardest)
    high = max(min(highest(upper - place, step, fastest, hardest, jerk, ramp), most), least)
    low = min(max(-highest(place - lower, -step, fastest, hardest, jerk, ramp), least), most)
    if place > upper:
        high = max(low, high)
    else:
        low = min(low, high)
    return max(low, step - hardest), min(high, step + hardest)


@inline
def released(step: float, jerk: float, ramp: int) -> float:
    """Largest next displacement from which acceleration can be released before the displacement exceeds 0."""
    planned, least = (1.0 - HAIR) * jerk, inf
    for i in range(max(1, ramp)):
        least = min(least, (i * step + planned * (0.5 * i * (i + 1.0))) / (i + 1.0))
    return least


@inline
def slow(place: Array, step: Array, change: Array, table: Array, ramp: int, low: Array, high: Array, out: Array) -> None:
    """Next displacement (n,) on the way to rest; ``low`` and ``high`` (n,) receive the bounds."""
    ratio = -inf
    for k in range(step.size):
        low[k], high[k] = bound(place[k], step[k], change[k], table, WIDTH * k, ramp)
        jerk = table[WIDTH * k + 4]
        slowest = -released(-step[k], jerk, ramp) if step[k] >= 0.0 else released(step[k], jerk, ramp)
        out[k] = min(max(slowest, low[k]), high[k])
        ratio = max(ratio, out[k] / step[k] if step[k] != 0.0 else 0.0)
    share = min(max(ratio, 0.0), 1.0)
    for k in range(step.size):
        together = share * step[k]
        wanted = max(together, out[k]) if step[k] >= 0.0 else min(together, out[k])
        if abs(wanted) <= HAIR * table[WIDTH * k + 3]:
            wanted = 0.0
        out[k] = min(max(wanted, low[k]), high[k])


@inline
def inside(wanted: Array, place: Array, step: Array, change: Array, table: Array, ramp: int) -> bool:
    """Whether the next displacement (n,) is clearly inside the bounds, by a test that is quick and errs on the side of no."""
    for k in range(wanted.size):
        j = WIDTH * k
        lower, upper, fastest, hardest, jerk = table[j], table[j + 1], table[j + 2], table[j + 3], table[j + 4]
        ahead = wanted[k] - step[k]
        if not (-hardest <= ahead <= hardest and -jerk <= ahead - change[k] <= jerk):
            return False
        peak = abs(wanted[k])
        if ramp > 1:
            peak += ahead * ahead / (2.0 * jerk)
        room = peak * (ramp + 1.0 + peak / (2.0 * hardest))
        if peak > fastest or place[k] + room > upper or place[k] - room < lower:
            return False
    return True


@entry("b: V V V V V i")
def clear(wanted: Array, place: Array, step: Array, change: Array, table: Array, ramp: int) -> bool:
    """:meth:`skillkit.braking.JointLimits.clear`."""
    return bool(inside(wanted, place, step, change, table, ramp))


@entry("n: V V V V i v v")
def interval(place: Array, step: Array, change: Array, table: Array, ramp: int, low: Array, high: Array) -> None:
    """:meth:`skillkit.braking.JointLimits.interval` into ``low`` and ``high`` (n,)."""
    for k in range(step.size):
        low[k], high[k] = bound(place[k], step[k], change[k], table, WIDTH * k, ramp)


@entry("n: V V V V i v v v")
def brake(place: Array, step: Array, change: Array, table: Array, ramp: int, low: Array, high: Array, out: Array) -> None:
    """:meth:`skillkit.braking.JointLimits.brake` into ``out`` (n,)."""
    slow(place, step, change, table, ramp, low, high, out)
