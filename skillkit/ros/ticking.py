"""An absolute schedule on the monotonic clock, and how well it was kept."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Mapping

import numpy as np

REMEMBERED = 6_000  # ticks whose times are kept: one minute at 100 Hz


class Schedule:
    """Ticks at ``start + k · period``; a tick that is over before it began is counted as missed, not made up for."""

    def __init__(self, period: float) -> None:
        self.period = period
        self.start = time.monotonic()
        self.tick = -1
        self.missed = 0
        self._began = self.start
        self._late: deque[float] = deque(maxlen=REMEMBERED)
        self._busy: deque[float] = deque(maxlen=REMEMBERED)

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
        self._late.append(self._began - self.due)
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
        self._busy.append(time.monotonic() - self._began)

    def report(self) -> Mapping[str, float]:
        """Jitter (start of a tick after its due time) and start-to-publish, as percentiles [ms]; ticks and missed ticks."""
        late, busy = np.array(self._late) * 1e3, np.array(self._busy) * 1e3
        figures: dict[str, float] = {"ticks": float(self.tick + 1), "missed": float(self.missed)}
        for name, values in (("jitter", late), ("publish", busy)):
            if values.size:
                for label, q in (("p50", 50), ("p99", 99), ("max", 100)):
                    figures[f"{name}_{label}_ms"] = float(np.percentile(values, q))
        return figures
