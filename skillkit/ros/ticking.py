"""An absolute schedule on the monotonic clock, and how well it was kept."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping

import numpy as np

REMEMBERED = 6_000  # ticks whose times are kept: one minute at 100 Hz


class Remembered:
    """The last :data:`REMEMBERED` of many times [s]."""

    def __init__(self) -> None:
        self._values, self._count = np.zeros(REMEMBERED), 0

    def add(self, value: float) -> None:
        """One more."""
        self._values[self._count % REMEMBERED] = value
        self._count += 1

    def percentiles(self, name: str, **wanted: float) -> dict[str, float]:
        """``<name>_<label>_ms`` of every label → percentile; nothing where nothing was added."""
        values = self._values[: self._count]
        if not values.size:
            return {}
        found = np.percentile(values, list(wanted.values())) * 1e3
        return {f"{name}_{label}_ms": value for label, value in zip(wanted, found.tolist(), strict=True)}


class Schedule:
    """Ticks at ``start + k · period``; a tick that is over before it began is counted as missed, not made up for."""

    def __init__(self, period: float) -> None:
        self.period = period
        self.start = time.monotonic()
        self.tick = -1
        self.missed = 0
        self._began = self.start
        self._late, self._busy = Remembered(), Remembered()

    def skip(self) -> None:
        """Go on with the present tick: those that passed before anything could be done in them were not missed."""
        self.tick = max(self.tick, int(self.now() / self.period))

    def sleep(self, before: float) -> bool:
        """Sleep until ``before`` [s] the next tick; whether there was time to."""
        left = self.start + self.next - before - time.monotonic()
        if left > 0.0:
            time.sleep(left)
        return left > 0.0

    @property
    def overdue(self) -> float:
        """Time since the current tick was due [s]."""
        return time.monotonic() - self.due

    @property
    def next(self) -> float:
        """When the next tick is due, task clock [s]."""
        return (self.tick + 1) * self.period

    def wait(self, stop: threading.Event) -> float:
        """Sleep until the next tick; its time on the task clock [s], which is the scheduled one."""
        self.tick += 1
        late = time.monotonic() - self.due
        if late > self.period:
            passed = int(late / self.period)
            self.missed += passed
            self.tick += passed
        while (left := self.due - time.monotonic()) > 0.0 and not stop.is_set():
            time.sleep(min(left, 0.1))
        self._began = time.monotonic()
        self._late.add(self._began - self.due)
        return self.tick * self.period

    @property
    def due(self) -> float:
        """When the current tick is due, monotonic clock [s]."""
        return self.start + self.tick * self.period

    def now(self) -> float:
        """The task clock, read now [s]."""
        return time.monotonic() - self.start

    def acted(self) -> None:
        """Note that the current tick's command is out."""
        self._busy.add(time.monotonic() - self._began)

    def report(self) -> Mapping[str, float]:
        """Jitter (start of a tick after its due time) and start-to-publish, as percentiles [ms]; ticks and missed ticks."""
        figures: dict[str, float] = {"ticks": float(self.tick + 1), "missed": float(self.missed)}
        return {**figures, **self._late.percentiles("jitter", p50=50, p99=99, max=100), **self._busy.percentiles("publish", p50=50, p99=99, max=100)}
