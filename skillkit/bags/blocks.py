"""The blocks of one MCAP file, or of several that make one bag: read, decompressed, checked, and searched for messages, in bounded memory."""

from __future__ import annotations

import heapq
import os
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from operator import attrgetter
from pathlib import Path
from typing import IO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from skillkit.bags import chunk
from skillkit.bags.chunk import RawMessage
from skillkit.bags.columns import Piece
from skillkit.bags.index import Block, Place, read_index
from skillkit.bags.parts import of_bag, of_file, together
from skillkit.exceptions import BagError

PENDING_LIMIT = 1_000_000  # messages held back to put overlapping chunks in order
AHEAD = 2  # blocks that a thread reads and decompresses beforehand
SMALL = 64 * 1024  # [bytes] blocks below that size on average are not worth a thread
LATEST = 2**63 - 1  # [ns]


class Content(NamedTuple):
    """A block as it was read."""

    data: chunk.Bytes  # the records in it, decompressed
    whole: bool
    indexes: chunk.Bytes  # the message index records behind it


class Blocks:
    """See the module.

    Attributes:
        index: where everything lies.
        complete: finished by its writer, and nothing damaged met so far.
        note: what is missing or damaged, in words.
    """

    def __init__(self, path: Path, *files: IO[bytes]) -> None:
        """Raises: BagError: not an MCAP file."""
        self.path, self._files, self._names = path, files, [Path(file.name).name for file in files]
        parts = [read_index(file, file.name) for file in files]
        self.index = together(parts, self._names) if len(parts) > 1 else parts[0]
        self.complete, self.note = self.index.complete, self.index.note
        self._damaged: set[tuple[int, int]] = set()  # file and offset of chunks that were left out

    def close(self) -> None:
        """Close the files."""
        for file in self._files:
            file.close()

    def damage(self, what: str) -> None:
        """Note that something cannot be read."""
        self.complete = False
        if what not in self.note:
            self.note = "; ".join(part for part in (self.note, f"{what} is damaged and was left out") if part)

    def bytes_at(self, place: Place | Block, length: int | None = None) -> bytes:
        """What lies there."""
        return os.pread(self._files[place.file].fileno(), place.length if length is None else length, place.offset)

    # -- messages --------------------------------------------------------------------------------------------------------------------------

    def messages(self, channels: frozenset[int], first: int = 0, last: int = LATEST) -> Iterator[RawMessage]:
        """Messages of some channels in order of log time [ns], both ends inside, across blocks that may overlap in time.

        Messages of equal time come in the order in which they were written.
        """
        blocks = sorted((block for block in self.index.blocks if block.end >= first and block.start <= last), key=lambda block: block.start)
        horizons = [*(block.start for block in blocks), 2**64][1:]
        pending: list[tuple[int, int, RawMessage]] = []
        order = 0
        for (block, content), horizon in zip(self._contents(blocks), horizons, strict=True):
            batch = list(of_bag(block, self._messages_in(block, content, of_file(block, channels))))
            if block.start < first or block.end > last:
                batch = [message for message in batch if first <= message.stamp <= last]
            batch.sort(key=attrgetter("stamp"))
            if not pending and (not batch or batch[-1].stamp < horizon):
                yield from batch
                continue
            for message in batch:
                heapq.heappush(pending, (message.stamp, order, message))
                order += 1
            while pending and (pending[0][0] < horizon or len(pending) > PENDING_LIMIT):
                yield heapq.heappop(pending)[2]

    def pieces(self, channels: frozenset[int], first: int = 0, last: int = LATEST) -> Iterator[Piece]:
        """The same as tables of bytes, one or several per block, found by the message indexes where there are any; not in order."""
        blocks = [block for block in self.index.blocks if block.end >= first and block.start <= last]
        if all(block.inside for block in blocks):
            wanted = [(order, block) for order, block in enumerate(blocks) if of_file(block, channels) & chunk.channels_in(block.inside)]
            for (order, _), (block, content) in zip(wanted, self._contents([block for _, block in wanted]), strict=True):
                yield from self._pieces_in(order, block, content, of_file(block, channels), first, last)
            return
        by_length: dict[int, list[tuple[int, RawMessage]]] = {}
        for order, message in enumerate(self.messages(channels, first, last)):
            by_length.setdefault(len(message.data), []).append((order, message))
        for length, found in by_length.items():
            stamps = np.array([message.stamp for _, message in found], dtype=np.int64)
            data = np.frombuffer(b"".join(message.data for _, message in found), dtype=np.uint8)
            yield Piece(stamps, np.array([order for order, _ in found]), data.reshape(len(found), length))

    def latest(self, channels: frozenset[int], last: int) -> dict[int, RawMessage]:
        """The last message of each channel not later than ``last`` [ns]; blocks are read backwards from there until all have been met."""
        found: dict[int, RawMessage] = {}
        for block in sorted((b for b in self.index.blocks if b.start <= last), key=lambda b: b.end, reverse=True):
            missing = frozenset(n for n in channels if n not in found or found[n].stamp < block.end)
            if not missing:
                break
            for message in of_bag(block, self._latest_in(block, of_file(block, missing), last)):
                if message.channel not in found or found[message.channel].stamp < message.stamp:
                    found[message.channel] = message
        return found

    def insides(self) -> Iterator[tuple[chunk.Bytes, dict[int, NDArray[np.uint64]]]]:
        """The records in every block in the order of the file, with its message indexes: channel → (k, 2) log times [ns] and offsets."""
        for _, content in self._contents(self.index.blocks):
            yield content.data, _indexes(content.indexes)

    # -- one block -------------------------------------------------------------------------------------------------------------------------

    def _contents(self, blocks: Sequence[Block]) -> Iterator[tuple[Block, Content]]:
        """Blocks with what they hold; of large ones a thread is ahead, since reading and decompressing leave Python's lock to others."""
        if len(blocks) <= AHEAD or sum(block.length for block in blocks) < SMALL * len(blocks):
            yield from ((block, self._checked(block, self._opened(block))) for block in blocks)
            return
        with ThreadPoolExecutor(1, "bag") as reader:
            coming: deque[tuple[Block, Future[Content]]] = deque()
            for block in blocks:
                coming.append((block, reader.submit(self._opened, block)))
                if len(coming) > AHEAD:
                    ready, content = coming.popleft()
                    yield ready, self._checked(ready, content.result())
            for ready, content in coming:
                yield ready, self._checked(ready, content.result())

    def _opened(self, block: Block) -> Content:
        length = sum(block.indexed) - block.offset if block.indexed[0] == block.offset + block.length else block.length
        record = memoryview(self.bytes_at(block, length))
        indexes: chunk.Bytes = record[block.length :]
        if length == block.length and block.indexed[1]:
            indexes = self.bytes_at(Place(*block.indexed, block.file))
        if not block.chunked:
            return Content(record, True, b"")
        try:
            data, whole = chunk.open_chunk(record[: block.length], cut=block.cut)
        except BagError:
            return Content(b"", False, indexes)
        return Content(data, whole, indexes)

    def _checked(self, block: Block, content: Content) -> Content:
        """The same; nothing where the block is damaged, which is noted."""
        if content.whole or block.cut:
            return content
        if (block.file, block.offset) not in self._damaged:
            self._damaged.add((block.file, block.offset))
            self.index.lost_bytes += block.length
            self.index.lost_time += block.end - block.start
        of = f" of {self._names[block.file]}" if len(self._files) > 1 else ""
        self.damage(f"the chunk at byte {block.offset}{of} ({block.start / 1e9:.2f}–{block.end / 1e9:.2f} s)")
        return Content(b"", False, b"")

    def _messages_in(self, block: Block, content: Content, channels: frozenset[int]) -> Iterator[RawMessage]:
        counted = chunk.counts_in(content.indexes)
        if 2 * sum(counted.get(channel, 0) for channel in channels) < sum(counted.values()):
            inside = _indexes(content.indexes)
            return chunk.messages_at(content.data, [inside[channel] for channel in channels & inside.keys()])
        return chunk.messages_in(content.data, channels)

    def _pieces_in(self, order: int, block: Block, content: Content, channels: frozenset[int], first: int, last: int) -> Iterator[Piece]:
        inside, data = _indexes(content.indexes), np.frombuffer(content.data, dtype=np.uint8)
        for channel in channels & inside.keys():
            entries = inside[channel].view(np.int64)
            if block.start < first or block.end > last:
                entries = entries[(entries[:, 0] >= first) & (entries[:, 0] <= last)]
            if (np.diff(entries[:, 1]) <= 0).any():
                entries = entries[np.argsort(entries[:, 1], kind="stable")]
            for offsets, table in chunk.tables_at(data, entries[:, 1], channel):
                rows = np.searchsorted(entries[:, 1], offsets) if len(offsets) != len(entries) else slice(None)
                yield Piece(entries[rows, 0].copy(), (order << 32) + offsets, table)

    def _latest_in(self, block: Block, channels: frozenset[int], last: int) -> Iterator[RawMessage]:
        """The latest message of each channel in a block, not later than ``last`` [ns]; by the message indexes where there are any."""
        if not block.inside:
            latest: dict[int, RawMessage] = {}
            for message in chunk.messages_in(self._checked(block, self._opened(block)).data, channels):
                if message.stamp <= last and (message.channel not in latest or latest[message.channel].stamp <= message.stamp):
                    latest[message.channel] = message
            yield from latest.values()
            return
        channels = channels & chunk.channels_in(block.inside)
        inside = _indexes(self.bytes_at(Place(*block.indexed, block.file))) if channels else {}
        rows = {channel: np.flatnonzero(inside[channel][:, 0] <= last) for channel in channels & inside.keys()}
        if any(len(row) for row in rows.values()):
            content = self._checked(block, self._opened(block)).data
            for channel, row in rows.items():
                if len(row):
                    entries = inside[channel][row]
                    newest = len(row) - 1 - int(np.argmax(entries[::-1, 0]))  # of equal stamps the one written last
                    yield from chunk.messages_at(content, [entries[newest : newest + 1]])


def _indexes(data: chunk.Bytes) -> dict[int, NDArray[np.uint64]]:
    """Channel → (k, 2) log times [ns] and offsets of message index records; damaged ones are left out."""
    return {channel: entries for opcode, a, b in chunk.split(data) if opcode == chunk.MESSAGE_INDEX for channel, entries in chunk.index_at(data, a, b)}
