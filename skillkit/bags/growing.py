"""Columns that grow: rows are cut out of tables of bytes straight into the array that is handed out in the end, so that each is copied once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Column = NDArray[Any]
ROOM = 256 * 1024 * 1024  # [bytes] that are reserved at first, at most, for messages of one length; what is not written to takes no memory


class Growing:
    """An array (n, width) of one kind of numbers, to which rows are added."""

    def __init__(self, kind: np.dtype[Any], width: int, room: int) -> None:
        self._array = np.empty((room, width), kind)
        self._bytes = width * kind.itemsize
        self.length = 0

    def takes(self, kind: np.dtype[Any], width: int) -> bool:
        """Whether such rows fit in."""
        return self._array.dtype == kind and self._array.shape[1] == width

    def add(self, table: NDArray[np.uint8], first: int) -> None:
        """The numbers that begin at column ``first`` of a table of bytes (k, …)."""
        begin, end = self.length, self.length + len(table)
        if end > len(self._array):
            before, self._array = self._array, np.empty((2 * end, self._array.shape[1]), self._array.dtype)
            self._array[:begin] = before[:begin]
        self.length = end
        if self._bytes:
            word = f"V{self._bytes}"  # moved as memory is, whole rows at once
            self._array[begin:end].view(word)[:] = table[:, first : first + self._bytes].view(word)

    @property
    def rows(self) -> Column:
        """All of them (n, width)."""
        rows = self._array[: self.length]
        return rows if 2 * self.length >= len(self._array) else rows.copy()


@dataclass
class Part:
    """Some rows of a column, from ``row`` on; one text where all of them are equal."""

    row: int
    length: int
    values: Growing | Column | str


def add_numbers(parts: list[Part], row: int, table: NDArray[np.uint8], first: int, kind: np.dtype[Any], width: int, expected: int) -> None:
    """Add to a column, at ``row``, the numbers at ``first`` of every row of a table.

    Args:
        expected: how many rows there will be from here on, as far as is known.
    """
    last = parts[-1] if parts else None
    if last is None or not isinstance(last.values, Growing) or last.row + last.length != row or not last.values.takes(kind, width):
        room = max(len(table), min(expected, ROOM // max(1, table.shape[1])))
        last = Part(row, 0, grown := Growing(kind, width, room))
        parts.append(last)
    else:
        grown = last.values
    grown.add(table, first)
    last.length = grown.length


def add_texts(parts: list[Part], row: int, n: int, texts: Column | str) -> None:
    """Add to a column, at ``row``, ``n`` texts, or one that all of these rows have."""
    last = parts[-1] if parts else None
    if last is not None and isinstance(texts, str) and isinstance(last.values, str) and last.values == texts and last.row + last.length == row:
        last.length += n
    else:
        parts.append(Part(row, n, texts))


def joined(parts: Sequence[Part], n: int) -> Column:
    """A column (n, k), of texts (n,), from its parts; what they leave out is NaN, 0 or ""."""
    arrays = [part.values.rows if isinstance(part.values, Growing) else part.values for part in parts]
    whole = sum(part.length for part in parts) == n
    if whole and len(parts) == 1:
        only = arrays[0]
        return np.broadcast_to(np.array(only, dtype=object), n) if isinstance(only, str) else only
    found = [array for array in arrays if not isinstance(array, str)]
    if whole and len(found) == len(parts) and len({array.shape[1:] for array in found}) == 1:
        return np.concatenate(found)
    first = found[0] if found else np.zeros(0, dtype=object)
    shape = (n,) if first.ndim == 1 else (n, max(array.shape[1] for array in found))
    empty: Any = "" if first.dtype == object else np.nan if first.dtype.kind == "f" else 0
    column = np.full(shape, empty, dtype=first.dtype)
    for part, values in zip(parts, arrays, strict=True):
        rows = slice(part.row, part.row + part.length)
        if isinstance(values, str) or values.ndim == 1:
            column[rows] = values
        else:
            column[rows, : values.shape[1]] = values
    return column
