"""Where everything lies in an MCAP file, finished or cut.

A finished file says so itself in its summary (https://mcap.dev/spec#summary-section), which is read when its checksum holds. Any other
file is walked record by record from the start, as far as its records are whole. No length in the file is trusted beyond the file's own
size.
"""

from __future__ import annotations

import struct
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import BytesIO
from typing import IO, NamedTuple, TypeVar

from mcap import records
from mcap.data_stream import ReadDataStream
from mcap.exceptions import McapError
from mcap.opcode import Opcode

from skillkit.bags import chunk
from skillkit.exceptions import BagError

MAGIC = b"\x89MCAP0\r\n"
FOOTER_SIZE = 9 + 20 + len(MAGIC)
PLAIN_BLOCK = 1 << 20  # [bytes] messages outside chunks are read in blocks of about this size
LONGEST_CHUNK = 60 * 10**9  # [ns] what a damaged head of a chunk may claim to hold
DAMAGE = (McapError, struct.error, ValueError, OverflowError, KeyError, IndexError)

_RECORD = struct.Struct("<BQ")
_CHUNK_INDEX = struct.Struct("<QQQQI")  # start, end [ns], offset, length, length of the map of message indexes
_KNOWN = frozenset(int(opcode) for opcode in Opcode)
R = TypeVar("R")


class Block(NamedTuple):
    """Messages that are read together: a chunk, or a run of records outside chunks."""

    offset: int  # of the first byte after the chunk record's head, or of the first record
    length: int  # [bytes]
    start: int  # log time [ns]
    end: int
    chunked: bool
    cut: bool = False
    indexed: tuple[int, int] = (0, 0)  # offset and length of the message indexes behind a chunk; 0 for none
    inside: bytes = b""  # channels (uint16) and places (uint64) of those indexes
    file: int = 0


class Place(NamedTuple):
    """Where the content of an attachment or metadata record lies."""

    offset: int
    length: int
    file: int = 0


@dataclass
class Index:
    """What a file holds and where.

    Attributes:
        complete: the file was finished by its writer and its summary is intact.
        note: what is missing or damaged, in words; empty when complete.
        lost_bytes: in no whole record, or in a damaged one; lost_time: from the last message saved of a chunk to the end that it states [ns].
    """

    profile: str = ""
    library: str = ""
    schemas: dict[int, records.Schema] = field(default_factory=dict)
    channels: dict[int, records.Channel] = field(default_factory=dict)
    counts: Counter[int] = field(default_factory=Counter)
    blocks: list[Block] = field(default_factory=list)
    attachments: list[Place] = field(default_factory=list)
    metadata: list[Place] = field(default_factory=list)
    complete: bool = True
    note: str = ""
    lost_bytes: int = 0
    lost_time: int = 0  # [ns]

    def add(self, opcode: int, content: chunk.Bytes) -> None:
        """Take in a schema or channel; the first with a number stays."""
        if opcode == Opcode.SCHEMA:
            schema = parse(records.Schema, content)
            self.schemas.setdefault(schema.id, schema)
        elif opcode == Opcode.CHANNEL:
            channel = parse(records.Channel, content)
            self.channels.setdefault(channel.id, channel)


def parse(kind: type[R], content: chunk.Bytes) -> R:
    """One record from its content.

    Raises:
        any of ``DAMAGE``.
    """
    return kind.read(ReadDataStream(BytesIO(content)))  # type: ignore[attr-defined,no-any-return]


def read_index(file: IO[bytes], path: str) -> Index:
    """The index of an open file.

    Raises:
        BagError: not an MCAP file at all.
    """
    size = file.seek(0, 2)
    head = _read(file, 0, len(MAGIC), size)
    if head != MAGIC:
        found = "the file is empty" if size == 0 else f"it begins with {head[:8]!r}"
        raise BagError(path, f"not an MCAP file: {found}", "a bag is a file written by 'skillkit run --record' or 'ros2 bag record -s mcap'")
    summary = _from_summary(file, size)
    return summary if summary is not None else _Walk(file, size).index


# ---- a finished file -----------------------------------------------------------------------------------------------------------------


def _from_summary(file: IO[bytes], size: int) -> Index | None:
    """The index from the summary; ``None`` where there is none, it is damaged, or it leaves something out."""
    tail = _read(file, max(0, size - FOOTER_SIZE), FOOTER_SIZE, size)
    if len(tail) < FOOTER_SIZE or tail[-len(MAGIC) :] != MAGIC or tail[:9] != _RECORD.pack(Opcode.FOOTER, 20):
        return None
    start, _, crc = struct.unpack_from("<QQI", tail, 9)
    end = size - FOOTER_SIZE
    if not len(MAGIC) <= start < end:
        return None
    data = _read(file, start, end - start, size)
    if crc and zlib.crc32(tail[:25], zlib.crc32(data)) != crc:
        return None
    try:
        return _summarised(file, data, size)
    except DAMAGE:
        return None


def _summarised(file: IO[bytes], data: bytes, size: int) -> Index | None:
    index = Index()
    statistics: records.Statistics | None = None
    for opcode, first, last in chunk.split(data):
        content = data[first:last]
        match opcode:
            case Opcode.CHUNK_INDEX:
                index.blocks.append(_indexed_block(content))
            case Opcode.ATTACHMENT_INDEX:
                attachment = parse(records.AttachmentIndex, content)
                index.attachments.append(Place(attachment.offset + 9, attachment.length - 9))
            case Opcode.METADATA_INDEX:
                place = parse(records.MetadataIndex, content)
                index.metadata.append(Place(place.offset + 9, place.length - 9))
            case Opcode.STATISTICS:
                statistics = parse(records.Statistics, content)
            case _:
                index.add(opcode, content)
    if statistics is None or not _agrees(index, statistics, size):
        return None
    index.counts = Counter(statistics.channel_message_counts)
    index.profile, index.library = _header(file, size)
    return index


def _indexed_block(content: bytes) -> Block:
    """A chunk from its index record, whose map of channels is passed over: the message indexes lie behind the chunk."""
    start, end, offset, length, places = _CHUNK_INDEX.unpack_from(content)
    inside = content[_CHUNK_INDEX.size : _CHUNK_INDEX.size + places]
    (indexes,) = struct.unpack_from("<Q", content, _CHUNK_INDEX.size + places)
    return Block(offset + 9, length - 9, start, end, True, False, (offset + length, indexes), inside)


def _agrees(index: Index, statistics: records.Statistics, size: int) -> bool:
    places: list[Block | Place] = [*index.blocks, *index.attachments, *index.metadata]
    inside = all(place.offset >= len(MAGIC) and place.length >= 0 and place.offset + place.length <= size for place in places)
    inside = inside and all(sum(block.indexed) <= size for block in index.blocks)
    counted = (len(index.blocks), len(index.attachments), len(index.metadata), len(index.channels))
    stated = (statistics.chunk_count, statistics.attachment_count, statistics.metadata_count, statistics.channel_count)
    return inside and counted == stated and (statistics.message_count == 0 or bool(index.blocks))


def _header(file: IO[bytes], size: int) -> tuple[str, str]:
    opcode, length = _RECORD.unpack(_read(file, len(MAGIC), _RECORD.size, size))
    if opcode != Opcode.HEADER:
        raise ValueError("the first record is not a header")
    header = parse(records.Header, _read(file, len(MAGIC) + _RECORD.size, length, size))
    return header.profile, header.library


def _read(file: IO[bytes], offset: int, length: int, size: int) -> bytes:
    file.seek(offset)
    return file.read(max(0, min(length, size - offset)))


# ---- any other file ------------------------------------------------------------------------------------------------------------------


class _Walk:
    """Walks a file from the start as far as its records are whole."""

    def __init__(self, file: IO[bytes], size: int) -> None:
        self.file, self.size = file, size
        self.index = Index(complete=False)
        self.plain: Block | None = None
        self.saved = 0
        self.damaged = 0
        end = len(MAGIC)
        finished = False
        for opcode, offset, length, whole in self._records():
            finished = finished or opcode == Opcode.DATA_END
            end = offset + length if whole else offset - _RECORD.size
            try:
                self._take(opcode, offset, length, whole)
            except (*DAMAGE, BagError):
                self.damaged += 1
            if finished:
                break
        self._close_plain()
        self._say(end, finished)

    def _records(self) -> Iterator[tuple[int, int, int, bool]]:
        at = len(MAGIC)
        while at + _RECORD.size <= self.size:
            opcode, length = _RECORD.unpack(_read(self.file, at, _RECORD.size, self.size))
            at += _RECORD.size
            whole = at + length <= self.size and opcode in _KNOWN | set(range(0x80, 0x100))
            yield opcode, at, min(length, self.size - at), whole
            if not whole:
                return
            at += length

    def _take(self, opcode: int, offset: int, length: int, whole: bool) -> None:
        if not whole and opcode != Opcode.CHUNK:
            return
        match opcode:
            case Opcode.CHUNK:
                self._take_chunk(offset, length, whole)
            case Opcode.MESSAGE:
                self._take_message(offset, length)
            case Opcode.ATTACHMENT:
                self.index.attachments.append(Place(offset, length))
            case Opcode.METADATA:
                self.index.metadata.append(Place(offset, length))
            case Opcode.HEADER:
                header = parse(records.Header, _read(self.file, offset, length, self.size))
                self.index.profile, self.index.library = header.profile, header.library
            case Opcode.SCHEMA | Opcode.CHANNEL:
                self.index.add(opcode, _read(self.file, offset, length, self.size))

    def _take_chunk(self, offset: int, length: int, whole: bool) -> None:
        self._close_plain()
        record = _read(self.file, offset, length, self.size)
        data, intact = chunk.open_chunk(record, cut=not whole)
        damaged = whole and not intact
        self.damaged += damaged
        times: list[int] = []
        for opcode, first, last in chunk.split(data):
            if opcode != Opcode.MESSAGE:
                self.index.add(opcode, data[first:last])
                continue
            message = chunk.message_at(data, first, last)
            if message is not None and not damaged:
                times.append(message.stamp)
                self.index.counts[message.channel] += 1
        if not whole or damaged:
            stated_start, stated_end = struct.unpack_from("<QQ", record)
            self.index.lost_time += max(0, min(stated_end - max(times, default=stated_start), LONGEST_CHUNK))
            self.index.lost_bytes += length if damaged else 0
        if times:
            self.saved += 0 if whole else len(times)
            self.index.blocks.append(Block(offset, length, min(times), max(times), True, not whole))

    def _take_message(self, offset: int, length: int) -> None:
        message = chunk.message_at(_read(self.file, offset, min(length, 64), self.size), 0, min(length, 64))
        if message is None:
            raise ValueError("a message is too short")
        self.index.counts[message.channel] += 1
        end, stamp, plain = offset + length, message.stamp, self.plain
        if plain is None or plain.offset + plain.length != offset - _RECORD.size or plain.length > PLAIN_BLOCK:
            self._close_plain()
            self.plain = Block(offset - _RECORD.size, end - offset + _RECORD.size, stamp, stamp, False)
        else:
            self.plain = plain._replace(length=end - plain.offset, start=min(plain.start, stamp), end=max(plain.end, stamp))

    def _close_plain(self) -> None:
        if self.plain is not None:
            self.index.blocks.append(self.plain)
            self.plain = None

    def _say(self, end: int, finished: bool) -> None:
        index = self.index
        parts = []
        index.lost_bytes += 0 if finished else self.size - end
        if not finished:
            parts.append(f"the recording was cut: it has no end mark, {self.size - end} of {self.size} bytes at its end are not whole records")
            if self.saved:
                parts.append(f"{self.saved} messages were saved from the partial last chunk")
        if self.damaged:
            parts.append(f"{self.damaged} records are damaged and were left out")
        index.complete = finished and not self.damaged
        index.note = "; ".join(parts)
