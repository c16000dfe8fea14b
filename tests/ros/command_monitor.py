"""An independent look at what a controller receives: everything that was sent, laid out as the controller follows it and sampled at 1 kHz."""

from __future__ import annotations

import time
from collections.abc import Mapping
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from trajectory_msgs.msg import JointTrajectory

from skillkit.embodiment import Embodiment
from skillkit.ros.follower import TrajectoryFollower

GRID = 0.001  # [s]
PAUSE = 0.3  # [s] of silence after which a new stream begins, at rest
ROUNDING = 1e-5  # share of a limit: times in messages are whole nanoseconds


class Shares(NamedTuple):
    """Largest values as shares of the arm's limits: of the set points, and at 1 kHz of the cubics that a controller lays through them.

    Jerk is the change of acceleration over one control period: between two set points a controller's acceleration is constant.
    """

    velocity: float
    acceleration: float
    jerk: float
    followed_velocity: float
    followed_acceleration: float
    followed_jerk: float

    @property
    def inside(self) -> bool:
        """Whether every one of them is within its limit."""
        return max(self) <= 1.0 + ROUNDING


class Monitor:
    """Takes what one arm's controller is sent."""

    def __init__(self, model: Embodiment) -> None:
        self.model, self.period = model, 1.0 / model.control_rate
        self.forget()

    def forget(self) -> None:
        """Begin anew."""
        self.messages: list[tuple[float, int, JointTrajectory]] = []

    def take(self, message: JointTrajectory, info: Mapping[str, int]) -> None:
        """One message, as it arrives."""
        self.messages.append((time.monotonic(), info["publication_sequence_number"], message))

    @property
    def lost(self) -> int:
        """Messages that were sent and did not arrive here: the controller may have had them."""
        return sum(after - before - 1 for (_, before, _), (_, after, _) in pairwise(self.messages))

    def shares(self) -> Shares:
        """Of everything since the beginning."""
        found = np.zeros(len(Shares._fields))
        for stream in self._streams():
            found = np.maximum(found, [*self._of_points(stream), *self._of_followed(stream)])
        return Shares(*found.tolist())

    def _streams(self) -> list[list[JointTrajectory]]:
        """Runs of messages of which none is missing."""
        streams: list[list[JointTrajectory]] = []
        last, expected = -PAUSE, -1
        for arrived, number, message in list(self.messages):
            if arrived - last >= PAUSE or number != expected:
                streams.append([])
            streams[-1].append(message)
            last, expected = arrived, number + 1
        return streams

    def _of_points(self, stream: list[JointTrajectory]) -> tuple[float, float, float]:
        """A set point is the middle of a displacement."""
        steps = np.diff(np.array([message.points[0].positions for message in stream]), axis=0) / self.period
        accelerations = np.diff(steps, axis=0) / self.period
        return self._largest(steps, accelerations, np.diff(accelerations, axis=0) / self.period)

    def _of_followed(self, stream: list[JointTrajectory]) -> tuple[float, float, float]:
        """Messages of one stream are laid one control period apart, which is how the runtime times them; the last one's tail is played out.

        What led to the first one is not known: its set point is where the look begins.
        """
        follower, now, speeds, cycle = TrajectoryFollower(np.array(stream[0].points[0].positions)), 0.0, [], round(self.period / GRID)
        for message in stream:
            times = [p.time_from_start.sec + 1e-9 * p.time_from_start.nanosec for p in message.points]
            positions, velocities = [list(p.positions) for p in message.points], [list(p.velocities) for p in message.points]
            follower.replace(now, times, positions, velocities)
            speeds += [follower.at(now + step * GRID)[1] for step in range(1, cycle + 1)]
            now += self.period
        speeds = speeds[cycle - 1 :]
        streamed = len(speeds)
        speeds += [follower.at(now + step * GRID)[1] for step in range(1, round(1.0 / GRID))]
        accelerations = np.diff(np.array(speeds), axis=0) / GRID
        within = accelerations[: streamed - 1]  # the tail brakes at once, with all that the acceleration limit allows
        jerks = (within[cycle:] - within[:-cycle]) / self.period
        return self._largest(np.array(speeds), accelerations, jerks)

    def _largest(self, velocity: np.ndarray, acceleration: np.ndarray, jerk: np.ndarray) -> tuple[float, float, float]:
        model = self.model
        return _share(velocity, model.velocity), _share(acceleration, model.acceleration), _share(jerk, model.jerk)


def _share(values: np.ndarray, limit: np.ndarray) -> float:
    return float((np.abs(values) / limit).max()) if values.size else 0.0
