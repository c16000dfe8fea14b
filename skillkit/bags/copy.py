"""A copy of a bag without some topics: to hand on less, or to prove that a re-execution needs the inputs only."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from skillkit.bags.read import Bag, open_bag
from skillkit.bags.write import BagWriter
from skillkit.exceptions import BagError


def copy_without(source: str | Path, target: str | Path, topics: Iterable[str]) -> Counter[str]:
    """A copy of a bag without some topics; attachments and metadata are kept.

    Returns:
        How many messages of each topic were copied.

    Raises:
        BagError: as :func:`open_bag`, or the target exists or cannot be written.
    """
    left_out = set(topics)
    with open_bag(source) as bag:
        if os.path.abspath(source) == os.path.abspath(target):
            raise BagError(target, "a bag cannot be copied onto itself", "choose another name")
        kept = [name for name in bag.topics if name not in left_out]
        for name in kept:
            if bag.topics[name].encoding != "cdr":
                raise BagError(source, f"topic {name} is encoded as '{bag.topics[name].encoding}'; only cdr is copied", f"leave out {name}")
        return copied(bag, target, kept)


def copied(bag: Bag, target: str | Path, topics: Iterable[str]) -> Counter[str]:
    """Some topics of an open bag in a new one, with all attachments and metadata that can be read.

    Raises:
        BagError: the target exists or cannot be written.
    """
    counts: Counter[str] = Counter()
    with BagWriter(target, flush_every=1.0) as writer:
        for name in bag.attachments:
            with suppress(BagError):  # one that is damaged is noted by the bag
                writer.attach(name, bag.attachments[name], bag.attachments.media_types[name])
        for name, values in bag.metadata.items():
            writer.metadata(name, values)
        schemas = {name: bag.schema_of(name) for name in topics}
        for name in schemas:
            writer.describe(name, bag.topics[name].words)
        for message in bag.raw_messages(schemas):
            type_name, text = schemas[message.topic]
            writer.write_stamped(message.topic, type_name, message.data, message.stamp, text)
            counts[message.topic] += 1
    if writer.failure:
        raise BagError(target, writer.failure, "free some space and copy again")
    return counts
