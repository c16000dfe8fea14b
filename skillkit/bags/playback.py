"""A bag as a tape: where it stands, what comes next and when, pause, seek, steps there and back, the part that repeats. No clock is read here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from itertools import dropwhile, islice

from skillkit.bags.read import Bag, RawRecord
from skillkit.bags.schemas import STEP
from skillkit.exceptions import InvalidValue, UnknownName

UNITS = ("messages", "ticks", "s")
SLACK = 1e-6  # [s] what a float of seconds may be wrong by, where bags count nanoseconds since 1970
FIRST_LOOK_BACK = 1.0  # [s]

LATE = 0.05  # [s] a player that is later than this slows the whole tape down instead of hurrying after it


class Playback:
    """Messages in order, each with the moment at which it is due.

    Attributes:
        topics: that are played.
        rate: times the recorded speed.
        paused: nothing is due, except what :meth:`step` asks for.
    """

    def __init__(self, bag: Bag, topics: Sequence[str] = (), start: float = 0.0, rate: float = 1.0, loop: tuple[float, float] | None = None) -> None:
        """``topics`` are patterns, all if none; ``start`` and ``loop`` count from the beginning of the bag [s].

        Raises:
            UnknownName: a pattern that fits no topic. InvalidValue: a rate that is not above 0, a loop that has no length, a beginning behind the end.
        """
        self.bag, self.paused = bag, False
        self.topics = [name for name in bag.topics if not topics or any(fnmatchcase(name, pattern) for pattern in topics)]
        for pattern in topics:
            if not any(fnmatchcase(name, pattern) for name in bag.topics):
                raise UnknownName("topic", pattern, bag.topics)
        if loop is not None and not 0.0 <= loop[0] < loop[1]:
            raise InvalidValue("loop", loop, "A B with 0 ≤ A < B [s]")
        length = bag.end - bag.start
        if max(start, loop[0] if loop is not None else 0.0) > length:
            raise InvalidValue("start" if start > length else "loop", start if start > length else loop, f"within the bag's {length:g} s")
        self.loop = loop
        self.rate = 1.0
        self.set_rate(rate)
        self._steps, self._until = 0, -1  # while paused: messages, and the log time up to which they are due
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
        self._stand(round((self.bag.start + max(0.0, time)) * 1e9), 0)

    def step(self, count: float = 1, unit: str = "messages") -> None:
        """While paused: let the next ``count`` messages, steps of the runtime, or seconds be due at once; below 0, go back by so many.

        Going back gives out the message that is arrived at, or of a runtime's step all messages of its time.

        Raises:
            InvalidValue: no such unit.
        """
        if unit not in UNITS:
            raise InvalidValue("unit of a step", unit, ", ".join(UNITS))
        if unit == "messages" and count >= 0:
            self._steps += int(count)
        elif unit == "messages":
            self._back(int(-count))
        elif unit == "ticks":
            self._to_tick(int(count))
        elif count >= 0:
            self._until = self._stamp + round(count * 1e9)
        else:
            self.seek(self.position + count - self.bag.start)
            self._steps = 1

    def _back(self, count: int) -> None:
        """To the message that was given out ``count`` messages before the last one."""
        given = [*self._stamps(self.topics, self._stamp - 1, count + 1), *[self._stamp] * self._given]
        if given:
            place = max(0, len(given) - count - 1)
            self._stand(given[place], place - given.index(given[place]))
            self._steps = 1

    def _to_tick(self, count: int) -> None:
        steps = [name for name in self.bag.topics if self.bag.topics[name].type == STEP]
        if count >= 0:
            coming = (record.stamp for record in self._from(self._stamp + 1, steps))
            self._until = next(islice(coming, max(0, count - 1), None), self._until)
            return
        passed = self._stamps(steps, self._stamp, 1 - count)
        if passed:
            self._stand(passed[max(0, len(passed) - 1 + count)], 0)
            self._until = self._stamp

    def _stamps(self, topics: Sequence[str], last: int, count: int) -> list[int]:
        """Log times [ns] up to ``last``: at least the last ``count``, unless the bag begins there."""
        span = FIRST_LOOK_BACK
        while True:
            begin = max(0.0, last / 1e9 - span)
            found = [record.stamp for record in self.bag.raw_messages(topics, begin, last / 1e9 + SLACK) if record.stamp <= last] if topics else []
            if len(found) >= count or begin <= self.bag.start:
                return found
            span *= 4

    def _from(self, stamp: int, topics: Sequence[str]) -> Iterator[RawRecord]:
        """Messages from a log time [ns] on."""
        records = self.bag.raw_messages(topics, max(0.0, stamp / 1e9 - SLACK)) if topics else iter(())
        return dropwhile(lambda record: record.stamp < stamp, records)

    def _stand(self, stamp: int, passed: int) -> None:
        """Go on at a log time [ns], behind so many messages of that time."""
        self._stamp, self._given, self._due = stamp, passed, None
        self._steps, self._until = 0, -1
        self._records: Iterator[RawRecord] = islice(self._from(stamp, self.topics), passed, None)
        self._next = next(self._records, None)

    @property
    def position(self) -> float:
        """Log time of the last message given out, or the time sought [s]."""
        return self._stamp / 1e9

    def due(self, now: float) -> float | None:
        """When the next message is due, on the clock of ``now`` [s]; ``None`` for never: paused, or at the end."""
        if self._next is None:
            self._repeat()
        if self._next is None or (self.paused and not self._steps and self._next.stamp > self._until):
            self._due = None
            return None
        if self.paused:
            return now
        wait = max(0, self._next.stamp - self._stamp) / 1e9 / self.rate
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
        self._given = self._given + 1 if record.stamp == self._stamp else 1
        self._stamp = record.stamp
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
