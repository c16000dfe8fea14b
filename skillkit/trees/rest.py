"""Rest: what a cleanup and a budget wait for."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from skillkit.option import EPSILON
from skillkit.spaces import Observation
from skillkit.trees.run import Run

REST_SPEED = 0.02  # [rad/s] as ``at_rest()`` judges
REST_TIME = 0.1  # [s] a joint state may be this old: an arm that has just been told to move still looks at rest


def moving(observation: Observation, arms: Iterable[str]) -> bool:
    """Whether one of the arms is not at rest."""
    seen = [observation.arms.get(arm) for arm in arms]
    return any(arm is not None and float(np.max(np.abs(arm.velocity), initial=0.0)) > REST_SPEED for arm in seen)


class Rest:
    """Whether arms have been at rest for long enough; ``since`` when they have been [s], ``None`` while nobody waits."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.since: float | None = None

    def reached(self, arms: Iterable[str]) -> bool:
        """To be asked from the moment of waiting on; asks for a tick in every control step until it is so."""
        if self.since is None or moving(self.run.seen, arms):
            self.since = self.run.now
        if self.run.now >= self.since + REST_TIME - EPSILON:
            return True
        self.run.wake_at(self.run.now)
        return False
