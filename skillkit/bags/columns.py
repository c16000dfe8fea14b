"""A topic as columns: every number of every message in NumPy arrays, cut straight out of the CDR bytes.

Messages of one topic mostly have one layout: texts and sequences of the same lengths, hence every number at the same place. The first
message of a layout is walked to find the places; from then on the bytes of all messages of that length are one table, and a column is a
slice of it. Messages are sorted into layouts by their length and by the counts that they carry, so a topic may change on the way.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from skillkit.bags.cdr import COUNT, Codec
from skillkit.bags.definition import PRIMITIVES, Field
from skillkit.exceptions import BagError

Column = NDArray[Any]
TIME = "time"  # the column of log times [s]
ENDLESS = 100_000  # fields of one message beyond which it is no table


class Entry(NamedTuple):
    """Where one field lies in a message of a layout: ``length`` values, or a text."""

    name: str
    offset: int
    code: str  # of numpy; "" for a text
    length: int
    single: bool


class Layout(NamedTuple):
    """The places of all fields, and what must be equal for a message to have this layout."""

    entries: tuple[Entry, ...]
    counts: tuple[tuple[int, int], ...]  # (offset, value) of every length and count
    size: int


class Pile(NamedTuple):
    """Messages of one length: log times [ns] (k,), their places in the order of the topic (k,), and their bytes (k, length)."""

    stamps: NDArray[np.int64]
    rows: NDArray[np.intp]
    table: NDArray[np.uint8]


def columns(codec: Codec, piles: Sequence[Pile]) -> dict[str, Column]:
    """Log times [s] under ``time`` and every field under its path, such as ``header.stamp.sec`` or ``points[0].positions``.

    A number is a column (n,), a sequence (n, k); texts are columns of ``str``. Where layouts differ between messages, sequences are padded
    with NaN (numbers) or 0, and what a message lacks is NaN, 0 or "".

    Raises:
        BagError: a message is damaged.
    """
    n = sum(len(pile.rows) for pile in piles)
    times = np.zeros(n)
    found: dict[str, list[tuple[NDArray[np.intp], Column]]] = {}
    for pile in piles:
        times[pile.rows] = pile.stamps / 1e9
        for layout, rows, table in _layouts(codec, pile):
            for entry in layout.entries:
                found.setdefault(entry.name, []).append((rows, _column(table, entry)))
    return {TIME: times, **{name: _merged(parts, n) for name, parts in found.items()}}


def piled(stamps: Sequence[int], messages: Sequence[bytes]) -> list[Pile]:
    """Messages in order, by their lengths."""
    by_length: dict[int, list[int]] = {}
    for row, data in enumerate(messages):
        by_length.setdefault(len(data), []).append(row)
    return [
        Pile(
            np.array([stamps[row] for row in rows], dtype=np.int64),
            np.array(rows, dtype=np.intp),
            np.frombuffer(b"".join(messages[row] for row in rows), dtype=np.uint8).reshape(len(rows), length),
        )
        for length, rows in by_length.items()
    ]


def gathered(parts: Sequence[tuple[NDArray[np.int64], NDArray[np.intp], NDArray[np.uint8]]]) -> list[Pile]:
    """Piles from pieces: log times [ns], a number that orders the messages of equal time, and bytes; pieces of one length are joined."""
    if not parts:
        return []
    order = np.lexsort((np.concatenate([part[1] for part in parts]), np.concatenate([part[0] for part in parts])))
    places = np.empty(len(order), dtype=np.intp)
    places[order] = np.arange(len(order))
    rows = np.split(places, np.cumsum([len(part[0]) for part in parts])[:-1])
    by_length: dict[int, list[int]] = {}
    for index, part in enumerate(parts):
        by_length.setdefault(part[2].shape[1], []).append(index)
    return [
        Pile(np.concatenate([parts[i][0] for i in some]), np.concatenate([rows[i] for i in some]), np.concatenate([parts[i][2] for i in some]))
        for some in by_length.values()
    ]


def _layouts(codec: Codec, pile: Pile) -> Iterator[tuple[Layout, NDArray[np.intp], NDArray[np.uint8]]]:
    """Every layout that occurs among messages of one length, with the rows and the bytes of those that have it."""
    _, rows, table = pile
    while len(rows):
        layout = _walk(codec, table[0].tobytes())
        fits = np.ones(len(rows), dtype=bool)
        for offset, value in layout.counts:
            fits &= np.ascontiguousarray(table[:, offset : offset + 4]).view("<u4")[:, 0] == value
        if fits.all():
            yield layout, rows, table
            return
        yield layout, rows[fits], table[fits]
        rows, table = rows[~fits], table[~fits]


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
            self.entries.append(Entry(path, self.at, "", size, True))
            self.at += size

    def _numbers(self, path: str, code: str, count: int, *, single: bool) -> None:
        size = struct.calcsize(f"<{code}")
        self.at += (4 - self.at) % size if count else 0
        self._fits(count * size)
        self.entries.append(Entry(path, self.at, f"<{np.dtype(code).str[1:]}", count, single))
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


def _walk(codec: Codec, data: bytes) -> Layout:
    walker = _Walker(codec, data)
    try:
        if data[:2] != b"\x00\x01":
            raise ValueError("it is not little-endian plain CDR")
        walker.message(codec.root, "")
    except (ValueError, struct.error, IndexError) as error:
        raise BagError(codec.name, f"a message cannot be read as columns: {error}") from None
    return Layout(tuple(walker.entries), tuple(walker.counts), len(data))


def _column(table: NDArray[np.uint8], entry: Entry) -> Column:
    n = len(table)
    if not entry.code:
        part = table[:, entry.offset : entry.offset + entry.length]
        if (part == part[0]).all():
            return np.full(n, bytes(part[0]).rstrip(b"\0").decode("utf-8", "replace"), dtype=object)
        return np.array([bytes(row).rstrip(b"\0").decode("utf-8", "replace") for row in table[:, entry.offset : entry.offset + entry.length]], dtype=object)
    kind = np.dtype(entry.code)
    part = table[:, entry.offset : entry.offset + entry.length * kind.itemsize]
    values: Column = np.ascontiguousarray(part).view(kind) if entry.length else np.zeros((n, 0), kind)
    return values[:, 0] if entry.single else values


def _merged(parts: list[tuple[NDArray[np.intp], Column]], n: int) -> Column:
    if len(parts) == 1 and len(parts[0][1]) == n:
        rows, values = parts[0]
        column = values if bool((rows[1:] > rows[:-1]).all()) else values[np.argsort(rows)]
    else:
        first = parts[0][1]
        shape = (n,) if first.ndim == 1 else (n, max(values.shape[1] for _, values in parts))
        empty: Any = "" if first.dtype == object else np.nan if first.dtype.kind == "f" else 0
        column = np.full(shape, empty, dtype=first.dtype)
        for rows, values in parts:
            if values.ndim == 1:
                column[rows] = values
            else:
                column[rows, : values.shape[1]] = values
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
