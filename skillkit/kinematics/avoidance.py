"""Keeping an arm off itself, off boxes and inside its workspace: rows in the controller's programme, only where something is near.

With the distance ``d`` of a pair, its gradient ``g`` by the joints (:mod:`skillkit.kinematics.collision`), and the distance kept ``k``, the next
displacement ``s`` obeys

    gᵀ s ≥ −max(0, d − k − b) / τ        the velocity damper, with the buffer b

Moving apart is always allowed. ``τ`` is the longest that a joint takes from its speed limit to rest, in ticks: an approach that decays with it
asks for no more deceleration than joints have that brake together, so the rows do not contradict the limits to first order. The limits are
hard, the rows soft. What is beyond first order is held by a look ahead: a displacement is only taken when the arm could come to rest after it with no pair
nearer than ``k``, or nearer than it is now where that is less. Else the arm brakes, along what was looked at one tick earlier.

Far from everything this costs one product: no point of an arm moves further than ``Σ Lᵢ |Δqᵢ|``, with the length ``Lᵢ`` of what joint i carries.
"""

from __future__ import annotations

from collections.abc import Callable
from math import isfinite
from typing import TypeAlias

import daqp
import numpy as np
from numpy.typing import NDArray

from skillkit.braking import JointLimits
from skillkit.kinematics.collision import Clearance, Collisions
from skillkit.pose import Array

Bounds: TypeAlias = Callable[[], tuple[Array, Array]]
Metric: TypeAlias = Callable[[], Array]

KEPT = 0.01  # [m] k
BUFFER = 0.005  # [m] b
WITHIN = 0.12  # [m] distances above this are not told apart
EXACT = 1e-6  # [m] to which distances are found
SOFT = 8  # of a row, in daqp
REACHED = 1e-3  # share of a row's scale within which it counts as active


class Avoidance:
    """What keeps one arm's displacements clear of ``collisions``. It holds no state that a result depends on."""

    def __init__(self, collisions: Collisions, limits: JointLimits, kept: float = KEPT) -> None:
        """``kept`` [m] is the distance that no pair comes below."""
        self.collisions, self.limits, self.kept = collisions, limits, kept
        self._ticks = float((limits.step / limits.change).max()) + limits.ramp + 1.0  # τ
        self._levers = collisions.levers()
        self._seen: tuple[Array, Clearance] | None = None  # where distances were looked at last, and what was near

    def held(self, wanted: Array, position: Array, bounds: Bounds, metric: Metric) -> tuple[Array | None, tuple[str, ...]]:
        """The displacement (n,) inside its ``bounds`` that keeps clear and is nearest to ``wanted`` (n,), which is inside them, and what holds it.

        Near by ``metric`` (n, n), in shares of the speed limits. ``wanted`` itself where nothing is near; None where the arm has to brake instead.
        """
        if self._far(wanted, position):
            return wanted, ()
        near = self._look(position)
        least = -np.maximum(0.0, near.distances - self.kept - BUFFER) / self._ticks
        chosen = wanted
        names: tuple[str, ...] = ()
        if (near.gradients @ wanted < least).any():
            chosen = self._nearest(wanted, near.gradients, least, *bounds(), metric())
            reached = near.gradients @ chosen <= least + REACHED * np.abs(near.gradients) @ self.limits.step
            names = _names(near, reached)
        blocking = self._blocking(chosen, position, near)
        return (None, blocking) if blocking else (chosen, names)

    def _far(self, wanted: Array, position: Array) -> bool:
        """Whether nothing can be near enough to matter, by what was seen last."""
        if self._seen is None:
            return False
        place, near = self._seen
        moved = np.abs(position - place) + (1.0 + self._ticks) * np.abs(wanted)
        return _nearest_of(near) - float(self._levers @ moved) > self.kept + BUFFER

    def _look(self, position: Array) -> Clearance:
        if self._seen is None or self._seen[0] is not position:
            self._seen = position, self.collisions.clearance(position, WITHIN)
        return self._seen[1]

    def _nearest(self, wanted: Array, rows: Array, least: Array, low: Array, high: Array, metric: Array) -> Array:
        scale = self.limits.step
        scaled = rows * scale
        sizes = np.maximum(np.abs(scaled).max(axis=1), 1e-12)
        count = len(sizes)
        senses = np.concatenate((np.zeros(len(scale), dtype=np.int32), np.full(count, SOFT, dtype=np.int32)))
        upper = np.concatenate((high / scale, np.full(count, 1e30)))
        lower = np.concatenate((low / scale, least / sizes))
        found, _, status, _ = daqp.solve(metric, -(metric @ (wanted / scale)), np.ascontiguousarray(scaled / sizes[:, None]), upper, lower, senses)
        chosen = np.asarray(found) * scale
        if status not in (1, 2) or not isfinite(sum(chosen.tolist())):
            chosen = np.zeros(len(scale))
        return np.minimum(np.maximum(chosen, low), high)

    def _blocking(self, chosen: Array, position: Array, near: Clearance) -> tuple[str, ...]:
        """What would be too near where the arm comes to rest after ``chosen``; empty if nothing."""
        ticks = float((np.abs(chosen) / self.limits.change).max()) + self.limits.ramp
        way = (1.0 + 0.5 * ticks) * chosen
        if _nearest_of(near) - float(self._levers @ np.abs(way)) > self.kept:
            return ()
        ahead = self.collisions.clearance(position + way, self.kept)
        if not len(ahead.distances):
            return ()
        now = _least(near)
        worse = [distance < min(self.kept, now.get(names, self.kept)) - EXACT for names, distance in zip(ahead.names, ahead.distances.tolist(), strict=True)]
        return _names(ahead, np.array(worse))


def _nearest_of(found: Clearance) -> float:
    return float(found.distances[0]) if len(found.distances) else WITHIN


def _least(found: Clearance) -> dict[tuple[str, str], float]:
    """The smallest distance of each pair of names."""
    return dict(reversed(list(zip(found.names, found.distances.tolist(), strict=True))))


def _names(found: Clearance, chosen: NDArray[np.bool_]) -> tuple[str, ...]:
    """What ``active_limits`` calls the chosen entries, for example ``"collision:link5~wall"``."""
    return tuple(dict.fromkeys(f"collision:{'~'.join(names)}" for names, taken in zip(found.names, chosen.tolist(), strict=True) if taken))
