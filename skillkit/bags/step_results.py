"""What a step decided as bytes, without the detour over its fields.

Most steps only go on: nothing begins or ends, and directives, commands and judgements are those of the same arms and runs, with other numbers. Once
such a shape has come twice, the places of the numbers are looked up; from then on a step is one packing between the bytes that stay. A step
with anything else in it is encoded field by field.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from itertools import accumulate
from operator import itemgetter
from typing import Any, NamedTuple

from skillkit.bags.cdr import Codec
from skillkit.bags.columns import layout_of
from skillkit.bags.schemas import STEP_RESULT, schema
from skillkit.events import Called, Judged
from skillkit.records import directive_record, result_record, time_fields
from skillkit.runtime import StepResult

SHAPES_LIMIT = 256  # shapes that are remembered
LETTERS = {"f8": "d", "i4": "i", "u4": "I", "u8": "Q"}  # of struct, for those of numpy
REPEATED = (Judged, Called)  # notes that come again and again

Shape = tuple[Any, ...]


class Form(NamedTuple):
    """Results of one shape."""

    pack: Callable[..., bytes]
    stays: list[bytes]
    ordered: Callable[[list[Any]], tuple[Any, ...]]  # numbers, then what stays → as they are packed


class StepResults:
    """CDR bytes of one StepResult after another, those that :class:`Codec` makes of their records."""

    def __init__(self) -> None:
        self._codec = Codec(STEP_RESULT, schema(STEP_RESULT))
        self._forms: dict[Shape, Form | None] = {}  # none: it came once

    def __call__(self, result: StepResult) -> bytes:
        """Raises: BagError: a value does not fit."""
        if result.events or result.ended or not all(type(note) in REPEATED for note in result.notes):
            return self._by_field(result)
        shape, numbers = _parts(result)
        form = self._forms.get(shape)
        if form is not None:
            return form.pack(*form.ordered(numbers + form.stays))
        data = self._by_field(result)
        if len(self._forms) < SHAPES_LIMIT:
            self._forms[shape] = _form(self._codec, data) if shape in self._forms else None
        return data

    def _by_field(self, result: StepResult) -> bytes:
        return self._codec.encode(result_record(result))


def _parts(result: StepResult) -> tuple[Shape, list[Any]]:
    """What makes the shape of a result, and its numbers in the order of its fields."""
    stamp = time_fields(result.time)
    shape: list[Any] = []
    numbers: list[Any] = [stamp["sec"], stamp["nanosec"], result.tick]
    for arm, directive in result.directives.items():
        said = directive_record(arm, directive)
        values = said["values"]
        shape += (arm, said["kind"], said["frame"], len(values))
        numbers += values
        numbers += (said["closure"], said["period"], said["start"])
    for arm, command in result.commands.items():
        residual = result.residuals[arm].tolist() if arm in result.residuals else []
        shape += (arm, len(command.position), len(command.velocity), command.limited, command.safe, len(residual))
        numbers += command.position.tolist()
        numbers += command.velocity.tolist()
        numbers.append(command.closure)
        numbers += residual
    for note in result.notes:
        if isinstance(note, Judged):
            shape += (Judged, note.path, note.part)
            numbers.append(float(note.score))
        elif isinstance(note, Called):
            shape += (Called, note.path, note.weights)
    return tuple(shape), numbers


def _form(codec: Codec, data: bytes) -> Form:
    """The form of results like the one in ``data``: its numbers change, what lies between them stays."""
    entries = [entry for entry in layout_of(codec, data).entries if entry.kind is not None and entry.kind.str[1:] in LETTERS and entry.length]
    codes = [f"{entry.length}{LETTERS[entry.kind.str[1:]]}" for entry in entries if entry.kind is not None]
    ends = [entry.offset + struct.calcsize(f"<{code}") for entry, code in zip(entries, codes, strict=True)]
    gaps = [(before, entry.offset) for before, entry in zip([0, *ends[:-1]], entries, strict=True)]
    format_ = "".join(f"{after - before}s{code}" for (before, after), code in zip(gaps, codes, strict=True))
    stays = [data[before:after] for before, after in (*gaps, (ends[-1], len(data)))]
    lasts = list(accumulate(entry.length for entry in entries))
    order = [place for n, (last, entry) in enumerate(zip(lasts, entries, strict=True)) for place in (lasts[-1] + n, *range(last - entry.length, last))]
    return Form(struct.Struct(f"<{format_}{len(data) - ends[-1]}s").pack, stays, itemgetter(*order, lasts[-1] + len(entries)))
