"""Rolling digests: everything that a run has consumed and decided so far, in two numbers."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

from skillkit.bags.schemas import DIGEST
from skillkit.exceptions import BagError

PLACES = {"inputs": 12, "results": 20}  # [bytes]


class Digests:
    """SHA-256 over the CDR bytes of every Step, and over those of every StepResult.

    Attributes:
        inputs, results: the two, as far as they have come.
    """

    def __init__(self) -> None:
        self.inputs, self.results = sha256(), sha256()

    def after(self, tick: int, step: bytes, result: bytes) -> dict[str, int]:
        """Take in one step: its Digest record, shaped like ``skillkit_interfaces/msg/Digest``."""
        self.inputs.update(step)
        self.results.update(result)
        return {"tick": tick, "inputs": word(self.inputs), "results": word(self.results)}


def recorded(data: bytes, name: str) -> int:
    """One of the two in the CDR bytes of a Digest record, which holds three numbers of eight bytes behind the header.

    Raises:
        BagError: it is cut.
    """
    if len(data) < 28:
        raise BagError(DIGEST, "a message is cut or damaged", "the bag may be damaged")
    return int.from_bytes(data[PLACES[name] : PLACES[name] + 8], "little")


def word(digest: Any) -> int:
    """What a bag holds of a rolling digest: its first eight bytes, little-endian."""
    return int.from_bytes(digest.digest()[:8], "little")
