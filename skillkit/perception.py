"""What is known of the world between inputs: the latest pose of every object, value of every signal and answer to every question."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from math import dist, isfinite

import numpy as np

from skillkit.pose import Array, Pose, frozen, norm
from skillkit.protocols import Snapshot
from skillkit.spaces import Answer, AnswerInput, Glance, ObjectInput, ObjectState, SignalInput

SPEED_WINDOW = 0.2  # [s] an object's speed is its mean speed over at least this long: single poses jitter
FARTHEST = 1e6  # [m] what is further away is no pose
UNKNOWN_SIZE = frozen([0.0, 0.0, 0.0])


class Sighting:
    """One object as it was seen last; pose and speed are worked out when somebody asks."""

    def __init__(self, given: ObjectInput, since: tuple[float, float, float, float], size: Array) -> None:
        """``since`` is the oldest entry (received, x, y, z) that its speed counts from."""
        self.given, self.since, self.size = given, since, size

    @cached_property
    def pose(self) -> Pose:
        """``transform_object_to_world``."""
        return Pose.from_quaternion(self.given.position, self.given.quaternion)

    @cached_property
    def speed(self) -> float:
        """Mean speed of its centre since the oldest entry [m/s]."""
        span = self.given.received - self.since[0]
        return norm(np.subtract(self.given.position, self.since[1:])) / span if span > 0.0 else 0.0

    def at(self, now: float) -> ObjectState:
        """The object as observed at ``now`` [s]."""
        return ObjectState(self.pose, self.size, now - self.given.received, self.speed)


class Perception:
    """Gathers object and signal inputs; ``sizes`` are the objects' full extents [m], known beforehand."""

    def __init__(self, sizes: Mapping[str, Array]) -> None:
        self.sizes = {name: frozen(size) for name, size in sizes.items()}
        self.sightings: dict[str, Sighting] = {}
        self.history: dict[str, list[tuple[float, float, float, float]]] = {}  # (received, x, y, z), oldest first
        self.signals: dict[str, float] = {}
        self.answers: dict[str, Answer] = {}

    def take(self, given: ObjectInput | SignalInput | AnswerInput) -> None:
        """Consume one input; a pose that is not finite is passed over."""
        if isinstance(given, ObjectInput):
            self._look(given)
        elif isinstance(given, SignalInput):
            self.signals[given.name] = float(given.value)
        else:
            self.answers[given.question] = Answer(given.answer, 1 + max((answer.count for answer in self.answers.values()), default=0))

    def _look(self, given: ObjectInput) -> None:
        known = self.sightings.get(given.name)
        stands = known is not None and given.position == known.given.position and given.quaternion == known.given.quaternion
        if not (stands or _plausible(given)):
            return
        track = self.history.get(given.name)
        if track is None:
            track = self.history[given.name] = []
        track.append((given.received, *given.position))
        while len(track) > 2 and given.received - track[1][0] >= SPEED_WINDOW:
            track.pop(0)
        self._see(given, track)

    @property
    def latest(self) -> dict[str, ObjectInput]:
        """The last input of every object."""
        return {name: sighting.given for name, sighting in self.sightings.items()}

    def _see(self, given: ObjectInput, track: list[tuple[float, float, float, float]]) -> None:
        self.sightings[given.name] = Sighting(given, track[0], self.sizes.get(given.name, UNKNOWN_SIZE))

    def objects(self, now: float) -> Mapping[str, ObjectState]:
        """Every object seen so far, with its age."""
        return Glance(dict(self.sightings), lambda sighting: sighting.at(now))

    def ages(self, now: float) -> Iterator[tuple[str, float]]:
        """How long ago each was seen [s]."""
        for name, one in self.sightings.items():
            yield name, now - one.given.received

    def moved(self, left: Mapping[str, ObjectInput]) -> float:
        """How far the object that moved furthest is from where it was ``left`` [m]."""
        return max((dist(self.sightings[name].given.position, given.position) for name, given in left.items()), default=0.0)

    def snapshot(self) -> Snapshot:
        """Everything that inputs left behind."""
        return {
            "latest": {name: [i.stamp, i.received, list(i.position), list(i.quaternion)] for name, i in self.latest.items()},
            "history": {name: [list(entry) for entry in track] for name, track in self.history.items()},
            "signals": dict(self.signals),
            "answers": {question: [answer.text, answer.count] for question, answer in self.answers.items()},
        }

    def restore(self, snapshot: Snapshot) -> None:
        """The inverse of :meth:`snapshot`."""
        self.history = {name: [(e[0], e[1], e[2], e[3]) for e in track] for name, track in snapshot["history"].items()}
        self.sightings, self.signals = {}, dict(snapshot["signals"])
        self.answers = {question: Answer(text, count) for question, (text, count) in snapshot["answers"].items()}
        for name, (stamp, received, p, q) in snapshot["latest"].items():
            given = ObjectInput(name, stamp, received, (p[0], p[1], p[2]), (q[0], q[1], q[2], q[3]))
            self._see(given, self.history.get(name) or [(received, *given.position)])


def _plausible(given: ObjectInput) -> bool:
    values = (*given.position, *given.quaternion)
    return isfinite(sum(values)) and min(values) > -FARTHEST and max(values) < FARTHEST and any(given.quaternion)
