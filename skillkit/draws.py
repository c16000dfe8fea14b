"""Randomness that is handed in: each run has a generator of its own, so that a re-execution draws the same numbers, and a bag tells of every draw.

The generator is counter-based (Philox 4×64, Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011): its state says how many numbers
were drawn. Its seed follows from the seed of the run's runtime, the path of the run and the time at which it began.
"""

from __future__ import annotations

import json
from hashlib import sha256
from typing import Any, NamedTuple

import numpy as np

from skillkit.protocols import Snapshot

WORDS = 4  # of 64 bits that one count of the counter makes


class Stand(NamedTuple):
    """How far a generator has come: words of 64 bits that were drawn, and the first 64 bits of the SHA-256 of its state."""

    drawn: int
    state: int


class Draws:
    """The generator of one run, made when it is first asked for."""

    __slots__ = ("_generator", "_told", "seed")

    def __init__(self, seed: str = "") -> None:
        self.seed = seed
        self._generator: np.random.Generator | None = None
        self._told = 0

    @property
    def generator(self) -> np.random.Generator:
        """The generator; the same object for the whole run."""
        if self._generator is None:
            self._generator = np.random.Generator(np.random.Philox(int.from_bytes(sha256(self.seed.encode()).digest()[:16], "big")))
        return self._generator

    def news(self) -> Stand | None:
        """How far it has come, where it was drawn from since this was last asked."""
        if self._generator is None:
            return None
        values = _plain(self._generator.bit_generator.state)
        stand = Stand(_count(values), int.from_bytes(sha256(json.dumps(values).encode()).digest()[:8], "big"))
        told, self._told = self._told, stand.state
        return stand if stand.state != told else None

    def snapshot(self) -> Snapshot | None:
        """Its state; ``None`` where it was never asked for."""
        return None if self._generator is None else {"generator": _plain(self._generator.bit_generator.state), "told": self._told}

    def restore(self, snapshot: Snapshot | None) -> None:
        """The inverse of :meth:`snapshot`."""
        self._generator, self._told = None, 0
        if snapshot is not None:
            self.generator.bit_generator.state, self._told = _counted(snapshot["generator"]), int(snapshot["told"])


def _plain(state: Any) -> dict[str, Any]:
    """The state of a bit generator as plain values."""
    inside = {name: [int(word) for word in words] for name, words in state["state"].items()}
    return {**{name: value for name, value in state.items() if name != "buffer"}, "state": inside, "buffer": [int(word) for word in state["buffer"]]}


def _counted(plain: Any) -> dict[str, Any]:
    """The inverse of :func:`_plain`."""
    inside = {name: np.array(words, dtype=np.uint64) for name, words in plain["state"].items()}
    return {**plain, "state": inside, "buffer": np.array(plain["buffer"], dtype=np.uint64)}


def _count(plain: Any) -> int:
    """Words drawn: what the counter made, less what still lies in the buffer."""
    return WORDS * sum(word << (64 * place) for place, word in enumerate(plain["state"]["counter"])) - (WORDS - plain["buffer_pos"])
