"""A bag as a tape: where it stands, what comes next and when, pause, seek, and the part that repeats. No clock is read here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase

from skillkit.bags.read import Bag, RawRecord
from skillkit.exceptions import InvalidValue, UnknownName

LATE = 0.05  # [s] a player that is later than this slows the whole tape down instead of hurrying after it


class Playback:
    """Messages in order, each with the moment at which it is due.

    Attributes:
        topics: that are played.
        rate: times the recorded speed.
        paused: nothing is due, except what :meth:`step` asks for.
        position: log time of the last message given out, or the time sought [s].
    """

    def __init__(self, bag: Bag, topics: Sequence[str] = (), start: float = 0.0, rate: float = 1.0, loop: tuple[float, float] | None = None) -> None:
        """``topics`` are patterns, all if none; ``start`` and ``loop`` count from the beginning of the bag [s].

        Raises:
            UnknownName: a pattern that fits no topic. InvalidValue: a rate that is not above 0, a loop that has no length.
        """
        self.bag, self.paused = bag, False
        self.topics = [name for name in bag.topics if not topics or any(fnmatchcase(name, pattern) for pattern in topics)]
        for pattern in topics:
            if not any(fnmatchcase(name, pattern) for name in bag.topics):
                raise UnknownName("topic", pattern, bag.topics)
        if loop is not None and not 0.0 <= loop[0] < loop[1]:
            raise InvalidValue("loop", loop, "A B with 0 ≤ A < B [s]")
        self.loop = loop
        self.rate = 1.0
        self.set_rate(rate)
        self._steps = 0
        self._due: float | None = None
        self.seek(loop[0] if loop is not None and start == 0.0 else start)

    def set_rate(self, rate: float) -> None:
        """Play so many times as fast as it was recorded from here on.

        Raises:
            InvalidValue: not above 0.
        """
        if not 0.0 < rate < float("inf"):
            raise InvalidValue("rate", rate, "a number above 0")
        self.rate, self._due = rate, None

    def seek(self, time: float) -> None:
        """Go on from ``time`` [s] after the beginning of the bag, forwards or back."""
        self.position = self.bag.start + max(0.0, time)
        self._due = None
        self._records: Iterator[RawRecord] = self.bag.raw_messages(self.topics, self.position) if self.topics else iter(())
        self._next = next(self._records, None)

    def step(self, count: int = 1) -> None:
        """While paused: let ``count`` messages be due at once."""
        self._steps += count

    def due(self, now: float) -> float | None:
        """When the next message is due, on the clock of ``now`` [s]; ``None`` for never: paused, or at the end."""
        if self._next is None:
            self._repeat()
        if self._next is None or (self.paused and not self._steps):
            self._due = None
            return None
        if self.paused:
            return now
        wait = max(0.0, self._next.stamp / 1e9 - self.position) / self.rate
        if self._due is None or self._due + wait < now - LATE:
            self._due = now - wait if self._due is not None else now
        return self._due + wait

    def take(self, now: float) -> RawRecord | None:
        """Give out the next message, which was due; ``None`` at the end."""
        record = self._next
        if record is None:
            return None
        due = self.due(now)
        self._due = due
        self._steps = max(0, self._steps - 1)
        self.position = record.stamp / 1e9
        self._next = next(self._records, None)
        if self.loop is not None and (self._next is None or self._next.stamp / 1e9 > self.bag.start + self.loop[1]):
            self._repeat()
        return record

    @property
    def ended(self) -> bool:
        """Whether nothing will come any more."""
        return self._next is None and self.loop is None

    def _repeat(self) -> None:
        if self.loop is not None:
            due = self._due
            self.seek(self.loop[0])
            self._due = due
