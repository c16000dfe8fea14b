"""Whether the machine kept ordinary processes waiting: what fails in real time on a starved machine says nothing about the code."""

from __future__ import annotations

import multiprocessing
import time

STARVED = 0.05  # [s] that a sleeper may wake too late; a joint state is stale after 0.08 s
NAP = 0.005  # [s]


class Witness:
    """A process that does nothing but wake up, and note how late."""

    def __init__(self) -> None:
        spawn = multiprocessing.get_context("spawn")
        self._latest = spawn.Value("d", 0.0)
        spawn.Process(target=_nap, args=(self._latest,), daemon=True).start()

    def begin(self) -> None:
        """Forget what was."""
        self._latest.value = 0.0

    @property
    def starved(self) -> bool:
        """Whether it was kept waiting for longer than ``STARVED`` since it began."""
        return self._latest.value > STARVED


def _nap(latest: multiprocessing.sharedctypes.Synchronized[float]) -> None:
    while True:
        begun = time.monotonic()
        time.sleep(NAP)
        late = time.monotonic() - begun - NAP
        with latest:
            latest.value = max(latest.value, late)
