"""Numbers of a trained network from a safetensors file: a header in JSON, then bare numbers; there is nothing in it that could run.

Format: eight bytes with the header's length (little-endian), the header ``{name: {dtype, shape, data_offsets}}``, the data
(https://huggingface.co/docs/safetensors).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from skillkit.exceptions import SkillkitError

Numbers = Mapping[str, NDArray[np.float32]]

_READ: dict[str, Numbers] = {}  # by sha256: one network that serves many skills is held once


def read_tensors(path: Path, sha256: str) -> Numbers:
    """The arrays of a file by name, read-only; read once, whoever asks.

    Raises:
        SkillkitError: there is no such file, it is not what ``sha256`` says, or not made of 32-bit floats.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise SkillkitError(f"{path}: {error.strerror or error}") from None
    found = hashlib.sha256(data).hexdigest()
    if found != sha256:
        raise SkillkitError(f"{path}: its sha256 is {found[:12]}…, the skill was exported with {sha256[:12]}…; take the whole folder from where it comes from")
    if found not in _READ:
        _READ[found] = _parse(data, path)
    return _READ[found]


def _parse(data: bytes, path: Path) -> Numbers:
    try:
        length = int.from_bytes(data[:8], "little")
        header = json.loads(data[8 : 8 + length])
        arrays = {}
        for name, entry in header.items():
            if name == "__metadata__":
                continue
            if entry["dtype"] != "F32":
                raise ValueError(f"'{name}' is {entry['dtype']}, not F32")
            start, end = (8 + length + offset for offset in entry["data_offsets"])
            arrays[name] = np.frombuffer(data[start:end], dtype="<f4").reshape(entry["shape"])
    except (ValueError, KeyError, TypeError) as error:
        raise SkillkitError(f"{path} is no safetensors file: {error}") from None
    return arrays
