"""Processes started together and stopped together. None outlives its parent, however that ends."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from skillkit.exceptions import SkillkitError
from skillkit.ros.processes import Process

SET_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG of prctl(2)
GRACE = 5.0  # [s] from the request to end to the end by force
LAST_WORDS = 2_000  # characters of a failed process's output that are shown


class ProcessEnded(SkillkitError):
    """A process that should have gone on.

    Attributes:
        name: of the process; status: its exit status, negative for a signal.
    """

    def __init__(self, name: str, status: int, output: str) -> None:
        self.name, self.status = name, status
        how = f"was ended by signal {-status}" if status < 0 else f"ended with status {status}"
        super().__init__(f"the {name} {how}" + (f":\n{output}" if output else ""))


class Children:
    """A context manager over running processes, in the order in which they were started."""

    def __init__(self, processes: Sequence[Process], logs: Path | None = None) -> None:
        """Start them.

        Args:
            logs: folder for their output, ``<name>.log``; ``None`` lets them write to this process's standard error.
        """
        self._logs = logs
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        try:
            for process in processes:
                self.running[process.name] = self._start(process)
        except BaseException:
            self.stop()
            raise

    def _start(self, process: Process) -> subprocess.Popen[bytes]:
        library = ctypes.CDLL(None) if sys.platform == "linux" else None
        parent = os.getpid()

        def die_with_parent() -> None:
            if library is not None:
                library.prctl(SET_DEATH_SIGNAL, signal.SIGTERM)
                if os.getppid() != parent:  # it went before the signal was asked for
                    os.kill(os.getpid(), signal.SIGTERM)

        output = (self._logs / f"{process.name}.log").open("wb") if self._logs is not None else None
        try:
            return subprocess.Popen(process.command(), stdout=output or sys.stderr, stderr=subprocess.STDOUT, preexec_fn=die_with_parent, env=_environment())
        finally:
            if output is not None:
                output.close()

    def check(self) -> None:
        """Raise ``ProcessEnded`` if one has ended."""
        for name, child in self.running.items():
            status = child.poll()
            if status is not None:
                raise ProcessEnded(name, status, self.said(name))

    def said(self, name: str) -> str:
        """The end of what a process has written, where it was kept."""
        log = self._logs / f"{name}.log" if self._logs is not None else None
        return log.read_text(errors="replace")[-LAST_WORDS:].strip() if log is not None and log.is_file() else ""

    def wait(self) -> None:
        """Until one has ended or an interrupt comes.

        Raises:
            ProcessEnded: one has ended.
        """
        while True:
            self.check()
            time.sleep(0.2)

    def stop(self) -> None:
        """End them in reverse order of their start: the runtime first, so that it can bring its arms to rest while the drivers still listen."""
        for child in reversed(self.running.values()):
            if child.poll() is None:
                child.terminate()
            try:
                child.wait(GRACE)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()

    def __enter__(self) -> Children:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()


def _environment() -> dict[str, str]:
    """This process's environment; on one machine, traffic stays on it unless something else was asked for."""
    return {"ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST", "ROS_PYTHON_CHECK_FIELDS": "1", "OPENBLAS_NUM_THREADS": "1", **os.environ}
