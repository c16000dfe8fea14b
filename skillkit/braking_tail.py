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


def braking_tail(arm: Embodiment, position: Array, velocity: Array, spacing: float = 0.1) -> BrakingTail:
    """How the arm comes to rest from ``position`` (n,) and ``velocity`` (n,) when nothing more is sent.

    Constant deceleration; the joints stop together after ``max |v|/a`` where the position limits leave room for it, else earlier, each at its
    acceleration limit at most. Rows stand at every joint's stopping time, so cubic interpolation is exact, and every ``spacing`` [s].
    From what the gate sends, every row is inside the position limits, and the cubics between them to 1e-9 rad or m.
    """
    speeds = [speed if isfinite(speed) else 0.0 for speed in velocity.tolist()]
    slowest = [abs(speed) / hardest for speed, hardest in zip(speeds, arm.acceleration.tolist(), strict=True)]  # to stop at full deceleration [s]
    together = max(SHORTEST, *slowest)
    joints = zip(position.tolist(), speeds, slowest, arm.lower.tolist(), arm.upper.tolist(), strict=True)
    stops = [(place, speed, _duration(place, speed, together, *rest), *rest[1:]) for place, speed, *rest in joints]
    times = _spaced([*(stop[2] for stop in stops), *(k * spacing for k in range(1, int(together / spacing) + 1))], together)
    columns = [_column(times, *stop) for stop in stops]
    velocities = [list(row) for row in zip(*(column[1] for column in columns), strict=True)]
    velocities[-1] = [0.0] * arm.n
    return BrakingTail(times, [list(row) for row in zip(*(column[0] for column in columns), strict=True)], velocities)


def _duration(place: float, speed: float, together: float, slowest: float, lower: float, upper: float) -> float:
    """How long a joint brakes [s]: as long as all the others, or as its room demands."""
    way = abs(speed) * together
    room = upper - place if speed > 0.0 else place - lower
    return together if way <= 2.0 * room else max(slowest, 2.0 * max(room, 0.0) / abs(speed)) if way > 0.0 else 0.0


def _column(times: Iterable[float], place: float, speed: float, duration: float, lower: float, upper: float) -> tuple[list[float], list[float]]:
    """Positions and velocities of a joint that brakes evenly for ``duration`` [s]."""
    least, most = min(lower, place), max(upper, place)
    places, speeds = [], []
    for time in times:
        moved = time if time < duration else duration
        share = moved / duration if duration > 0.0 else 1.0
        places.append(min(max(place + speed * moved * (1.0 - 0.5 * share), least), most))
        speeds.append(speed * (1.0 - share))
    return places, speeds


def _spaced(times: Iterable[float], last: float) -> list[float]:
    """The times between 0 and ``last``, and ``last``, in order; those closer than :data:`SHORTEST` to 0 or to the next one move up to there."""
    ordered = sorted({max(time, SHORTEST) for time in (*times, last) if 0.0 < time <= last})
    return [time for time, following in zip(ordered, [*ordered[1:], inf], strict=True) if following - time > SHORTEST]
