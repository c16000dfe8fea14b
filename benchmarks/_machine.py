"""When the machine itself stood still: on every core a process above all others that does nothing but wake up, and notes when it was late.

What a thread of priority 90 cannot do at that time, no process of the machine can: a virtual machine's host gave its core to another, or was
fetching its memory.
"""

from __future__ import annotations

import multiprocessing
import os
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

PRIORITY = 90  # of SCHED_FIFO; interrupts have 50
NAP = 0.002  # [s]; more often it would itself be in the way
LATE = 0.004  # [s]


class Machine:
    """A context manager.

    Attributes:
        stalls: (begin, end) on the monotonic clock [s], of every core; ``None`` where the system does not grant the priority.
        stolen: what the host took, all cores together [s]. ended: when it was left, monotonic clock [s].
    """

    def __enter__(self) -> Machine:
        spawn = multiprocessing.get_context("spawn")
        self.stalls: list[tuple[float, float]] | None = None
        self._end = spawn.Event()
        self._pipes = [spawn.Pipe(duplex=False) for _ in os.sched_getaffinity(0)]
        self._guards = [
            spawn.Process(target=_stand, args=(core, self._end, pipe[1]), daemon=True)
            for core, pipe in zip(sorted(os.sched_getaffinity(0)), self._pipes, strict=True)
        ]
        for guard in self._guards:
            guard.start()
        self._before = _stolen()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stolen, self.ended = _stolen() - self._before, time.monotonic()
        self._end.set()
        found = [pipe.recv() for pipe, _ in self._pipes]
        for guard in self._guards:
            guard.join()
        self.stalls = None if None in found else sorted(stall for each in found for stall in each)

    def stood(self, begin: float, end: float) -> bool:
        """Whether any core stood still at any time between the two."""
        return any(since < end and until > begin for since, until in self.stalls or ())


def _stand(core: int, end: Any, pipe: Any) -> None:
    try:
        os.sched_setaffinity(0, {core})
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(PRIORITY))
    except OSError:
        pipe.send(None)
        return
    stalls, last = [], time.monotonic()
    while not end.is_set():
        time.sleep(NAP)
        now = time.monotonic()
        if now - last - NAP > LATE:
            stalls.append((last + NAP, now))
        last = now
    pipe.send(stalls)


def _stolen() -> float:
    """What hosts took from this machine's cores since it started, all cores [s]."""
    with suppress(OSError, IndexError, ValueError):
        return int(Path("/proc/stat").read_text().split()[8]) / os.sysconf("SC_CLK_TCK")
    return 0.0
