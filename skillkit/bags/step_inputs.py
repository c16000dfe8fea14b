"""The inputs of a step straight from its bytes.

Steps repeat one another: the same arms, objects and signals in the same order, only the numbers change. The places of the numbers are
looked up once per such order; from then on a step is one unpacking and one comparison of everything that must be as it was. A step with
anything else in it — a goal, a cancel, an answer — is decoded field by field.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from operator import itemgetter
from typing import Any, NamedTuple

from skillkit.bags.cdr import Codec
from skillkit.bags.columns import Entry, layout_of
from skillkit.exceptions import BagError
from skillkit.records import inputs_from_record
from skillkit.spaces import Input, JointInput, ObjectInput, SignalInput, WrenchInput

ORDERS_LIMIT = 16  # orders that are remembered for steps of one length
IGNORED = ("header.", "tick")
SENSED = (JointInput, WrenchInput, ObjectInput, SignalInput)

Values = tuple[Any, ...]
Maker = Callable[[Values], Input]


class Order(NamedTuple):
    """Steps with the same inputs in the same order."""

    unpack: Callable[[bytes], Values]
    words: Callable[[Values], Values]  # what must be as it was, among the values
    expected: Values
    now: int  # where the time stands among the values
    makers: tuple[Maker, ...]


class StepInputs:
    """Time [s] and inputs of one Step message after another."""

    def __init__(self, decode: Callable[[bytes], dict[str, Any]], codec: Codec | None) -> None:
        """``codec`` of the bag's own Step type where that is today's, else ``None``: then ``decode`` does all."""
        self._decode, self._codec = decode, codec
        self._orders: dict[int, list[Order]] = {}

    def __call__(self, data: bytes) -> tuple[float, list[Input]]:
        """Raises: BagError, SkillkitError: the bytes are not a step."""
        orders = self._orders.setdefault(len(data), [])
        for order in orders:
            values = order.unpack(data)
            if order.words(values) == order.expected:
                return values[order.now], [make(values) for make in order.makers]
        step = self._decode(data)
        inputs = inputs_from_record(step)
        if self._codec is not None and len(orders) < ORDERS_LIMIT and all(isinstance(one, SENSED) for one in inputs):
            order_here = _order(self._codec, data, inputs)
            orders += [order_here] if order_here is not None else []
        return float(step["now"]), inputs


def _order(codec: Codec, data: bytes, inputs: list[Input]) -> Order | None:
    try:
        layout = layout_of(codec, data)
    except BagError:
        return None
    places = [*layout.entries, *(Entry("", offset, None, 4, True) for offset, _ in layout.counts)]
    format_, at, n = "<", 0, 0
    index: dict[str, int] = {}
    words: list[int] = []
    for entry in sorted((place for place in places if not place.name.startswith(IGNORED)), key=lambda place: place.offset):
        code, length = ("d", 8 * entry.length) if entry.kind is not None else ("s", entry.length)
        if not length:
            continue
        format_ += f"{entry.offset - at}x{entry.length}{code}"
        at = entry.offset + length
        index[entry.name] = n
        words += [] if entry.kind is not None else [n]
        n += entry.length if entry.kind is not None else 1
    packer = struct.Struct(f"{format_}{len(data) - at}x")
    values = packer.unpack(data)
    pick = itemgetter(*words) if len(words) > 1 else None
    if pick is None:
        return None
    return Order(packer.unpack, pick, pick(values), index["now"], tuple(_makers(index, inputs)))


def _makers(index: dict[str, int], inputs: list[Input]) -> Iterator[Maker]:
    for place, given in enumerate(inputs):
        stamp, first = index[f"inputs[{place}].stamp"], index[f"inputs[{place}].values"]
        match given:
            case JointInput():
                yield _joint(given.arm, stamp, first, len(given.position))
            case WrenchInput():
                yield _wrench(given.arm, stamp, first, len(given.values))
            case ObjectInput():
                yield _object(given.name, stamp, first)
            case SignalInput():
                yield _signal(given.name, stamp, first)


def _joint(arm: str, stamp: int, first: int, n: int) -> Maker:
    middle, end = first + n, first + 2 * n
    return lambda v: JointInput(arm, v[stamp], v[stamp + 1], v[first:middle], v[middle:end], v[end], v[end + 1])


def _wrench(arm: str, stamp: int, first: int, n: int) -> Maker:
    end = first + n
    return lambda v: WrenchInput(arm, v[stamp], v[stamp + 1], v[first:end])


def _object(name: str, stamp: int, first: int) -> Maker:
    middle, end = first + 3, first + 7
    return lambda v: ObjectInput(name, v[stamp], v[stamp + 1], v[first:middle], v[middle:end])


def _signal(name: str, stamp: int, first: int) -> Maker:
    return lambda v: SignalInput(name, v[stamp], v[stamp + 1], v[first])
