"""A finished bag whose many small chunks made its index long is written again with few large ones, and takes its place at once.

Chunks that are flushed ten times a second lose little when the writer is killed; but a reader has to go through the whole index before
the first message. Nothing is decoded here: the insides of neighbouring chunks are put together as they are.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from mcap import records

from skillkit.bags.blocks import Blocks
from skillkit.bags.container import Container
from skillkit.bags.index import Block, parse
from skillkit.exceptions import BagError

MANY = 1000  # chunks
SMALL = 128 * 1024  # [bytes] on average
PART = ".compacting"


def compact(path: Path, compression: str) -> bool:
    """Write a bag of this library again where that is worth it; whether it was.

    A disk that is full, or a file that is damaged, leaves it as it is.
    """
    part = path.with_name(path.name + PART)
    try:
        with path.open("rb") as file:
            blocks = Blocks(path, file)
            if not blocks.complete or not _worth(blocks.index.blocks):
                return False
            _written(blocks, part, compression)
            if not blocks.complete:
                raise BagError(path, blocks.note)
        os.replace(part, path)
    except (OSError, BagError):
        with suppress(OSError):
            part.unlink()
        return False
    return True


def _worth(blocks: Sequence[Block]) -> bool:
    return len(blocks) > MANY and sum(block.length for block in blocks) < SMALL * len(blocks)


def _written(blocks: Blocks, target: Path, compression: str) -> None:
    index = blocks.index
    with target.open("wb") as stream:
        made = Container(stream, compression, index.profile)
        for place in index.attachments:
            attachment = parse(records.Attachment, blocks.bytes_at(place))
            made.attachment(attachment.name, attachment.data, attachment.media_type)
        for place in index.metadata:
            words = parse(records.Metadata, blocks.bytes_at(place))
            made.metadata(words.name, words.metadata)
        schemas = {old.id: made.schema(old.name, old.encoding, old.data.decode()) for old in index.schemas.values()}
        for old, channel in sorted(index.channels.items()):
            if made.channel(channel.topic, channel.message_encoding, schemas[channel.schema_id], channel.metadata) != old:
                raise BagError(blocks.path, "its channels are not numbered as this library does")
        for data, indexes in blocks.insides():
            made.extend(data, indexes)
        made.finish()
    if made.error is not None:
        raise made.error
