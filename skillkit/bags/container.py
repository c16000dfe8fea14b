"""The MCAP file as it is written (https://mcap.dev/spec): records collected into chunks, a message index behind each, a summary at the end.

Collecting a message costs about a microsecond. What costs more — compressing a full chunk, writing it out — can be left to a thread of
its own, so that a control loop never waits for a disk; both release Python's lock. Schemas and channels stand outside the chunks, so a
chunk that is never written takes none of them with it.
"""

from __future__ import annotations

import struct
import threading
import zlib
from array import array
from collections import Counter, deque
from collections.abc import Callable, Mapping
from queue import SimpleQueue
from types import MappingProxyType
from typing import IO, NamedTuple

import lz4.frame
import numpy as np
import zstandard
from mcap import records
from mcap.data_stream import RecordBuilder
from mcap.opcode import Opcode
from numpy.typing import NDArray

MAGIC = b"\x89MCAP0\r\n"
CHUNK_SIZE = 1024 * 1024  # [bytes] at which a chunk is sealed
COMPRESSIONS = ("zstd", "lz4", "none")
ZSTD_LEVEL = 1

_message = struct.Struct("<BQHIQQ").pack  # opcode, length, channel, sequence, log time, publish time [ns]
_CHUNK = struct.Struct("<BQQQQI")  # opcode, length, start, end [ns], size, CRC
_INDEX = struct.Struct("<BQHI")  # opcode, length, channel, length of the entries
_MESSAGE_HEAD = 22


class Sealed(NamedTuple):
    """A full chunk in memory, not compressed yet."""

    data: bytearray
    start: int  # [ns]
    end: int
    places: dict[int, array[int]]  # channel → (log time [ns], offset) after (log time, offset) …


class Container:
    """One MCAP file being written; raises nothing after construction, ``error`` holds the first error of the disk.

    Args:
        threaded: chunks are compressed and written by a thread.
        keep: instead of being written, chunks are kept until they are this much [ns] older than the newest, see :meth:`release`; 0 for none.
    """

    def __init__(self, stream: IO[bytes], compression: str = "zstd", profile: str = "ros2", *, threaded: bool = False, keep: int = 0) -> None:
        self.error: OSError | None = None
        self.written = 0  # bytes handed to the stream
        self._sealed = 0  # messages in chunks that are sealed
        self._stream, self._compression = stream, compression
        self._compress = _compressor(compression)
        self._buffer = bytearray()
        self._index: dict[int, array[int]] = {}
        self._counts: Counter[int] = Counter()
        self._schemas: list[records.Schema] = []
        self._channels: list[records.Channel] = []
        self._chunks: list[records.ChunkIndex] = []
        self._attachments: list[records.AttachmentIndex] = []
        self._metadata: list[records.MetadataIndex] = []
        self._keep, self._kept, self._until = keep, deque[Sealed](), -1
        self._jobs: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="bag", daemon=True) if threaded else None
        if self._thread is not None:
            self._thread.start()
        head = RecordBuilder()
        records.Header(profile, "skillkit").write(head)
        first = MAGIC + head.end()
        self._do(lambda: self._put(first))

    # -- what is written -------------------------------------------------------------------------------------------------------------------

    def schema(self, name: str, encoding: str, text: str) -> int:
        """Register a schema; its number."""
        made = records.Schema(len(self._schemas) + 1, text.encode(), encoding, name)
        self._schemas.append(made)
        self._record(made)
        return made.id

    def channel(self, topic: str, encoding: str, schema: int, words: Mapping[str, str] = MappingProxyType({})) -> int:
        """Register a channel, with words about it; its number."""
        made = records.Channel(len(self._channels), topic, encoding, dict(words), schema)
        self._channels.append(made)
        self._index[made.id] = array("Q")
        self._record(made)
        return made.id

    def add(self, channel: int, stamp: int, data: bytes) -> None:
        """Collect one message; ``stamp`` is its log time [ns]."""
        buffer, note = self._buffer, self._index[channel].append
        at = len(buffer)
        note(stamp)
        note(at)
        buffer += _message(5, _MESSAGE_HEAD + len(data), channel, 0, stamp, stamp)
        buffer += data
        if at > CHUNK_SIZE:
            self.seal()

    def extend(self, data: bytes | memoryview, indexes: Mapping[int, NDArray[np.uint64]]) -> None:
        """Collect the messages of a whole chunk; channel → (k, 2) log times [ns] and offsets."""
        base = np.array([0, len(self._buffer)], dtype=np.uint64)
        for channel, entries in indexes.items():
            self._index[channel].frombytes((entries + base).tobytes())
        self._buffer += data
        if len(self._buffer) > CHUNK_SIZE:
            self.seal()

    @property
    def messages(self) -> int:
        """How many were collected."""
        return self._sealed + sum(map(len, self._index.values())) // 2

    def seal(self) -> None:
        """End the chunk and write it, or let the thread do so."""
        if not self._buffer:
            return
        index = {channel: entries for channel, entries in self._index.items() if entries}
        stamps = [np.frombuffer(entries, dtype=np.uint64)[::2] for entries in index.values()]
        sealed = Sealed(self._buffer, min(int(some.min()) for some in stamps), max(int(some.max()) for some in stamps), index)
        self._buffer = bytearray()
        self._sealed += sum(map(len, index.values())) // 2
        self._index = {channel: array("Q") for channel in self._index}
        self._do(lambda: self._take(sealed))

    def release(self, after: int) -> None:
        """Write the chunks that are kept, and those of the next ``after`` [ns]."""
        self.seal()
        self._do(lambda: self._let_go(after))

    def attachment(self, name: str, data: bytes, media_type: str) -> None:
        """Write a file into the file, at once."""
        builder = RecordBuilder()
        records.Attachment(0, 0, name, media_type, data).write(builder)
        record = builder.end()

        def write() -> None:
            self._attachments.append(records.AttachmentIndex(self.written, len(record), 0, 0, len(data), name, media_type))
            self._put(record)

        self._do(write)

    def metadata(self, name: str, values: dict[str, str]) -> None:
        """Write a record of words, at once."""
        builder = RecordBuilder()
        records.Metadata(name, values).write(builder)
        record = builder.end()

        def write() -> None:
            self._metadata.append(records.MetadataIndex(self.written, len(record), name))
            self._put(record)

        self._do(write)

    def finish(self) -> None:
        """Write what is left, and the summary."""
        self.seal()
        self._do(self._summarise)
        self.wait()

    def wait(self) -> None:
        """Wait for the thread, and end it."""
        if self._thread is not None and self._thread.is_alive():
            self._jobs.put(None)
            self._thread.join()

    # -- on the thread, if there is one ------------------------------------------------------------------------------------------------------

    def _do(self, job: Callable[[], None]) -> None:
        if self._thread is not None:
            self._jobs.put(job)
        else:
            self._try(job)

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            self._try(job)

    def _try(self, job: Callable[[], None]) -> None:
        if self.error is None:
            try:
                job()
            except OSError as error:
                self.error = error

    def _record(self, record: records.McapRecord) -> None:
        builder = RecordBuilder()
        record.write(builder)
        data = builder.end()
        self._do(lambda: self._put(data))

    def _put(self, data: bytes) -> None:
        self._stream.write(data)
        self._stream.flush()
        self.written += len(data)

    def _take(self, chunk: Sealed) -> None:
        if self._keep and chunk.start > self._until:
            self._kept.append(chunk)
            while self._kept[0].end < chunk.end - self._keep:
                self._kept.popleft()
        else:
            self._write_chunk(chunk)

    def _let_go(self, after: int) -> None:
        if self._kept:
            self._until = self._kept[-1].end + after
        while self._kept:
            self._write_chunk(self._kept.popleft())

    def _write_chunk(self, chunk: Sealed) -> None:
        packed = self._compress(chunk.data)
        word = b"" if self._compression == "none" else self._compression.encode()
        length = 28 + 4 + len(word) + 8 + len(packed)
        head = _CHUNK.pack(Opcode.CHUNK, length, chunk.start, chunk.end, len(chunk.data), zlib.crc32(chunk.data))
        head += struct.pack("<I", len(word)) + word + struct.pack("<Q", len(packed))
        begin = self.written
        at = begin + len(head) + len(packed)
        places, parts = {}, [head, packed]
        for channel, entries in chunk.places.items():
            places[channel] = at
            content = entries.tobytes()
            parts += [_INDEX.pack(Opcode.MESSAGE_INDEX, 6 + len(content), channel, len(content)), content]
            at += _INDEX.size + len(content)
            self._counts[channel] += len(entries) // 2
        self._put(b"".join(parts))
        index_length = at - begin - len(head) - len(packed)
        self._chunks.append(
            records.ChunkIndex(
                message_start_time=chunk.start, message_end_time=chunk.end, chunk_start_offset=begin, chunk_length=len(head) + len(packed),
                message_index_offsets=places, message_index_length=index_length, compression=word.decode(), compressed_size=len(packed),
                uncompressed_size=len(chunk.data),
            )
        )  # fmt: skip

    def _summarise(self) -> None:
        end = RecordBuilder()
        records.DataEnd(0).write(end)
        self._put(end.end())
        start = self.written
        statistics = records.Statistics(
            attachment_count=len(self._attachments), channel_count=len(self._channels), channel_message_counts=dict(self._counts),
            chunk_count=len(self._chunks), message_count=sum(self._counts.values()), metadata_count=len(self._metadata),
            message_start_time=min((c.message_start_time for c in self._chunks), default=0),
            message_end_time=max((c.message_end_time for c in self._chunks), default=0), schema_count=len(self._schemas),
        )  # fmt: skip
        groups = ((Opcode.SCHEMA, self._schemas), (Opcode.CHANNEL, self._channels), (Opcode.STATISTICS, [statistics]))
        more = ((Opcode.CHUNK_INDEX, self._chunks), (Opcode.ATTACHMENT_INDEX, self._attachments), (Opcode.METADATA_INDEX, self._metadata))
        builder = RecordBuilder()
        summary, offsets = bytearray(), RecordBuilder()
        for opcode, group in (*groups, *more):
            first = start + len(summary)
            for record in group:
                record.write(builder)  # type: ignore[attr-defined]
            summary += builder.end()
            if group:
                records.SummaryOffset(opcode, first, start + len(summary) - first).write(offsets)
        offset_start = start + len(summary)
        summary += offsets.end()
        foot = struct.pack("<BQQQ", Opcode.FOOTER, 20, start, offset_start)
        self._put(bytes(summary) + foot + struct.pack("<I", zlib.crc32(foot, zlib.crc32(summary))) + MAGIC)


def _compressor(word: str) -> Callable[[bytearray], bytes | bytearray]:
    if word == "zstd":
        return zstandard.ZstdCompressor(level=ZSTD_LEVEL).compress
    if word == "lz4":
        compress: Callable[[bytearray], bytes] = lz4.frame.compress
        return compress
    return lambda data: data
