"""Where something is in a bag: a word in any text, or a number that crosses a limit."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from skillkit.bags.columns import TIME, Column
from skillkit.bags.read import Bag
from skillkit.exceptions import BagError, InvalidValue

COMPARE: dict[str, Callable[[Column, float], NDArray[np.bool_]]] = {
    "<": np.less, "<=": np.less_equal, ">": np.greater, ">=": np.greater_equal, "==": np.equal, "!=": np.not_equal,
}  # fmt: skip
CONDITION = re.compile(r"\s*([\w.\[\]]+)\s*(<=|>=|==|!=|<|>)\s*(\S+)\s*")
INDEXED = re.compile(r"(.+)\[(\d+)\]")


class Place(NamedTuple):
    """Where it is: log time [s], topic, path of the field, and the value there."""

    time: float
    topic: str
    field: str
    value: Any


class Condition(NamedTuple):
    """``position[3] > 1.5``: a field, a relation and a number."""

    field: str
    operator: str
    limit: float

    @classmethod
    def parse(cls, text: str) -> Condition:
        """Raises: InvalidValue: it is none."""
        found = CONDITION.fullmatch(text)
        try:
            return cls(found[1], found[2], float(found[3])) if found else cls._wrong(text)
        except ValueError:
            return cls._wrong(text)

    @classmethod
    def _wrong(cls, text: str) -> Condition:
        raise InvalidValue("condition", text, f"FIELD RELATION NUMBER, such as 'position[3] > 1.5'; relations: {', '.join(COMPARE)}")


def find_text(bag: Bag, word: str, topics: Sequence[str] = ("*",)) -> Iterator[Place]:
    """Every text that holds a word, in order of log time."""
    for message in bag.messages(_chosen(bag, topics)):
        for path, value in _texts(message.value, ""):
            if word in value:
                yield Place(message.time, message.topic, path, value)


def find_where(bag: Bag, condition: Condition, topics: Sequence[str] = ("*",)) -> Iterator[Place]:
    """Every moment at which a condition begins to hold, topic by topic; topics without that field are passed over."""
    for topic in _chosen(bag, topics):
        try:
            table = bag.columns(topic)
        except BagError:  # not a table: its layout has no end, or it is damaged
            continue
        column = _column(table, condition.field)
        if column is None or column.ndim != 1 or column.dtype.kind not in "fiub":
            continue
        holds = COMPARE[condition.operator](column, condition.limit)
        begins = holds & ~np.concatenate(([False], holds[:-1]))
        yield from (Place(float(table[TIME][row]), topic, condition.field, column[row].item()) for row in np.flatnonzero(begins))


def _chosen(bag: Bag, patterns: Sequence[str]) -> list[str]:
    return [name for name, topic in bag.topics.items() if topic.encoding == "cdr" and any(fnmatchcase(name, pattern) for pattern in patterns)]


def _column(table: Mapping[str, Column], field: str) -> Column | None:
    indexed = INDEXED.fullmatch(field)
    if field in table or indexed is None:
        return table.get(field)
    column = table.get(indexed[1])
    return column[:, int(indexed[2])] if column is not None and column.ndim == 2 and int(indexed[2]) < column.shape[1] else None


def _texts(value: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _texts(inner, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _texts(inner, f"{path}[{index}]")
