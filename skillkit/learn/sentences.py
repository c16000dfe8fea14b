"""Sentences → vectors by a trained encoder (Reimers and Gurevych, "Sentence-BERT", EMNLP 2019) from a folder on this machine: nothing is downloaded, nothing in
it is run, and it is the very one that was pinned. Where none is named, words are hashed (:mod:`skillkit.learn.language`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from skillkit.exceptions import InvalidValue, MissingLibrary
from skillkit.learn.language import embed

PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle")  # formats that run code when they are read


def sentence_vectors(sentences: Sequence[str], folder: str = "", sha256: str = "") -> NDArray[np.float32]:
    """(n, size), each row of length one.

    Args:
        folder: a model of the library sentence-transformers, its weights as safetensors; empty for hashed words. sha256: see :func:`folder_digest`.

    Raises:
        InvalidValue: there is no such folder, it holds a pickle, or it is not the one that was pinned. MissingLibrary: sentence-transformers.
    """
    if not folder:
        return embed(sentences)
    found = folder_digest(Path(folder))
    if found != sha256:
        raise InvalidValue("encoder_sha256", sha256, f"that of {folder}, which is {found}; pin it if this is the encoder that you mean")
    try:
        from sentence_transformers import SentenceTransformer
    except ImportError:
        raise MissingLibrary("sentence-transformers", "sentences") from None
    encoder = SentenceTransformer(folder, device="cpu", trust_remote_code=False, local_files_only=True)
    vectors = encoder.encode(list(sentences), normalize_embeddings=True, show_progress_bar=False)
    return np.asarray(vectors, dtype=np.float32)


def folder_digest(folder: Path) -> str:
    """sha256 over the names and contents of all files of a folder, in the order of their names.

    Raises:
        InvalidValue: there is no file in it, or one is a pickle.
    """
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    if not files:
        raise InvalidValue("sentence_encoder", str(folder), "a folder with a model of sentence-transformers in it")
    total = hashlib.sha256()
    for path in files:
        if path.suffix in PICKLES:
            raise InvalidValue("sentence_encoder", str(path), "weights as safetensors: reading a pickle runs what is in it")
        total.update(f"{path.relative_to(folder).as_posix()}\0{path.stat().st_size}\0".encode())
        total.update(path.read_bytes())
    return total.hexdigest()
