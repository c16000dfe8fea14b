"""Several MCAP files that make one bag: a recording that was split, as rosbag2 and this library do. Nothing is copied.

Each file numbers its schemas and channels by itself; in the bag, those of its second file count on from 65 536, and so on.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from skillkit.bags.chunk import RawMessage
from skillkit.bags.index import Block, Index
from skillkit.exceptions import BagError

NUMBERS = 1 << 16  # schemas and channels that one file can number


def files_of(folder: Path) -> list[Path]:
    """The MCAP files of a folder that make one bag; none where it holds none.

    Raises:
        BagError: they are several bags.
    """
    found = sorted(folder.glob("*.mcap"), key=lambda file: (len(file.stem), file.stem))
    rest = [file.stem for file in found[1:] if not re.fullmatch(rf"{re.escape(found[0].stem)}_\d+", file.stem)]
    if rest and not (folder / "metadata.yaml").is_file():
        raise BagError(folder, f"holds several bags: {', '.join(file.name for file in found[:5])}{' …' if len(found) > 5 else ''}", "name one of them")
    return found


def together(parts: Sequence[Index], names: Sequence[str]) -> Index:
    """The index of a bag of several files, in their order."""
    whole = Index()
    notes = []
    for file, (part, name) in enumerate(zip(parts, names, strict=True)):
        base = file * NUMBERS
        whole.schemas.update({base + number: replace(schema, id=base + number) for number, schema in part.schemas.items()})
        for number, channel in part.channels.items():
            whole.channels[base + number] = replace(channel, id=base + number, schema_id=base + channel.schema_id)
            whole.counts[base + number] = part.counts[number]
        whole.blocks += [block._replace(file=file) for block in part.blocks]
        whole.attachments += [place._replace(file=file) for place in part.attachments]
        whole.metadata += [place._replace(file=file) for place in part.metadata]
        whole.lost_bytes, whole.lost_time = whole.lost_bytes + part.lost_bytes, whole.lost_time + part.lost_time
        notes += [f"{name}: {part.note}"] if part.note else []
    whole.complete, whole.note = all(part.complete for part in parts), "; ".join(notes)
    whole.profile, whole.library = parts[0].profile, parts[0].library
    return whole


def of_file(block: Block, channels: frozenset[int]) -> frozenset[int]:
    """Channels of the bag as the file of a block numbers them; those of other files are left out."""
    base = block.file * NUMBERS
    return frozenset(number - base for number in channels if base <= number < base + NUMBERS) if base or any(n >= NUMBERS for n in channels) else channels


def of_bag(block: Block, messages: Iterable[RawMessage]) -> Iterable[RawMessage]:
    """Messages out of a block, their channels numbered as the bag does."""
    base = block.file * NUMBERS
    return (message._replace(channel=base + message.channel) for message in messages) if base else messages
