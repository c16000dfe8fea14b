"""Scheduling priorities: asked for, and where the system does not grant them, all goes on without."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress

CONTROL = 20  # of SCHED_FIFO, 1 to 99; those of the kernel's interrupt threads are 50
MIDDLEWARE = 10  # below control


def raise_process() -> None:
    """Put this thread, and every thread started from it, above ordinary processes.

    For a whole process with a control loop: a control thread of high priority would still wait for an interpreter lock held by one of low.
    """
    _schedule(CONTROL)


@contextmanager
def raised_threads() -> Iterator[None]:
    """Threads started within stand above ordinary processes, this one stays as it is.

    For processes without a control loop: the middleware's threads and the sign of life are in time however busy the machine is.
    """
    granted = _schedule(MIDDLEWARE)
    try:
        yield
    finally:
        if granted:
            os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))


def _schedule(priority: int) -> bool:
    with suppress(OSError, AttributeError):
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(priority))
        return True
    return False
