"""What is known of the world between inputs: the latest pose of every object and the latest value of every signal."""

from __future__ import annotations

from collections.abc import Mapping
from math import dist

import numpy as np

from skillkit.pose import Array, Pose, frozen
from skillkit.protocols import Snapshot
from skillkit.spaces import ObjectInput, ObjectState, SignalInput

SPEED_WINDOW = 0.2  # [s] an object's speed is its mean speed over at least this long: single poses jitter
UNKNOWN_SIZE = frozen([0.0, 0.0, 0.0])


class Perception:
    """Gathers object and signal inputs; ``sizes`` are the objects' full extents [m], known beforehand."""

    def __init__(self, sizes: Mapping[str, Array]) -> None:
        self.sizes = {name: frozen(size) for name, size in sizes.items()}
        self.latest: dict[str, ObjectInput] = {}
        self.poses: dict[str, Pose] = {}
        self.history: dict[str, list[tuple[float, float, float, float]]] = {}  # (received, x, y, z), oldest first
        self.signals: dict[str, float] = {}

    def take(self, given: ObjectInput | SignalInput) -> None:
        """Consume one input; a pose that is not finite is passed over."""
        if isinstance(given, SignalInput):
            self.signals[given.name] = float(given.value)
            return
        values = (*given.position, *given.quaternion)
        if not all(abs(value) < 1e6 for value in values) or all(value == 0.0 for value in given.quaternion):
            return
        self.latest[given.name] = given
        self.poses[given.name] = Pose.from_quaternion(given.position, given.quaternion)
        track = self.history.setdefault(given.name, [])
        track.append((given.received, *given.position))
        while len(track) > 2 and given.received - track[1][0] >= SPEED_WINDOW:
            track.pop(0)

    def objects(self, now: float) -> dict[str, ObjectState]:
        """Every object seen so far, with its age."""
        return {
            name: ObjectState(self.poses[name], self.sizes.get(name, UNKNOWN_SIZE), now - latest.received, self._speed(name))
            for name, latest in self.latest.items()
        }

    def moved(self, left: Mapping[str, ObjectInput]) -> float:
        """How far the object that moved furthest is from where it was ``left`` [m]."""
        return max((dist(self.latest[name].position, given.position) for name, given in left.items()), default=0.0)

    def _speed(self, name: str) -> float:
        if name not in self.history:
            return 0.0
        first, last = self.history[name][0], self.history[name][-1]
        span = last[0] - first[0]
        return float(np.linalg.norm(np.subtract(last[1:], first[1:]))) / span if span > 0.0 else 0.0

    def snapshot(self) -> Snapshot:
        """Everything that inputs left behind."""
        return {
            "latest": {name: [i.stamp, i.received, list(i.position), list(i.quaternion)] for name, i in self.latest.items()},
            "history": {name: [list(entry) for entry in track] for name, track in self.history.items()},
            "signals": dict(self.signals),
        }

    def restore(self, snapshot: Snapshot) -> None:
        """The inverse of :meth:`snapshot`."""
        self.latest = {name: ObjectInput(name, s, r, (p[0], p[1], p[2]), (q[0], q[1], q[2], q[3])) for name, (s, r, p, q) in snapshot["latest"].items()}
        self.poses = {name: Pose.from_quaternion(i.position, i.quaternion) for name, i in self.latest.items()}
        self.history = {name: [(e[0], e[1], e[2], e[3]) for e in track] for name, track in snapshot["history"].items()}
        self.signals = dict(snapshot["signals"])
