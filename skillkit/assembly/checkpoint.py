"""Checkpoints: the whole state of a run in one file, replaced at once after every event, so that a killed run can go on."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from skillkit.exceptions import CannotResume
from skillkit.protocols import Snapshot
from skillkit.runtime import Runtime, StepResult

FORMAT = 1
EVERY = 0.2  # [s] between two checkpoints without an event; as far as an unfinished skill may have gone on unseen
RESUMED = "resumed"  # control word that stands, in the bag of a live runtime, at the step before which it went on from its checkpoint
FILE = "checkpoint.json"  # its name in the bag of a resumed run


@dataclass(frozen=True)
class Checkpoint:
    """A run as it was.

    Attributes:
        run: its description: task, parameters, cell, skill digests, seed, scene …
        runtime: the core's snapshot.
        world: the simulation's, where there was one.
    """

    run: Mapping[str, Any]
    runtime: Snapshot
    world: Snapshot | None = None

    @property
    def finished(self) -> bool:
        """Whether no goal was left to go on with."""
        return not self.runtime["goals"]

    def write(self, path: str | Path) -> None:
        """Replace the file at once: a reader, or a run that is killed now, sees the old one or the new one whole."""
        path = Path(path)
        part = path.with_name(f".{path.name}.part")
        with part.open("wb") as file:
            file.write(self.encoded())
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)

    def encoded(self) -> bytes:
        """The content of its file."""
        return json.dumps({"format": FORMAT, "run": dict(self.run), "runtime": self.runtime, "world": self.world}).encode()

    @classmethod
    def read(cls, path: str | Path) -> Checkpoint:
        """A checkpoint from its file.

        Raises:
            CannotResume: it is none.
        """
        try:
            return cls.decoded(Path(path).read_bytes(), str(path))
        except OSError as error:
            raise CannotResume(str(path), error.strerror or str(error)) from None

    @classmethod
    def decoded(cls, content: bytes, name: str) -> Checkpoint:
        """The inverse of :meth:`encoded`.

        Raises:
            CannotResume: it is no checkpoint.
        """
        try:
            data = json.loads(content)
            found = cls(data["run"], data["runtime"], data["world"])
            _ = found.runtime["tick"], found.run["skills"].items(), found.run["cell"]
            _ = [goal["execution"]["option"] for goal in found.runtime["goals"].values()]
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise CannotResume(name, f"not a checkpoint: {type(error).__name__}: {error}") from None
        if data["format"] != FORMAT:
            raise CannotResume(name, f"its format is {data['format']!r}; this version reads {FORMAT}")
        return found

    def check(self, skills: Mapping[str, str], tasks: Mapping[str, str]) -> None:
        """Nothing that it was made with has changed: digests of all skills, and of the tasks that are not over.

        Raises:
            CannotResume: something is not what it was.
        """
        _unchanged("skills", self.run["skills"], skills)
        active = {goal["execution"]["option"] for goal in self.runtime["goals"].values()}
        _unchanged("tasks", {name: digest for name, digest in self.run.get("task_digests", {}).items() if name in active}, tasks)


def _unchanged(what: str, recorded: Mapping[str, str], now: Mapping[str, str]) -> None:
    changed = sorted(name for name, digest in recorded.items() if now.get(name) != digest)
    if changed:
        raise CannotResume(what, f"changed since the checkpoint: {', '.join(changed)}; its state may mean something else to them")


class Checkpoints:
    """Decides when a checkpoint is due: after every event, and now and then between."""

    def __init__(self) -> None:
        self._last = -EVERY

    def due(self, runtime: Runtime, result: StepResult) -> bool:
        """Whether the state after this step is to be kept."""
        if not (result.events or result.ended or (runtime.goals and result.time - self._last >= EVERY)):
            return False
        self._last = result.time
        return True
