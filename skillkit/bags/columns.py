"""A topic as columns: every number of every message in NumPy arrays, cut straight out of the CDR bytes.

Messages of one topic mostly have one layout: texts and sequences of the same lengths, hence every number at the same place. The first
message of a layout is walked to find the places; from then on the bytes of all messages of that length are one table, and a column is a
slice of it. Messages are sorted into layouts by their length and by the counts that they carry, so a topic may change on the way.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from skillkit.bags.cdr import COUNT, Codec
from skillkit.bags.chunk import same_rows
from skillkit.bags.definition import PRIMITIVES, Field
from skillkit.bags.growing import Column, Growing, Part, add_numbers, add_texts, joined
from skillkit.exceptions import BagError

TIME = "time"  # the column of log times [s]
BATCH = 256 * 1024  # [bytes] of messages that are cut into columns together
MANY = 1 << 24  # rows that room is made for at most, whatever a file says of itself
ENDLESS = 100_000  # fields of one message beyond which it is no table


class Entry(NamedTuple):
    """Where one field lies in a message of a layout: ``length`` values, or a text."""

    name: str
    offset: int
    kind: np.dtype[Any] | None  # of its numbers; none for a text
    length: int
    single: bool


class Layout(NamedTuple):
    """The places of all fields, and what must be equal for a message to have this layout."""

    entries: tuple[Entry, ...]
    counts: tuple[tuple[int, int], ...]  # (offset, value) of every length and count
    spans: tuple[tuple[int, int], ...]  # where no number lies
    singles: frozenset[str]  # fields of one number


class Piece(NamedTuple):
    """Messages of one length: log times [ns] (k,), numbers that order those of equal time (k,), and their bytes (k, length)."""

    stamps: NDArray[np.int64]
    order: NDArray[np.int64]
    table: NDArray[np.uint8]

    def where(self, chosen: NDArray[np.bool_]) -> Piece:
        """Some of them."""
        return Piece(self.stamps[chosen], self.order[chosen], self.table[chosen])


def columns(codec: Codec, pieces: Iterable[Piece], expected: int = 0) -> dict[str, Column]:
    """Log times [s] under ``time`` and every field under its path, such as ``header.stamp.sec`` or ``points[0].positions``.

    A number is a column (n,), a sequence (n, k); texts are columns of ``str``. Where layouts differ between messages, sequences are padded
    with NaN (numbers) or 0, and what a message lacks is NaN, 0 or "".

    Args:
        expected: how many messages there will be, as far as is known.

    Raises:
        BagError: a message is damaged.
    """
    layouts: dict[int, list[Layout]] = {}
    parts: dict[str, list[Part]] = {}
    stamps, order = (Growing(np.dtype(np.int64), 1, max(1, min(expected, MANY))) for _ in range(2))
    singles: set[str] = set()
    for piece in _joined(pieces):
        for layout, some, alike in _layouts(codec, piece, layouts.setdefault(piece.table.shape[1], [])):
            row = stamps.length
            stamps.add(_bytes(some.stamps), 0)
            order.add(_bytes(some.order), 0)
            for entry in layout.entries:
                column = parts.setdefault(entry.name, [])
                if entry.kind is not None:
                    add_numbers(column, row, some.table, entry.offset, entry.kind, entry.length, expected - row)
                else:
                    add_texts(column, row, len(some.stamps), _texts(some.table, entry, alike))
            singles.update(layout.singles)
    if not stamps.length:
        return {TIME: np.zeros(0)}
    times = stamps.rows[:, 0]
    rows = _order(times, order.rows[:, 0])
    found = {name: joined(some, len(times)) for name, some in parts.items()}
    return {TIME: _sorted(times / 1e9, rows), **{name: _sorted(column[:, 0] if name in singles else column, rows) for name, column in found.items()}}


def _bytes(numbers: NDArray[np.int64]) -> NDArray[np.uint8]:
    """(k,) as a table of bytes (k, 8)."""
    return np.ascontiguousarray(numbers).view(np.uint8).reshape(-1, 8)


def _order(times: NDArray[np.int64], numbers: NDArray[np.int64]) -> NDArray[np.intp] | None:
    """What puts the rows in order of time, and of their numbers where times are equal; ``None`` where they are."""
    if (times[1:] > times[:-1]).all() or ((times[1:] > times[:-1]) | ((times[1:] == times[:-1]) & (numbers[1:] > numbers[:-1]))).all():
        return None
    return np.lexsort((numbers, times))


def _joined(pieces: Iterable[Piece]) -> Iterator[Piece]:
    """Pieces of equal length together, until they are large enough to be worth the calls, yet stay in a processor's cache."""
    waiting: dict[int, list[Piece]] = {}
    sizes: dict[int, int] = {}
    for piece in pieces:
        length = piece.table.shape[1]
        if length not in waiting and piece.table.size >= BATCH:
            yield piece
            continue
        waiting.setdefault(length, []).append(piece)
        sizes[length] = sizes.get(length, 0) + piece.table.size
        if sizes[length] >= BATCH:
            sizes[length] = 0
            yield _together(waiting.pop(length))
    for some in waiting.values():
        yield _together(some)


def _together(pieces: Sequence[Piece]) -> Piece:
    stamps, order, tables = zip(*pieces, strict=True)
    return Piece(np.concatenate(stamps), np.concatenate(order), np.concatenate(tables))


def piled(stamps: Sequence[int], messages: Sequence[bytes]) -> list[Piece]:
    """Messages in order, by their lengths."""
    by_length: dict[int, list[int]] = {}
    for row, data in enumerate(messages):
        by_length.setdefault(len(data), []).append(row)
    return [
        Piece(
            np.array([stamps[row] for row in rows], dtype=np.int64),
            np.array(rows, dtype=np.int64),
            np.frombuffer(b"".join(messages[row] for row in rows), dtype=np.uint8).reshape(len(rows), length),
        )
        for length, rows in by_length.items()
    ]


def _layouts(codec: Codec, piece: Piece, known: list[Layout]) -> Iterator[tuple[Layout, Piece, bool]]:
    """Every layout that occurs among messages of one length, with those that have it, and whether all their texts are equal.

    New layouts are added to ``known``.
    """
    while len(piece.stamps):
        layout = _layout(codec, piece.table[0].tobytes(), known)
        if all(same_rows(piece.table, *span) for span in layout.spans):
            yield layout, piece, True
            return
        fits = np.ones(len(piece.stamps), dtype=bool)
        for offset, value in layout.counts:
            fits &= np.ascontiguousarray(piece.table[:, offset : offset + 4]).view("<u4")[:, 0] == value
        if fits.all():
            yield layout, piece, False
            return
        yield layout, piece.where(fits), False
        piece = piece.where(~fits)


def _layout(codec: Codec, data: bytes, known: list[Layout]) -> Layout:
    for layout in known:
        if all(COUNT.unpack_from(data, offset)[0] == value for offset, value in layout.counts):
            return layout
    known.append(layout_of(codec, data))
    return known[-1]


class _Walker:
    """Walks one message and notes the places."""

    def __init__(self, codec: Codec, data: bytes) -> None:
        self.types, self.data, self.at = codec.fields, data, 4
        self.entries: list[Entry] = []
        self.counts: list[tuple[int, int]] = []

    def message(self, name: str, above: str) -> None:
        for field in self.types[name]:
            path = f"{above}{field.name}"
            if field.length is None:
                self._one(field, path)
            elif field.primitive and PRIMITIVES[field.type]:
                self._numbers(path, PRIMITIVES[field.type], self._count() if field.length < 0 else field.length, single=False)
            else:
                for index in range(self._count() if field.length < 0 else field.length):
                    self._one(field, f"{path}[{index}]")

    def _one(self, field: Field, path: str) -> None:
        if len(self.entries) > ENDLESS:
            raise ValueError(f"it has more than {ENDLESS} fields")
        if not field.primitive:
            self.message(field.type, f"{path}.")
        elif PRIMITIVES[field.type]:
            self._numbers(path, PRIMITIVES[field.type], 1, single=True)
        else:
            size = self._count() * (2 if field.type == "wstring" else 1)
            self._fits(size)
            self.entries.append(Entry(path, self.at, None, size, True))
            self.at += size

    def _numbers(self, path: str, code: str, count: int, *, single: bool) -> None:
        size = struct.calcsize(f"<{code}")
        self.at += (4 - self.at) % size if count else 0
        self._fits(count * size)
        self.entries.append(Entry(path, self.at, np.dtype(f"<{np.dtype(code).str[1:]}"), count, single))
        self.at += count * size

    def _count(self) -> int:
        self.at += -self.at & 3
        (count,) = COUNT.unpack_from(self.data, self.at)
        self.counts.append((self.at, count))
        self.at += 4
        return int(count)

    def _fits(self, size: int) -> None:
        if self.at + size > len(self.data):
            raise ValueError("it is cut")


def layout_of(codec: Codec, data: bytes) -> Layout:
    """Where everything lies in one message.

    Raises:
        BagError: it is damaged, or no table.
    """
    walker = _Walker(codec, data)
    try:
        if data[:2] != b"\x00\x01":
            raise ValueError("it is not little-endian plain CDR")
        walker.message(codec.root, "")
    except (ValueError, struct.error, IndexError) as error:
        raise BagError(codec.name, f"a message cannot be read as columns: {error}") from None
    singles = frozenset(entry.name for entry in walker.entries if entry.single and entry.kind is not None)
    return Layout(tuple(walker.entries), tuple(walker.counts), _spans(walker), singles)


def _spans(walker: _Walker) -> tuple[tuple[int, int], ...]:
    """From where to where only lengths, counts, texts and the padding between them lie."""
    words = [(entry.offset, entry.offset + entry.length) for entry in walker.entries if entry.kind is None]
    spans: list[tuple[int, int]] = []
    for first, last in sorted([*words, *((offset, offset + 4) for offset, _ in walker.counts)]):
        if spans and first - spans[-1][1] < 4:
            spans[-1] = (spans[-1][0], last)
        else:
            spans.append((first, last))
    return tuple(spans)


def _texts(table: NDArray[np.uint8], entry: Entry, alike: bool) -> Column | str:
    """A field of words of some messages; ``alike`` where all texts of these messages are equal."""
    texts = table[:, entry.offset : entry.offset + entry.length]
    if alike or same_rows(table, entry.offset, entry.offset + entry.length):
        return _text(texts[0])
    return np.array([_text(row) for row in texts], dtype=object)


def _text(row: NDArray[np.uint8]) -> str:
    return row.tobytes().rstrip(b"\0").decode("utf-8", "replace")


def _sorted(column: Column, rows: NDArray[np.intp] | None) -> Column:
    column = column if rows is None else column[rows]
    column.setflags(write=False)
    return column


def as_of(times: Column, table: Mapping[str, Column]) -> dict[str, Column]:
    """For each of ``times`` [s] the row of another topic's columns that was the last by then; NaN, 0 or "" where there was none yet."""
    rows = np.searchsorted(table[TIME], times, side="right") - 1
    before = rows < 0
    joined = {}
    for name, column in table.items():
        chosen = column[np.maximum(rows, 0)] if len(column) else np.zeros((len(times), *column.shape[1:]), column.dtype)
        if before.any():
            chosen = chosen.copy()
            chosen[before] = "" if column.dtype == object else np.nan if column.dtype.kind == "f" else 0
        joined[name] = chosen
    return joined
