"""What can be saved of a cut or damaged bag, into a bag that is whole, and exactly what was lost."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from skillkit.bags.copy import copied
from skillkit.bags.read import open_bag


@dataclass(frozen=True)
class Recovered:
    """What became of a bag.

    Attributes:
        messages_saved: messages in the new bag; messages_lost: of a finished bag, what its own count says is missing.
        bytes_lost: of the old file that are in no whole record or in a chunk that does not hold its checksum.
        seconds_lost: log time [s] that a cut or damaged chunk states and of which no message was saved. What a killed writer had not handed
            over yet left no trace in the file; with a writer of this library it is at most its flush time, 0.09 s.
        note: what was wrong, in words.
    """

    messages_saved: int
    messages_lost: int
    bytes_lost: int
    seconds_lost: float
    note: str


def recover(source: str | Path, target: str | Path) -> Recovered:
    """Copy every whole message, attachment and metadata record, in order of log time.

    Raises:
        BagError: not an MCAP file at all, or the target exists or cannot be written.
    """
    with open_bag(source) as bag:
        known = [name for name, topic in bag.topics.items() if topic.encoding == "cdr"]
        saved = sum(copied(bag, target, known).values())
        stated = sum(topic.count for topic in bag.topics.values())
        lost_bytes, lost_seconds = bag.lost
        others = [f"{name} is encoded as '{topic.encoding}' and was left out" for name, topic in bag.topics.items() if topic.encoding != "cdr"]
        return Recovered(saved, max(0, stated - saved), lost_bytes, lost_seconds, "; ".join([*([bag.note] if bag.note else []), *others]))
