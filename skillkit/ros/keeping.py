"""Checkpoints of a live runtime: taken in the control thread, written in another."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from skillkit.assembly.checkpoint import Checkpoint, Checkpoints
from skillkit.runtime import Runtime, StepResult


class Keeper:
    """Writes the newest checkpoint to a file; one that is overtaken before it was written is left out.

    Args:
        run: the description of what runs.
        complain: told when a file cannot be written.
    """

    def __init__(self, path: str | Path, run: Mapping[str, Any], complain: Callable[[str], None]) -> None:
        self._path, self._run, self._complain = Path(path), run, complain
        self._checkpoints = Checkpoints()
        self._work, self._closing = threading.Event(), False
        self._newest: Checkpoint | None = None
        self._thread = threading.Thread(target=self._write, name="checkpoints", daemon=True)
        self._thread.start()

    def follow(self, runtime: Runtime, result: StepResult) -> None:
        """Take a checkpoint after this step, if one is due."""
        if self._checkpoints.due(runtime, result):
            self._newest = Checkpoint(self._run, runtime.snapshot())
            self._work.set()

    def close(self) -> None:
        """Write what is left, and end."""
        self._closing = True
        self._work.set()
        self._thread.join(5.0)

    def _write(self) -> None:
        while not self._closing or self._newest is not None:
            self._work.wait()
            self._work.clear()
            newest, self._newest = self._newest, None
            if newest is None:
                continue
            try:
                newest.write(self._path)
            except OSError as error:
                self._complain(f"checkpoint {self._path}: {error.strerror or error}")
