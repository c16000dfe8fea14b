"""The files in a bag, read when they are asked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from io import BytesIO

from mcap import records
from mcap.data_stream import ReadDataStream

from skillkit.bags.blocks import Blocks
from skillkit.bags.index import DAMAGE, Place, parse
from skillkit.exceptions import BagError

HEAD_LENGTH = 4096  # [bytes] of an attachment that are read for its name


class Attachments(Mapping[str, bytes]):
    """The files in a bag by name, read when asked for; of two with one name the later counts.

    Attributes:
        media_types: by name.
    """

    def __init__(self, blocks: Blocks, places: Iterable[Place]) -> None:
        self._blocks = blocks
        self._places: dict[str, Place] = {}
        self.media_types: dict[str, str] = {}
        for place in places:
            try:
                name, media_type = _attachment_head(blocks.bytes_at(place, min(place.length, HEAD_LENGTH)))
                self._places[name], self.media_types[name] = place, media_type
            except DAMAGE:
                blocks.damage("an attachment")

    def __getitem__(self, name: str) -> bytes:
        if name not in self._places:
            raise KeyError(name)
        try:
            return parse(records.Attachment, self._blocks.bytes_at(self._places[name])).data
        except DAMAGE as error:
            raise BagError(self._blocks.path, f"attachment '{name}' is damaged: {error}") from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)


def _attachment_head(content: bytes) -> tuple[str, str]:
    """Name and media type from the first bytes of an attachment, whose data may be cut off."""
    stream = ReadDataStream(BytesIO(content))
    stream.read8()  # log time
    stream.read8()  # create time
    return stream.read_prefixed_string(), stream.read_prefixed_string()
