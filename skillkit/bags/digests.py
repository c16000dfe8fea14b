"""Rolling digests: everything that a run has consumed and decided so far, in two numbers."""

from __future__ import annotations

from hashlib import sha256
from typing import Any


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


def word(digest: Any) -> int:
    """What a bag holds of a rolling digest: its first eight bytes, little-endian."""
    return int.from_bytes(digest.digest()[:8], "little")
