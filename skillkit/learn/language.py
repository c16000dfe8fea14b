"""Sentences → vectors without any library: hashed words and parts of words (Weinberger et al., "Feature Hashing for Large Scale Multitask Learning",
ICML 2009; parts of words: Bojanowski et al., "Enriching Word Vectors with Subword Information", TACL 2017).

Sentences that share words, or beginnings of words, have similar vectors; synonyms do not: that takes a trained sentence encoder.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

SIZE = 128
STOP_WORDS = frozenset(("the", "a", "an", "it", "its", "with", "and", "of", "to", "up"))


def embed(sentences: Sequence[str], size: int = SIZE) -> NDArray[np.float32]:
    """(n, size), each row of length one; the same on every machine."""
    vectors = np.zeros((len(sentences), size), dtype=np.float64)
    for row, sentence in zip(vectors, sentences, strict=True):
        for token, weight in _tokens(sentence):
            number = int.from_bytes(hashlib.blake2b(token.encode(), digest_size=8).digest(), "little")
            row[number % size] += weight if number >> 63 else -weight
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return (vectors / np.where(lengths > 0.0, lengths, 1.0)).astype(np.float32)


def _tokens(sentence: str) -> Iterator[tuple[str, float]]:
    for word in re.findall(r"\w+", sentence.lower()):
        if word not in STOP_WORDS:
            yield word, 1.0
            padded = f"<{word}>"
            yield from ((padded[i : i + 3], 0.3) for i in range(len(padded) - 2))
