"""ROS 2 messages as plain dicts to CDR bytes and back, compiled once per schema.

Encoding: little-endian plain CDR (version 1) after OMG's "Common Data Representation", as ROS 2 middlewares send it: a header of four
bytes, then every number aligned to its own size counted from behind the header; texts carry their length including the closing zero;
sequences carry their count.

Each type becomes one straight-line Python function, written out and compiled here as :mod:`dataclasses` does: runs of neighbouring
numbers are one :class:`struct.Struct` per possible alignment, names appear as quoted keys only.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, TypeAlias

from skillkit.bags.definition import PRIMITIVES, Field, parse_schema, short_name
from skillkit.exceptions import BagError

HEADER = b"\x00\x01\x00\x00"
ZEROS = tuple(bytes(n) for n in range(8))
COUNT = struct.Struct("<I")
DEPTH_LIMIT = 32

Encoder: TypeAlias = Callable[[bytearray, Mapping[str, Any]], None]
Decoder: TypeAlias = Callable[[bytes, int, int], tuple[dict[str, Any], int]]


class Codec:
    """Encodes and decodes one message type.

    Messages are dicts of the fields by name; nested messages are dicts, sequences are lists, ``uint8[]`` is bytes. A field left out is
    encoded as its zero value.
    """

    def __init__(self, name: str, text: str) -> None:
        """Read a full ``ros2msg`` schema.

        Raises:
            BagError: the schema is not readable or not complete.
        """
        self.name = name
        self._types = parse_schema(name, text)
        self._root = short_name(name)
        self._order: list[str] = []  # every type behind those it is made of
        self._check(self._root, ())
        self._encode: Encoder | None = None
        self._decode: Decoder | None = None

    def encode(self, message: Mapping[str, Any]) -> bytes:
        """CDR bytes with their header.

        Raises:
            BagError: a field that the type does not have, or a value that does not fit.
        """
        if self._encode is None:
            self._encode = self._compile("encode", _encoder_lines)
        buffer = bytearray(HEADER)
        try:
            self._encode(buffer, message)
        except (struct.error, TypeError, AttributeError, KeyError, OverflowError, ValueError) as error:
            raise BagError(self.name, f"this message does not fit the type: {error}", "compare it with the definition") from None
        return bytes(buffer)

    def decode(self, data: bytes) -> dict[str, Any]:
        """The message in CDR bytes with their header.

        Raises:
            BagError: the bytes are not a message of this type.
        """
        if self._decode is None:
            self._decode = self._compile("decode", _decoder_lines)
        if len(data) < 4 or data[0] != 0 or data[1] not in (0, 1):
            raise BagError(self.name, "a message does not begin with the header of plain CDR", "the bag may be damaged")
        if data[1] == 0:
            raise BagError(self.name, "a message is written in big-endian CDR, which is not read here", "convert the bag with 'ros2 bag convert'")
        try:
            return self._decode(data, 4, len(data))[0]
        except (struct.error, ValueError, IndexError, OverflowError, MemoryError) as error:
            raise BagError(self.name, f"a message is cut or damaged: {error}", "the bag may be damaged") from None

    @property
    def fields(self) -> Mapping[str, Sequence[Field]]:
        """The fields of every type in it by ``package/Type``; the message's own are under :attr:`root`."""
        return self._types

    @property
    def root(self) -> str:
        """The message's type, ``package/Type``."""
        return self._root

    def _check(self, name: str, above: tuple[str, ...]) -> None:
        if name not in self._types:
            raise BagError(self.name, f"the schema lacks the definition of {name}", "the bag may be damaged")
        if name in above or len(above) > DEPTH_LIMIT:
            raise BagError(self.name, f"the definition of {name} contains itself", "the bag may be damaged")
        for field in self._types[name]:
            if not field.primitive and field.type not in self._order:
                self._check(field.type, (*above, name))
        self._order.append(name)

    def _compile(self, verb: str, lines_of: Callable[[Sequence[Field], _Scope], Iterator[str]]) -> Any:
        """The function of the root type; those of the others stand before it in the same text."""
        scope = _Scope(verb, {name: index for index, name in enumerate(self._order)})
        text: list[str] = []
        for index, name in enumerate(self._order):
            scope.names[f"zeros_{index}"] = {field.name: _zero(field) for field in self._types[name]}
            head = "buffer, m" if verb == "encode" else "data, at, end"
            text.append(f"def {verb}_{index}({head}):")
            if verb == "encode":
                text += [f" if len(m) != {len(self._types[name])}:", f"  m = complete({name!r}, zeros_{index}, m)"]
            text.extend(f" {line}" for line in lines_of(self._types[name], scope))
        exec(compile("\n".join(text), f"<{verb} {self.name!r}>", "exec"), scope.names)
        return scope.names[f"{verb}_{len(self._order) - 1}"]


class _Scope:
    """What the functions of one schema see."""

    def __init__(self, verb: str, places: Mapping[str, int]) -> None:
        self.verb, self.places = verb, places
        self.names: dict[str, Any] = {
            "ZEROS": ZEROS, "count": COUNT.pack, "count_at": COUNT.unpack_from, "numbers": _numbers,
            "put": _put_text, "complete": _complete, "wrong": _wrong, "wide": _wide,
        }  # fmt: skip
        self.runs = 0

    def function(self, field: Field) -> str:
        """The name of the function of a nested type."""
        return f"{self.verb}_{self.places[field.type]}"

    def run(self, fields: Sequence[Field]) -> str:
        """The name of the packers of a run of numbers."""
        self.runs += 1
        name = f"run_{self.runs}"
        self.names[name] = _packers([PRIMITIVES[field.type] for field in fields])
        return name


# ---- what is written out -----------------------------------------------------------------------------------------------------------------


def _decoder_lines(fields: Sequence[Field], scope: _Scope) -> Iterator[str]:
    places = {field.name: f"v{index}" for index, field in enumerate(fields)}
    for part in _runs(fields):
        if isinstance(part, list):
            values = "".join(f"{places[field.name]}, " for field in part)
            yield f"run = {scope.run(part)}[at & 7]; {values}= run.unpack_from(data, at); at += run.size"
        else:
            yield from _decode_field(part, places[part.name], scope)
    yield f"return {{{', '.join(f'{name!r}: {place}' for name, place in places.items())}}}, at"


def _decode_field(field: Field, place: str, scope: _Scope) -> Iterator[str]:
    if field.length is None:
        yield from _decode_single(field, place, scope)
        return
    yield "at += -at & 3; n = count_at(data, at)[0]; at += 4" if field.length < 0 else f"n = {field.length}"
    if field.primitive and PRIMITIVES[field.type]:
        code = PRIMITIVES[field.type]
        size = struct.calcsize(f"<{code}")
        yield f"if n: at += (4 - at) % {size}"
        yield f"e = at + n * {size}"
        yield f"if e > end: wrong({field.name!r}, n, end)"
        yield f"{place} = data[at:e]" if code == "B" else f"{place} = list(numbers({code!r}, n).unpack_from(data, at)) if n else []"
        yield "at = e"
        return
    yield f"if n > end: wrong({field.name!r}, n, end)"
    yield f"{place} = []"
    yield "for _ in range(n):"
    yield from (f" {line}" for line in _decode_single(field, "one", scope))
    yield f" {place}.append(one)"


def _decode_single(field: Field, place: str, scope: _Scope) -> Iterator[str]:
    if not field.primitive:
        yield f"{place}, at = {scope.function(field)}(data, at, end)"
        return
    width, code = (2, "utf-16-le") if field.type == "wstring" else (1, "utf-8")
    yield f"at += -at & 3; k = count_at(data, at)[0]; at += 4; e = at + {width} * k"
    yield f"if e > end: wrong({field.name!r}, k, end)"
    yield f"{place} = data[at:e - 1].decode() if k else ''" if width == 1 else f"{place} = data[at:e].decode({code!r})"
    yield "at = e"


def _encoder_lines(fields: Sequence[Field], scope: _Scope) -> Iterator[str]:
    for part in _runs(fields):
        if isinstance(part, list):
            values = ", ".join(f"m[{field.name!r}]" for field in part)
            yield f"buffer += {scope.run(part)}[len(buffer) & 7].pack({values})"
        else:
            yield from _encode_field(part, scope)


def _encode_field(field: Field, scope: _Scope) -> Iterator[str]:
    value = f"m[{field.name!r}]"
    if field.type == "wstring":
        yield f"wide({field.name!r})"
    elif field.length is None:
        yield f"put(buffer, {value})" if field.primitive else f"{scope.function(field)}(buffer, {value})"
    else:
        yield f"a = {value}; n = len(a)"
        yield "buffer += ZEROS[-len(buffer) & 3] + count(n)" if field.length < 0 else f"if n != {field.length}: wrong({field.name!r}, n, {field.length})"
        code = PRIMITIVES.get(field.type, "")
        if code:
            yield "if n:"
            yield f" buffer += ZEROS[(4 - len(buffer)) % {struct.calcsize('<' + code)}]"
            yield f" buffer += a if isinstance(a, bytes) else numbers({code!r}, n).pack(*a)"
        else:
            yield f"for one in a: {'put' if field.primitive else scope.function(field)}(buffer, one)"


def _runs(fields: Sequence[Field]) -> list[list[Field] | Field]:
    """Neighbouring single numbers together, every other field alone."""
    parts: list[list[Field] | Field] = []
    for field in fields:
        if field.length is not None or not PRIMITIVES.get(field.type):
            parts.append(field)
        elif parts and isinstance(parts[-1], list):
            parts[-1].append(field)
        else:
            parts.append([field])
    return parts


def _packers(codes: Sequence[str]) -> tuple[struct.Struct, ...]:
    """One packer per place modulo 8 at which the run may begin, the header's four bytes included."""
    packers = []
    for start in range(8):
        at, layout = start - 4, "<"
        for code in codes:
            size = struct.calcsize(f"<{code}")
            layout += "x" * (-at % size) + code
            at += -at % size + size
        packers.append(struct.Struct(layout))
    return tuple(packers)


# ---- what is called from there -------------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=1024)
def _numbers(code: str, n: int) -> struct.Struct:
    return struct.Struct(f"<{n}{code}")


@lru_cache(maxsize=4096)
def _text(text: str) -> bytes:
    data = text.encode()
    return COUNT.pack(len(data) + 1) + data + b"\x00"


def _put_text(buffer: bytearray, text: str) -> None:
    buffer += ZEROS[-len(buffer) & 3] + _text(text)


def _zero(field: Field) -> Any:
    single: Any = "" if field.type in ("string", "wstring") else 0 if field.primitive else {}
    return single if field.length is None else [single] * max(0, field.length)


def _complete(name: str, zeros: Mapping[str, Any], message: Mapping[str, Any]) -> dict[str, Any]:
    unknown = sorted(message.keys() - zeros.keys())
    if unknown:
        raise ValueError(f"{name} has no field '{unknown[0]}'")
    return {**zeros, **message}


def _wrong(name: str, found: int, room: int) -> None:
    raise ValueError(f"'{name}' claims {found} values where there is room for {room}")


def _wide(name: str) -> None:
    raise BagError(name, "a field of type wstring is not written here", "use a string")
