"""The inside of a chunk: decompressed with a bound, cut into records, saved as far as it is whole.

Layout: https://mcap.dev/spec#chunk-op0x06. A declared size is never trusted with memory: decompression runs as a stream and stops at
the bound.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterable, Iterator
from typing import NamedTuple

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


class RawMessage(NamedTuple):
    """One message as it lies in the file."""

    channel: int
    stamp: int  # log time [ns]
    data: bytes


class Opened(NamedTuple):
    """A decompressed chunk."""

    data: bytes
    whole: bool  # False: cut or damaged, ``data`` is what could be saved


def open_chunk(record: bytes, *, cut: bool = False) -> Opened:
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
    packed = record[_HEAD.size + name_length + 8 :][:stored]
    data, whole = _decompress(packed, compression, min(size, CHUNK_LIMIT))
    whole = whole and not cut and len(data) == size and (crc == 0 or zlib.crc32(data) == crc)
    return Opened(data, whole)


def split(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Opcode, first and last byte of the content of every whole record, in order."""
    at, end = 0, len(data)
    while at + _RECORD.size <= end:
        opcode, length = _RECORD.unpack_from(data, at)
        at += _RECORD.size
        if at + length > end:
            return
        yield opcode, at, at + length
        at += length


def message_at(data: bytes, start: int, end: int) -> RawMessage | None:
    """A message record's content; ``None`` when it is too short to be one."""
    if end - start < _MESSAGE.size:
        return None
    channel, _, stamp, _ = _MESSAGE.unpack_from(data, start)
    return RawMessage(channel, stamp, data[start + _MESSAGE.size : end])


def messages_at(data: bytes, indexes: Iterable[NDArray[np.uint64]]) -> Iterator[RawMessage]:
    """The messages at the places that message indexes name, in the order in which they lie there; places that hold none are passed over."""
    places = sorted(offset for entries in indexes for offset in entries[:, 1].tolist())
    size, end = _RECORD.size, len(data)
    for at in places:
        if at + size > end:
            return
        opcode, length = _RECORD.unpack_from(data, at)
        message = message_at(data, at + size, at + size + length) if opcode == MESSAGE and at + size + length <= end else None
        if message is not None:
            yield message


def channels_in(places: bytes) -> frozenset[int]:
    """The channels of a chunk, from the map in its index record."""
    table = np.frombuffer(places[: len(places) // 10 * 10], dtype=[("channel", "<u2"), ("place", "<u8")])
    return frozenset(table["channel"].tolist())


def tables_at(content: NDArray[np.uint8], offsets: NDArray[np.int64], channel: int) -> Iterator[tuple[NDArray[np.int64], NDArray[np.uint8]]]:
    """The messages of a channel at these offsets as tables of bytes (k, length), one per length, with the offsets of their rows."""
    head = _RECORD.size + _MESSAGE.size
    offsets = offsets[(offsets >= 0) & (offsets <= len(content) - head)]
    heads = content[offsets[:, None] + np.arange(head)]
    lengths = np.ascontiguousarray(heads[:, 1:9]).view("<u8")[:, 0].astype(np.int64) - _MESSAGE.size
    channels = np.ascontiguousarray(heads[:, 9:11]).view("<u2")[:, 0]
    sound = (heads[:, 0] == MESSAGE) & (channels == channel) & (lengths >= 0) & (lengths <= len(content) - head - offsets)
    offsets, lengths = offsets[sound], lengths[sound]
    for length in np.unique(lengths).tolist():
        some = offsets[lengths == length]
        yield some, _rows(content, some + head, length)


def _rows(content: NDArray[np.uint8], starts: NDArray[np.int64], length: int) -> NDArray[np.uint8]:
    """(k, length) bytes from each of ``starts``; one copy where they lie at equal distances."""
    apart = np.diff(starts)
    if len(starts) > 1 and (apart == apart[0]).all() and apart[0] > 0:
        return np.ascontiguousarray(np.lib.stride_tricks.as_strided(content[starts[0] :], (len(starts), length), (int(apart[0]), 1), writeable=False))
    return content[starts[:, None] + np.arange(length)]


def index_at(data: bytes, start: int, end: int) -> Iterator[tuple[int, NDArray[np.uint64]]]:
    """Channel and (k, 2) log times [ns] and offsets of a message index record's content, if it is whole."""
    if end - start >= 6:
        channel, length = struct.unpack_from("<HI", data, start)
        if length % 16 == 0 and start + 6 + length <= end:
            yield channel, np.frombuffer(data, dtype="<u8", count=length // 8, offset=start + 6).reshape(-1, 2)


def _decompress(packed: bytes, compression: str, limit: int) -> tuple[bytes, bool]:
    if compression == "":
        return packed[:limit], True
    if compression == "zstd":
        return _zstd(packed, limit)
    if compression == "lz4":
        return _lz4(packed, limit)
    raise BagError("chunk", f"compression '{compression[:20]}' is not known; allowed: zstd, lz4, none", "the bag may be damaged")


def _zstd(packed: bytes, limit: int) -> tuple[bytes, bool]:
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


def _lz4(packed: bytes, limit: int) -> tuple[bytes, bool]:
    saved = bytearray()
    try:
        decompressor = lz4.frame.LZ4FrameDecompressor()
        saved += decompressor.decompress(packed, max_length=limit)
        while not decompressor.eof and not decompressor.needs_input and len(saved) < limit:
            saved += decompressor.decompress(b"", max_length=limit - len(saved))
    except (RuntimeError, EOFError, MemoryError, ValueError):
        return bytes(saved), False
    return bytes(saved), True
