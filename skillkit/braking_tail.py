"""What is sent behind every command, so that a driver that hears nothing more brings the arm to rest.

It is made at every tick, between the gate and the driver; on so few numbers plain floats are quicker than arrays.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import inf, isfinite
from typing import NamedTuple

from skillkit.embodiment import Embodiment
from skillkit.pose import Array

SHORTEST = 1e-5  # piece of a braking tail [s]: drivers count in nanoseconds


class BrakingTail(NamedTuple):
    """What follows a command so that silence means a stop, in plain numbers. Times count from the command's own time."""

    times: list[float]  # (k,) [s], strictly increasing, k ≥ 1
    positions: list[list[float]]  # (k, n) [rad] or [m]
    velocities: list[list[float]]  # (k, n) [rad/s] or [m/s], the last row is zero


def braking_tail(arm: Embodiment, position: Array, velocity: Array, spacing: float = 0.05) -> BrakingTail:
    """How the arm comes to rest from ``position`` (n,) and ``velocity`` (n,) when nothing more is sent.

    Constant deceleration; the joints stop together after ``max |v|/a`` where the position limits leave room for it, else earlier, each at its
    acceleration limit at most. Rows stand at every joint's stopping time and every ``spacing`` [s], so cubic interpolation is exact.
    From what the gate sends, every row is inside the position limits, and the cubics between them to 1e-9 rad or m.
    """
    speeds = [speed if isfinite(speed) else 0.0 for speed in velocity.tolist()]
    joints = zip(position.tolist(), speeds, arm.lower.tolist(), arm.upper.tolist(), arm.acceleration.tolist(), strict=True)
    stops = [(place, speed, *_stop(place, speed, *limits)) for place, speed, *limits in joints]
    together = max(SHORTEST, *(slowest for _, _, slowest, *_ in stops))
    plans = [(place, speed, _duration(speed, together, slowest, room), *ends) for place, speed, slowest, room, *ends in stops]
    times = _spaced([*(plan[2] for plan in plans), *(k * spacing for k in range(1, int(together / spacing) + 1))], together)
    rows = [[_braked(time, *plan) for plan in plans] for time in times]
    velocities = [[velocity for _, velocity in row] for row in rows]
    velocities[-1] = [0.0] * arm.n
    return BrakingTail(times, [[place for place, _ in row] for row in rows], velocities)


def _stop(position: float, speed: float, lower: float, upper: float, hardest: float) -> tuple[float, float, float, float]:
    """Time to stop at full deceleration [s], room to stop in, and the range that is not left."""
    room = upper - position if speed > 0.0 else position - lower
    return abs(speed) / hardest, max(room, 0.0), min(lower, position), max(upper, position)


def _duration(speed: float, together: float, slowest: float, room: float) -> float:
    if speed == 0.0:
        return 0.0
    return max(slowest, together if abs(speed) * together <= 2.0 * room else 2.0 * room / abs(speed))


def _braked(time: float, position: float, speed: float, duration: float, least: float, most: float) -> tuple[float, float]:
    """Position and velocity of a joint that brakes evenly for ``duration`` [s], at ``time``."""
    moved = min(time, duration)
    share = moved / duration if duration > 0.0 else 1.0
    return min(max(position + speed * moved * (1.0 - 0.5 * share), least), most), speed * (1.0 - share)


def _spaced(times: Iterable[float], last: float) -> list[float]:
    """The times between 0 and ``last``, and ``last``, in order; those closer than :data:`SHORTEST` to 0 or to the next one move up to there."""
    ordered = sorted({max(time, SHORTEST) for time in (*times, last) if 0.0 < time <= last})
    return [time for time, following in zip(ordered, [*ordered[1:], inf], strict=True) if following - time > SHORTEST]
