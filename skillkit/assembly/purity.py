"""Who reads the wall clock or randomness that nobody seeded: what makes a skill decide otherwise when it is executed again.

A policy gets the time and everything else it may depend on handed in. Whether it looks elsewhere is watched with Python's profiling
hook, which sees every call into C, while steps are re-executed; it costs several times their duration, so only the steps in question
are watched. Calls made inside compiled code stay unseen, except that they are noticed by NumPy's global generator having moved.
"""

from __future__ import annotations

import datetime
import random
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import BuiltinFunctionType, FrameType
from typing import Any

import numpy as np

CLOCK, RANDOM = "clock", "random"
CLOCKS = frozenset(
    ("time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns", "process_time", "process_time_ns", "localtime", "gmtime", "ctime")
)
SEEDING = random.Random.seed.__code__
SHARED = getattr(random.random, "__self__", None)  # the generator behind the functions of the module


class Watch:
    """Watches steps.

    Attributes:
        found: skill → what it read (``clock``, ``random``) → the call and its place, such as ``"time.time() at policy.py:12"``.
    """

    def __init__(self, folders: Mapping[str, Path]) -> None:
        """``folders`` of the skills, by name."""
        self._folders = {str(folder.resolve()): name for name, folder in folders.items()}
        self.found: dict[str, dict[str, str]] = {}

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Watch what happens inside."""
        before = _numpy_state()
        earlier = sys.getprofile()
        sys.setprofile(self._see)
        try:
            yield
        finally:
            sys.setprofile(earlier)
        if not _same_state(before, _numpy_state()) and not any(RANDOM in kinds for kinds in self.found.values()):
            self.found.setdefault("", {})[RANDOM] = "numpy.random was used without a generator of its own"

    def _see(self, frame: FrameType, event: str, called: Any) -> None:
        if event == "c_call":
            kind, name = _of_builtin(called)
        elif event == "call" and frame.f_code is SEEDING and frame.f_locals.get("a", 0) is None:
            kind, name = RANDOM, "random.Random() without a seed"
        else:
            return
        if kind:
            self._note(kind, name, frame)

    def _note(self, kind: str, name: str, frame: FrameType | None) -> None:
        while frame is not None:
            file = Path(frame.f_code.co_filename)
            skill = self._folders.get(str(file.parent))
            if skill is not None:
                self.found.setdefault(skill, {}).setdefault(kind, f"{name} at {file.name}:{frame.f_lineno}")
                return
            frame = frame.f_back


def _of_builtin(called: Any) -> tuple[str, str]:
    """What a call into C reads from outside, and its name; empty for nothing."""
    if not isinstance(called, BuiltinFunctionType):
        return "", ""
    owner, name = called.__self__, called.__name__
    if called.__module__ == "time" and name in CLOCKS:
        return CLOCK, f"time.{name}()"
    if isinstance(owner, type) and issubclass(owner, datetime.date) and name in ("now", "utcnow", "today"):
        return CLOCK, f"{owner.__name__}.{name}()"
    if owner is SHARED:
        return RANDOM, f"random.{name}()"
    return (RANDOM, "os.urandom()") if name == "urandom" else ("", "")


def _numpy_state() -> Any:
    return np.random.get_state()  # noqa: NPY002 the generator that all share is what is watched


def _same_state(a: Any, b: Any) -> bool:
    return bool(a[2] == b[2] and np.array_equal(a[1], b[1]))
