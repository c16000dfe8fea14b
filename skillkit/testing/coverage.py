"""Which branches of a task tree were taken: every node that both succeeded and failed has shown both of its ways out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from skillkit.events import Event, StatusChange

WAYS = ("SUCCESS", "FAILURE")


class Coverage:
    """Branches of one task.

    Attributes:
        paths: its nodes.
        taken: (path, ``SUCCESS`` or ``FAILURE``) seen so far.
    """

    def __init__(self, paths: Sequence[str]) -> None:
        self.paths, self.taken = tuple(paths), set[tuple[str, str]]()

    def follow(self, events: Iterable[Event]) -> None:
        """Count what happened in a step."""
        self.taken |= {(e.path, e.status) for e in events if isinstance(e, StatusChange) and e.status in WAYS and e.path in self.paths}

    def add(self, other: Coverage) -> None:
        """Count what another run took."""
        self.taken |= other.taken

    @property
    def missing(self) -> list[tuple[str, str]]:
        """Branches not taken, in the order of the tree."""
        return [(path, way) for path in self.paths for way in WAYS if (path, way) not in self.taken]

    def __str__(self) -> str:
        total = len(WAYS) * len(self.paths)
        return f"{total - len(self.missing)} of {total} branches"
