"""Reading a bag: ours and any other MCAP of ROS 2, finished or cut, in bounded memory.

with open_bag("run.mcap") as bag:
    for message in bag.messages("/panda/joint_states", start=2.0, end=3.0):
        print(message.time, message.value["position"])
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType, TracebackType
from typing import IO, Any, NamedTuple

from mcap import records

from skillkit.bags.attachments import Attachments
from skillkit.bags.blocks import LATEST, Blocks
from skillkit.bags.cdr import Codec
from skillkit.bags.columns import Column, columns
from skillkit.bags.index import DAMAGE, parse
from skillkit.bags.parts import files_of
from skillkit.bags.runs import RUNTIME_TYPES, RecordedRun, RecordedStep
from skillkit.exceptions import BagError, UnknownName

LATCHED = re.compile(r"\bdurability: *(1|transient_local)\b")  # in rosbag2's words about a topic, and in those of a recorder of this library


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic of a bag."""

    name: str
    type: str  # package/msg/Type
    count: int  # messages
    encoding: str  # of the messages: "cdr" can be decoded
    words: Mapping[str, str] = field(default_factory=dict)  # what its writer says about it

    @property
    def latched(self) -> bool:
        """Whether a subscriber that came late got what was published before, as far as is known."""
        return bool(LATCHED.search("\n".join(f"{name}: {text}" for name, text in self.words.items())))


class Message(NamedTuple):
    """One decoded message."""

    topic: str
    time: float  # log time [s]
    value: dict[str, Any]


class RawRecord(NamedTuple):
    """One message as bytes."""

    topic: str
    stamp: int  # log time [ns]
    data: bytes


class Bag:
    """An open bag; made by :func:`open_bag`.

    Attributes:
        topics: by name.
        attachments: files by name, as bytes.
        metadata: records of words by name.
        start, end: log time of the first and last message [s].
    """

    def __init__(self, path: Path, *files: IO[bytes]) -> None:
        self.path = path
        self._blocks = Blocks(path, *files)
        self._index = self._blocks.index
        self._codecs: dict[int, Codec] = {}  # by the number of the schema
        self._numbers: dict[str, list[int]] = {}
        for number, channel in self._index.channels.items():
            self._numbers.setdefault(channel.topic, []).append(number)
        self.topics: Mapping[str, Topic] = MappingProxyType({name: self._topic(name) for name in sorted(self._numbers)})
        self.attachments = Attachments(self._blocks, self._index.attachments)
        self.metadata: Mapping[str, dict[str, str]] = MappingProxyType(self._read_metadata())
        self.start = min((block.start for block in self._index.blocks), default=0) / 1e9
        self.end = max((block.end for block in self._index.blocks), default=0) / 1e9

    @property
    def complete(self) -> bool:
        """Whether its writer finished it, and nothing damaged has been met so far."""
        return self._blocks.complete

    @property
    def note(self) -> str:
        """What is missing or damaged, in words."""
        return self._blocks.note

    # -- messages ------------------------------------------------------------------------------------------------------------------------

    def messages(self, topic: str | Iterable[str] | None = None, start: float | None = None, end: float | None = None) -> Iterator[Message]:
        """Decoded messages in order of log time; messages of equal time in the order in which they were written.

        Args:
            topic: one topic, several, or ``None`` for all that can be decoded.
            start, end: log times [s]; both inside.

        Raises:
            UnknownName: no such topic; the message offers the nearest.
            BagError: a message or its schema is damaged, or its encoding is not CDR.
        """
        if topic is None:
            topic = [name for name, known in self.topics.items() if known.encoding == "cdr"]
        channels, codecs = self._index.channels, self._codec
        for number, stamp, data in self._blocks.messages(frozenset(self._wanted(topic)), *_span(start, end)):
            yield Message(channels[number].topic, stamp / 1e9, codecs(number).decode(data))

    def columns(self, topic: str, start: float | None = None, end: float | None = None) -> dict[str, Column]:
        """A topic as NumPy columns: log time [s] under ``time``, every field under its path. See :func:`skillkit.bags.columns.columns`.

        Args:
            start, end: log times [s]; both inside.

        Raises:
            UnknownName: no such topic. BagError: a message is damaged, or its encoding is not CDR.
        """
        numbers = self._wanted(topic)
        if any(self._codec(number).fields != self._codec(numbers[0]).fields for number in numbers[1:]):
            raise BagError(self.path, f"topic {topic} has several schemas", "read it with messages()")
        expected = sum(self._index.counts[number] for number in numbers)
        return columns(self._codec(numbers[0]), self._blocks.pieces(frozenset(numbers), *_span(start, end)), expected)

    def at(self, time: float) -> dict[str, Message]:
        """The last message of every topic at ``time`` [s], this moment inside; topics that had none by then are left out.

        Reads chunks backwards from that time until every topic has been met, so an early time or a rare topic takes longer.
        """
        wanted = frozenset(number for numbers in self._numbers.values() for number in numbers if self._index.counts[number])
        best: dict[str, Message] = {}
        for number, message in self._blocks.latest(wanted, round(time * 1e9)).items():
            topic = self._index.channels[number].topic
            if self.topics[topic].encoding == "cdr" and (topic not in best or best[topic].time < message.stamp / 1e9):
                best[topic] = Message(topic, message.stamp / 1e9, self._codec(number).decode(message.data))
        return dict(sorted(best.items()))

    def last(self, topic: str, time: float) -> bytes | None:
        """The last message of a topic at ``time`` [s], as bytes; ``None`` where there was none by then."""
        found = self._blocks.latest(frozenset(self._wanted(topic)), round(time * 1e9)).values()
        return max(found, key=lambda message: message.stamp).data if found else None

    def raw_messages(self, topic: str | Iterable[str] | None = None, start: float | None = None, end: float | None = None) -> Iterator[RawRecord]:
        """As :meth:`messages`, without decoding."""
        names = {number: channel.topic for number, channel in self._index.channels.items()}
        for number, stamp, data in self._blocks.messages(frozenset(self._wanted(topic)), *_span(start, end)):
            yield RawRecord(names[number], stamp, data)

    @property
    def runtimes(self) -> Mapping[str, Mapping[str, str]]:
        """Where the runtimes whose records are in this bag wrote them: namespace → message type → topic."""
        found: dict[str, dict[str, str]] = {}
        for name, topic in self.topics.items():
            if topic.type in RUNTIME_TYPES:
                found.setdefault(name.rpartition("/")[0], {}).setdefault(topic.type, name)
        return found

    def run(self, runtime: str | None = None) -> RecordedRun:
        """What one runtime consumed and decided.

        Args:
            runtime: namespace of one of :attr:`runtimes`; may be left out where there is one.

        Raises:
            UnknownName: no such runtime. BagError: there are several.
        """
        runtimes = self.runtimes
        if runtime is None and len(runtimes) > 1:
            raise BagError(self.path, f"holds the records of several runtimes: {', '.join(runtimes)}", "name one of them")
        if runtime is not None and runtime not in runtimes:
            raise UnknownName("runtime", runtime, runtimes)
        return RecordedRun(self, runtimes[runtime] if runtime is not None else next(iter(runtimes.values()), {}))

    def steps(self, runtime: str | None = None) -> Iterator[RecordedStep]:
        """The steps of one runtime, see :meth:`run` and :meth:`RecordedRun.steps`."""
        yield from self.run(runtime).steps()

    def schema_of(self, topic: str) -> tuple[str, str]:
        """Type (``package/msg/Type``) and full schema text of a topic."""
        known = self._index.schemas.get(self._index.channels[self._wanted(topic)[0]].schema_id)
        return (known.name, known.data.decode("utf-8", "replace")) if known is not None else ("", "")

    # -- the file ------------------------------------------------------------------------------------------------------------------------

    def close(self) -> None:
        """Close the file."""
        self._blocks.close()

    def __enter__(self) -> Bag:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _topic(self, name: str) -> Topic:
        numbers = self._numbers[name]
        channel = self._index.channels[numbers[0]]
        known = self._index.schemas.get(channel.schema_id)
        return Topic(name, known.name if known else "", sum(self._index.counts[number] for number in numbers), channel.message_encoding, channel.metadata)

    def _wanted(self, topic: str | Iterable[str] | None) -> list[int]:
        names = list(self.topics) if topic is None else [topic] if isinstance(topic, str) else list(topic)
        for name in names:
            if name not in self._numbers:
                raise UnknownName("topic", name, self.topics)
        return [number for name in names for number in self._numbers[name]]

    def codec(self, topic: str) -> Codec:
        """What encodes and decodes the messages of a topic.

        Raises:
            UnknownName: no such topic. BagError: its encoding is not CDR.
        """
        return self._codec(self._wanted(topic)[0])

    def _codec(self, number: int) -> Codec:
        channel = self._index.channels[number]
        if channel.schema_id in self._codecs and channel.message_encoding == "cdr":
            return self._codecs[channel.schema_id]
        known = self._index.schemas.get(channel.schema_id)
        if channel.message_encoding != "cdr" or known is None or known.encoding != "ros2msg":
            found = f"{channel.message_encoding or 'nothing'}/{known.encoding if known else 'no schema'}"
            raise BagError(self.path, f"topic {channel.topic} is encoded as {found}; allowed: cdr/ros2msg", "read it with raw_messages()")
        codec = self._codecs[channel.schema_id] = Codec(known.name, known.data.decode("utf-8", "replace"))
        return codec

    @property
    def lost(self) -> tuple[int, float]:
        """Bytes and log time [s] that are known to be lost, of what was read so far."""
        return self._index.lost_bytes, self._index.lost_time / 1e9

    def _read_metadata(self) -> dict[str, dict[str, str]]:
        found: dict[str, dict[str, str]] = {}
        for place in self._index.metadata:
            try:
                record = parse(records.Metadata, self._blocks.bytes_at(place))
                found[record.name] = record.metadata
            except DAMAGE:
                self._blocks.damage("a metadata record")
        return found


def _span(start: float | None, end: float | None) -> tuple[int, int]:
    """Log times [ns], both inside."""
    return 0 if start is None else round(start * 1e9), LATEST if end is None else round(end * 1e9)


def _open_foreign(path: Path) -> Bag:
    """A copy in one MCAP file, which is gone once it is closed."""
    from skillkit.bags.foreign import as_mcap

    with TemporaryDirectory(prefix="skillkit-") as folder:
        copy = as_mcap(path, Path(folder) / "bag.mcap")
        bag = Bag(copy, copy.open("rb"))
    bag.path = path
    return bag


def open_bag(path: str | Path) -> Bag:
    """Open a bag for reading: an MCAP file, a folder of rosbag2 or of a recording that was split, or a sqlite3 file of rosbag2 (``.db3``).

    sqlite3 is first copied into a temporary file, through ``rosbags``.

    Raises:
        BagError: there is no such file, it cannot be read, or it is not an MCAP file. A cut file opens; ``complete`` and ``note`` say so.
    """
    path = Path(path)
    inside = files_of(path) if path.is_dir() else [path]
    if not inside or path.suffix == ".db3":
        return _open_foreign(path)
    with ExitStack() as opened:
        try:
            files = [opened.enter_context(part.open("rb")) for part in inside]
        except OSError as error:
            raise BagError(path, f"cannot be read: {error.strerror or error}", "check the name; 'skillkit run --record FILE' writes a bag") from None
        bag = Bag(path if len(files) > 1 else inside[0], *files)
        opened.pop_all()  # the bag closes them
    return bag
