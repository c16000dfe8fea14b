"""The records of one runtime in a bag: what each step consumed, what it decided, and what else was written about it."""

from __future__ import annotations

import struct
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from skillkit.bags.cdr import COUNT
from skillkit.bags.conform import Conform
from skillkit.bags.schemas import DIGEST, KEYFRAME, STEP, STEP_RESULT, schema
from skillkit.bags.step_inputs import StepInputs

if TYPE_CHECKING:
    from skillkit.bags.read import Bag

WAITING_LIMIT = 1000  # steps held back for a result that comes later
RUNTIME_TYPES = (STEP, STEP_RESULT, DIGEST, KEYFRAME)
TICK = struct.Struct("<Q")


class Record(NamedTuple):
    """One record of a runtime."""

    kind: str  # its type: schemas.STEP or schemas.STEP_RESULT
    time: float  # log time [s]
    value: dict[str, Any]


class RawStep(NamedTuple):
    """One step of the core as bytes, with what else was written about its tick."""

    tick: int
    step: bytes
    result: bytes | None
    digest: bytes | None
    keyframe: bytes | None


class RecordedStep(NamedTuple):
    """One step of the core: what it consumed, and what it decided where that was recorded."""

    step: dict[str, Any]
    result: dict[str, Any] | None


class Frame(NamedTuple):
    """Where a keyframe lies: log time [s], and the step it is behind."""

    time: float
    tick: int


class RecordedRun:
    """See the module; made by :meth:`skillkit.bags.read.Bag.run`. Its methods raise BagError where records are damaged or cannot be read.

    Attributes:
        topics: of the records by message type.
    """

    def __init__(self, bag: Bag, topics: Mapping[str, str]) -> None:
        self._bag, self.topics = bag, topics

    def records(self) -> Iterator[Record]:
        """Steps and results in order of log time, in the shape this version expects."""
        kinds = {topic: kind for kind, topic in self.topics.items() if kind in (STEP, STEP_RESULT)}
        decoders = {topic: self.decoder(kind) for topic, kind in kinds.items()}
        for topic, stamp, data in self._bag.raw_messages(decoders):
            yield Record(kinds[topic], stamp / 1e9, decoders[topic](data))

    def decoder(self, kind: str) -> Callable[[bytes], dict[str, Any]]:
        """What turns the bytes of a runtime's records of one type into the shape this version expects."""
        topic = self.topics[kind]
        codec, conform = self._bag.codec(topic), Conform(kind, *self._bag.schema_of(topic))
        return lambda data: conform(codec.decode(data))

    def missing(self, kind: str) -> tuple[str, ...]:
        """Fields of a runtime's records of one type that the writer did not know yet."""
        return Conform(kind, *self._bag.schema_of(self.topics[kind])).missing if kind in self.topics else ()

    def step_inputs(self) -> StepInputs:
        """What turns the bytes of a runtime's steps into their times and inputs, fast."""
        topic = self.topics[STEP]
        recorded = self._bag.schema_of(topic)
        return StepInputs(self.decoder(STEP), self._bag.codec(topic) if recorded == (STEP, schema(STEP)) else None)

    def keyframe(self, time: float | None = None) -> dict[str, Any] | None:
        """The last Keyframe record of a runtime not later than ``time`` [s], or the first of all; ``None`` where there is none."""
        topic = self.topics.get(KEYFRAME)
        if topic is None:
            return None
        if time is None:
            found = next((message.data for message in self._bag.raw_messages(topic)), None)
        else:
            found = self._bag.last(topic, time)
        return None if found is None else self.decoder(KEYFRAME)(found)

    def keyframes(self) -> Iterator[Frame]:
        """Where the keyframes of a runtime lie."""
        if KEYFRAME in self.topics:
            for _, stamp, data in self._bag.raw_messages(self.topics[KEYFRAME]):
                yield Frame(stamp / 1e9, _tick(data, KEYFRAME))

    def steps(self) -> Iterator[RecordedStep]:
        """The steps of one runtime in order, each with its result where one with its tick was recorded."""
        if STEP not in self.topics:
            return
        step_of = self.decoder(STEP)
        result_of = self.decoder(STEP_RESULT) if STEP_RESULT in self.topics else None
        for raw in self.raw_steps():
            yield RecordedStep(step_of(raw.step), result_of(raw.result) if result_of is not None and raw.result is not None else None)

    def raw_steps(self, start: float | None = None) -> Iterator[RawStep]:
        """As :meth:`steps`, without decoding; those from log time ``start`` [s] on."""
        kinds = {topic: kind for kind, topic in self.topics.items()}
        waiting: deque[tuple[int, bytes]] = deque()
        others: dict[str, dict[int, bytes]] = {kind: {} for kind in RUNTIME_TYPES}
        newest = -1

        def paired(tick: int, step: bytes) -> RawStep:
            return RawStep(tick, step, *(others[kind].pop(tick, None) for kind in (STEP_RESULT, DIGEST, KEYFRAME)))

        for topic, _, data in self._bag.raw_messages(kinds, start):
            kind = kinds[topic]
            tick = _tick(data, kind)
            if kind == STEP:
                while waiting and (waiting[0][0] <= newest or len(waiting) > WAITING_LIMIT):
                    yield paired(*waiting.popleft())
                waiting.append((tick, data))
            else:
                newest = max(newest, tick)
                others[kind][tick] = data
                if len(others[kind]) > WAITING_LIMIT:  # results without their steps
                    others[kind].pop(next(iter(others[kind])))
        for entry in waiting:
            yield paired(*entry)


def _tick(data: bytes, kind: str) -> int:
    """The tick of a runtime's record: behind the header's stamp and frame, or the first number of a digest; -1 where it is cut."""
    try:
        if kind == DIGEST:
            return int(TICK.unpack_from(data, 4)[0])
        at = 16 + COUNT.unpack_from(data, 12)[0]
        return int(TICK.unpack_from(data, at + (4 - at) % 8)[0])
    except struct.error:
        return -1
