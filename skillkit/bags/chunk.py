"""The inside of a chunk: decompressed with a bound, cut into records, saved as far as it is whole.

Layout: https://mcap.dev/spec#chunk-op0x06. A declared size is never trusted with memory: decompression runs as a stream and stops at
the bound.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import NamedTuple, TypeAlias

import lz4.frame
import numpy as np
import zstandard
from numpy.typing import NDArray

from skillkit.exceptions import BagError

CHUNK_LIMIT = 256 * 1024 * 1024  # [bytes] decompressed; MCAP writers use 1 … 4 MiB

SCHEMA, CHANNEL, MESSAGE, MESSAGE_INDEX = 0x03, 0x04, 0x05, 0x07

_HEAD = struct.Struct("<QQQII")  # start, end [ns], uncompressed size, CRC, length of the compression's name
_RECORD = struct.Struct("<BQ")
_MESSAGE = struct.Struct("<HIQQ")  # channel, sequence, log time [ns], publish time [ns]
_WHOLE = struct.Struct("<BQHIQQ")  # a message with its record's head
_INDEX = struct.Struct("<HI")  # channel, length of the entries


class RawMessage(NamedTuple):
    """One message as it lies in the file."""

    channel: int
    stamp: int  # log time [ns]
    data: bytes


Bytes: TypeAlias = bytes | memoryview


class Opened(NamedTuple):
    """A decompressed chunk."""

    data: Bytes  # where it was not compressed, a part of what was read
    whole: bool  # False: cut or damaged, ``data`` is what could be saved


def open_chunk(record: Bytes, *, cut: bool = False) -> Opened:
    """Decompress a chunk record; of a cut or damaged one as much as decompresses.

    Args:
        record: the content of the record, behind opcode and length.
        cut: the file ends inside this record.

    Raises:
        BagError: not even its head can be read, or its compression is unknown.
    """
    try:
        _, _, size, crc, name_length = _HEAD.unpack_from(record)
        compression = str(record[_HEAD.size : _HEAD.size + name_length], "utf-8") if name_length <= 64 else "?"
        (stored,) = struct.unpack_from("<Q", record, _HEAD.size + name_length)
    except (struct.error, UnicodeDecodeError) as error:
        raise BagError("chunk", f"its head is damaged: {error}") from None
    packed = memoryview(record)[_HEAD.size + name_length + 8 :][:stored]
    data, whole = _decompress(packed, compression, min(size, CHUNK_LIMIT))
    whole = whole and not cut and len(data) == size and (crc == 0 or zlib.crc32(data) == crc)
    return Opened(data, whole)


def split(data: Bytes) -> Iterator[tuple[int, int, int]]:
    """Opcode, first and last byte of the content of every whole record, in order."""
    at, end = 0, len(data)
    while at + _RECORD.size <= end:
        opcode, length = _RECORD.unpack_from(data, at)
        at += _RECORD.size
        if at + length > end:
            return
        yield opcode, at, at + length
        at += length


def message_at(data: Bytes, start: int, end: int) -> RawMessage | None:
    """A message record's content; ``None`` when it is too short to be one."""
    if end - start < _MESSAGE.size:
        return None
    channel, _, stamp, _ = _MESSAGE.unpack_from(data, start)
    return RawMessage(channel, stamp, bytes(data[start + _MESSAGE.size : end]))


def messages_in(data: Bytes, channels: frozenset[int]) -> Iterator[RawMessage]:
    """The messages of some channels, in the order in which they lie there."""
    data = bytes(data)
    at, end, head = 0, len(data), _WHOLE.size
    while at + head <= end:
        opcode, length, channel, _, stamp, _ = _WHOLE.unpack_from(data, at)
        after = at + _RECORD.size + length
        if after > end:
            return
        if channel in channels and opcode == MESSAGE and length >= _MESSAGE.size:
            yield RawMessage(channel, stamp, data[at + head : after])
        at = after


def messages_at(data: Bytes, indexes: Iterable[NDArray[np.uint64]]) -> Iterator[RawMessage]:
    """The messages at the places that message indexes name, in the order in which they lie there; places that hold none are passed over."""
    end, head = len(data), _WHOLE.size
    for at in sorted(offset for entries in indexes for offset in entries[:, 1].tolist()):
        if at + head > end:
            return
        opcode, length, channel, _, stamp, _ = _WHOLE.unpack_from(data, at)
        after = at + _RECORD.size + length
        if opcode == MESSAGE and length >= _MESSAGE.size and after <= end:
            yield RawMessage(channel, stamp, bytes(data[at + head : after]))


def channels_in(places: bytes) -> frozenset[int]:
    """The channels of a chunk, from the map in its index record."""
    table = np.frombuffer(places[: len(places) // 10 * 10], dtype=[("channel", "<u2"), ("place", "<u8")])
    return frozenset(table["channel"].tolist())


def counts_in(indexes: Bytes) -> dict[int, int]:
    """How many entries message index records claim to hold, by channel."""
    counts: dict[int, int] = {}
    for opcode, first, last in split(indexes):
        if opcode == MESSAGE_INDEX and last - first >= 6:
            channel, length = _INDEX.unpack_from(indexes, first)
            counts[channel] = counts.get(channel, 0) + length // 16
    return counts


def tables_at(content: NDArray[np.uint8], offsets: NDArray[np.int64], channel: int) -> Iterator[tuple[NDArray[np.int64], NDArray[np.uint8]]]:
    """The messages of a channel at these rising offsets as tables of bytes (k, length), one per length, with the offsets of their rows."""
    head = _WHOLE.size
    even = _even_rows(content, offsets, channel)
    if even is not None:
        yield offsets, even
        return
    offsets = offsets[(offsets >= 0) & (offsets <= len(content) - head)]
    heads = content[offsets[:, None] + np.arange(head)]
    lengths = np.ascontiguousarray(heads[:, 1:9]).view("<u8")[:, 0].astype(np.int64) - _MESSAGE.size
    channels = np.ascontiguousarray(heads[:, 9:11]).view("<u2")[:, 0]
    sound = (heads[:, 0] == MESSAGE) & (channels == channel) & (lengths >= 0) & (lengths <= len(content) - head - offsets)
    offsets, lengths = offsets[sound], lengths[sound]
    for length in np.unique(lengths).tolist():
        some = offsets[lengths == length]
        yield some, content[(some + head)[:, None] + np.arange(length)]


def _even_rows(content: NDArray[np.uint8], offsets: NDArray[np.int64], channel: int) -> NDArray[np.uint8] | None:
    """The same without a copy, where all messages are of one length and lie at equal distances; ``None`` where they do not."""
    k, head = len(offsets), _WHOLE.size
    if k < 2 or offsets[0] < 0 or offsets[-1] > len(content) - head:
        return None
    opcode, length, number = _WHOLE.unpack_from(content.data, int(offsets[0]))[:3]
    whole, apart = _RECORD.size + length, int(offsets[1] - offsets[0])
    if opcode != MESSAGE or number != channel or not head <= whole <= apart or offsets[-1] + whole > len(content) or (np.diff(offsets) != apart).any():
        return None
    rows = np.lib.stride_tricks.as_strided(content[offsets[0] :], (k, whole), (apart, 1), writeable=False)
    return rows[:, head:] if same_rows(rows, 0, 11) else None


def same_rows(table: NDArray[np.uint8], first: int, last: int) -> bool:
    """Whether all rows of a table (k, …) of bytes hold the same from one column to another."""
    size = next(size for size in (8, 4, 1) if size <= max(1, last - first))  # compared in words as long as they can be, the last two may overlap
    whole = first + (last - first) // size * size
    spans = ((first, whole), (last - size, last)) if whole < last else ((first, last),)
    words = (table[:, begin:end].view(f"u{size}") for begin, end in spans if begin < end)
    return all((some == some[0]).all() for some in words)


def index_at(data: Bytes, start: int, end: int) -> Iterator[tuple[int, NDArray[np.uint64]]]:
    """Channel and (k, 2) log times [ns] and offsets of a message index record's content, if it is whole."""
    if end - start >= 6:
        channel, length = _INDEX.unpack_from(data, start)
        if length % 16 == 0 and start + 6 + length <= end:
            yield channel, np.frombuffer(data, dtype="<u8", count=length // 8, offset=start + 6).reshape(-1, 2)


def _decompress(packed: memoryview, compression: str, limit: int) -> tuple[Bytes, bool]:
    if compression == "":
        return packed[:limit], True
    if compression == "zstd":
        return _zstd(packed, limit)
    if compression == "lz4":
        return _lz4(packed, limit)
    raise BagError("chunk", f"compression '{compression[:20]}' is not known; allowed: zstd, lz4, none", "the bag may be damaged")


def _zstd(packed: memoryview, limit: int) -> tuple[bytes, bool]:
    with suppress(zstandard.ZstdError, MemoryError):
        if zstandard.frame_content_size(packed) == limit:  # what the frame and the chunk agree upon is decompressed at once
            return zstandard.ZstdDecompressor(max_window_size=CHUNK_LIMIT).decompress(packed), True
    saved = bytearray()
    try:
        with zstandard.ZstdDecompressor(max_window_size=CHUNK_LIMIT).stream_reader(io.BytesIO(packed)) as reader:
            while len(saved) < limit:
                part = reader.read(min(1 << 20, limit - len(saved)))
                if not part:
                    break
                saved += part
    except (zstandard.ZstdError, MemoryError):
        return bytes(saved), False
    return bytes(saved), True


def _lz4(packed: memoryview, limit: int) -> tuple[bytes, bool]:
    saved = bytearray()
    try:
        decompressor = lz4.frame.LZ4FrameDecompressor()
        saved += decompressor.decompress(packed, max_length=limit)
        while not decompressor.eof and not decompressor.needs_input and len(saved) < limit:
            saved += decompressor.decompress(b"", max_length=limit - len(saved))
    except (RuntimeError, EOFError, MemoryError, ValueError):
        return bytes(saved), False
    return bytes(saved), True
