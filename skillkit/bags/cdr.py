"""ROS 2 messages as plain dicts to CDR bytes and back, compiled once per schema.

Encoding: little-endian plain CDR (version 1) after OMG's "Common Data Representation", as ROS 2 middlewares send it: a header of four
bytes, then every number aligned to its own size counted from behind the header; texts carry their length including the closing zero;
sequences carry their count. Runs of neighbouring numbers are packed by one :class:`struct.Struct` per possible alignment.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import Any, TypeAlias

from skillkit.bags.definition import PRIMITIVES, Field, parse_schema, short_name
from skillkit.exceptions import BagError

HEADER = b"\x00\x01\x00\x00"
ZEROS = tuple(bytes(n) for n in range(8))
COUNT = struct.Struct("<I")
DEPTH_LIMIT = 32

Encoder: TypeAlias = Callable[[bytearray, Mapping[str, Any]], None]
Decoder: TypeAlias = Callable[[bytes, int, dict[str, Any]], int]


class Codec:
    """Encodes and decodes one message type.

    Messages are dicts of the fields by name; nested messages are dicts, sequences are lists, ``uint8[]`` is bytes. A field left out is
    encoded as its zero value.
    """

    def __init__(self, name: str, text: str) -> None:
        """Compile a full ``ros2msg`` schema.

        Raises:
            BagError: the schema is not readable or not complete.
        """
        self.name = name
        self._types = parse_schema(name, text)
        self._root = short_name(name)
        self._encoders: dict[str, Encoder] = {}
        self._decoders: dict[str, Decoder] = {}
        self._check(self._root, (), set())

    def encode(self, message: Mapping[str, Any]) -> bytes:
        """CDR bytes with their header.

        Raises:
            BagError: a field that the type does not have, or a value that does not fit.
        """
        buffer = bytearray()
        try:
            self._encoder(self._root)(buffer, message)
        except (struct.error, TypeError, AttributeError, KeyError, OverflowError, ValueError) as error:
            raise BagError(self.name, f"this message does not fit the type: {error}", "compare it with the definition") from None
        return HEADER + buffer

    def decode(self, data: bytes) -> dict[str, Any]:
        """The message in CDR bytes with their header.

        Raises:
            BagError: the bytes are not a message of this type.
        """
        if len(data) < 4 or data[0] != 0 or data[1] not in (0, 1):
            raise BagError(self.name, "a message does not begin with the header of plain CDR", "the bag may be damaged")
        if data[1] == 0:
            raise BagError(self.name, "a message is written in big-endian CDR, which is not read here", "convert the bag with 'ros2 bag convert'")
        message: dict[str, Any] = {}
        try:
            self._decoder(self._root)(data[4:], 0, message)
        except (struct.error, ValueError, IndexError, OverflowError, MemoryError) as error:
            raise BagError(self.name, f"a message is cut or damaged: {error}", "the bag may be damaged") from None
        return message

    # -- compiling ---------------------------------------------------------------------------------------------------------------------

    def _check(self, name: str, above: tuple[str, ...], done: set[str]) -> None:
        if name not in self._types:
            raise BagError(self.name, f"the schema lacks the definition of {name}", "the bag may be damaged")
        if name in above or len(above) > DEPTH_LIMIT:
            raise BagError(self.name, f"the definition of {name} contains itself", "the bag may be damaged")
        for field in self._types[name]:
            if not field.primitive and field.type not in done:
                self._check(field.type, (*above, name), done)
        done.add(name)

    def _zero(self, field: Field) -> Any:
        single: Any = "" if field.type in ("string", "wstring") else 0 if field.primitive else {}
        return single if field.length is None else [single] * max(0, field.length)

    def _encoder(self, name: str) -> Encoder:
        if name not in self._encoders:
            fields = self._types[name]
            steps = tuple(self._encode_run(part) if isinstance(part, list) else self._encode_field(part) for part in _runs(fields))
            zeros = {field.name: self._zero(field) for field in fields}
            self._encoders[name] = _encode_all(name, steps, zeros)
        return self._encoders[name]

    def _decoder(self, name: str) -> Decoder:
        if name not in self._decoders:
            steps = tuple(_decode_run(part) if isinstance(part, list) else self._decode_field(part) for part in _runs(self._types[name]))

            def decode(data: bytes, at: int, message: dict[str, Any]) -> int:
                for step in steps:
                    at = step(data, at, message)
                return at

            self._decoders[name] = decode
        return self._decoders[name]

    def _encode_run(self, fields: list[Field]) -> Encoder:
        packers = _packers([PRIMITIVES[field.type] for field in fields])
        names = [field.name for field in fields]
        if len(names) == 1:
            only = names[0]

            def encode_one(buffer: bytearray, message: Mapping[str, Any]) -> None:
                buffer += packers[len(buffer) & 7].pack(message[only])

            return encode_one
        get = itemgetter(*names)

        def encode(buffer: bytearray, message: Mapping[str, Any]) -> None:
            buffer += packers[len(buffer) & 7].pack(*get(message))

        return encode

    def _encode_field(self, field: Field) -> Encoder:
        name, length = field.name, field.length
        if field.type == "string":
            put: Callable[[bytearray, Any], None] = _put_text
        elif field.type == "wstring":
            raise BagError(self.name, f"field '{name}' is a wstring, which is not written here", "use a string")
        elif field.primitive:
            return _encode_numbers(name, PRIMITIVES[field.type], length)
        else:
            put = self._encoder(field.type)
        if length is None:
            return lambda buffer, message: put(buffer, message[name])

        def encode(buffer: bytearray, message: Mapping[str, Any]) -> None:
            values = message[name]
            _put_count(buffer, values, length, name)
            for value in values:
                put(buffer, value)

        return encode

    def _decode_field(self, field: Field) -> Decoder:
        name, length = field.name, field.length
        if field.type in ("string", "wstring"):
            take: Callable[[bytes, int], tuple[Any, int]] = _take_text if field.type == "string" else _take_wide_text
        elif field.primitive:
            return _decode_numbers(name, PRIMITIVES[field.type], length or 0)
        else:
            take = _nested(self._decoder(field.type))
        if length is None:

            def decode_one(data: bytes, at: int, message: dict[str, Any]) -> int:
                message[name], at = take(data, at)
                return at

            return decode_one

        def decode(data: bytes, at: int, message: dict[str, Any]) -> int:
            count, at = _take_count(data, at) if length < 0 else (length, at)
            if count > len(data):
                raise ValueError(f"'{name}' claims {count} values in {len(data)} bytes")
            message[name] = values = []
            for _ in range(count):
                value, at = take(data, at)
                values.append(value)
            return at

        return decode


# ---- runs of numbers -----------------------------------------------------------------------------------------------------------------


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
    """One packer per offset modulo 8 at which the run may begin."""
    packers = []
    for start in range(8):
        at, layout = start, "<"
        for code in codes:
            size = struct.calcsize(f"<{code}")
            layout += "x" * (-at % size) + code
            at += -at % size + size
        packers.append(struct.Struct(layout))
    return tuple(packers)


def _decode_run(fields: list[Field]) -> Decoder:
    packers = _packers([PRIMITIVES[field.type] for field in fields])
    names = [field.name for field in fields]

    def decode(data: bytes, at: int, message: dict[str, Any]) -> int:
        packer = packers[at & 7]
        message.update(zip(names, packer.unpack_from(data, at), strict=True))
        return at + packer.size

    return decode


# ---- parts ---------------------------------------------------------------------------------------------------------------------------


def _encode_all(name: str, steps: tuple[Encoder, ...], zeros: dict[str, Any]) -> Encoder:
    n = len(zeros)

    def encode(buffer: bytearray, message: Mapping[str, Any]) -> None:
        if len(message) != n:
            unknown = sorted(message.keys() - zeros.keys())
            if unknown:
                raise ValueError(f"{name} has no field '{unknown[0]}'")
            message = {**zeros, **message}
        for step in steps:
            step(buffer, message)

    return encode


def _put_count(buffer: bytearray, values: Any, length: int, name: str) -> None:
    if length < 0:
        buffer += ZEROS[-len(buffer) & 3] + COUNT.pack(len(values))
    elif len(values) != length:
        raise ValueError(f"'{name}' holds {len(values)} values instead of {length}")


@lru_cache(maxsize=4096)
def _text(text: str) -> bytes:
    data = text.encode()
    return COUNT.pack(len(data) + 1) + data + b"\x00"


def _put_text(buffer: bytearray, text: str) -> None:
    buffer += ZEROS[-len(buffer) & 3] + _text(text)


def _take_count(data: bytes, at: int) -> tuple[int, int]:
    at += -at & 3
    return COUNT.unpack_from(data, at)[0], at + 4


def _take_text(data: bytes, at: int) -> tuple[str, int]:
    size, at = _take_count(data, at)
    if at + size > len(data):
        raise ValueError(f"a text of {size} bytes reaches past the end")
    return str(data[at : at + size - 1], "utf-8") if size else "", at + size


def _take_wide_text(data: bytes, at: int) -> tuple[str, int]:
    size, at = _take_count(data, at)
    if at + 2 * size > len(data):
        raise ValueError(f"a wide text of {size} characters reaches past the end")
    return str(data[at : at + 2 * size], "utf-16-le"), at + 2 * size


def _encode_numbers(name: str, code: str, length: int | None) -> Encoder:
    size, pack = struct.calcsize(f"<{code}"), struct.pack
    fixed = -1 if length is None else length

    def encode(buffer: bytearray, message: Mapping[str, Any]) -> None:
        values = message[name]
        _put_count(buffer, values, fixed, name)
        n = len(values)
        if n:
            buffer += ZEROS[-len(buffer) % size]
            buffer += values if isinstance(values, bytes) else pack(f"<{n}{code}", *values)

    return encode


def _decode_numbers(name: str, code: str, length: int) -> Decoder:
    size = struct.calcsize(f"<{code}")

    def decode(data: bytes, at: int, message: dict[str, Any]) -> int:
        count, at = _take_count(data, at) if length < 0 else (length, at)
        at += -at % size if count else 0
        end = at + count * size
        if end > len(data):
            raise ValueError(f"'{name}' claims {count} values in {len(data)} bytes")
        message[name] = data[at:end] if code == "B" else list(struct.unpack_from(f"<{count}{code}", data, at))
        return end

    return decode


def _nested(decoder: Decoder) -> Callable[[bytes, int], tuple[dict[str, Any], int]]:
    def take(data: bytes, at: int) -> tuple[dict[str, Any], int]:
        message: dict[str, Any] = {}
        return message, decoder(data, at, message)

    return take
