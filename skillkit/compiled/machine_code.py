"""How functions become machine code, and where it is kept."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from skillkit.braking import HAIR
from skillkit.exceptions import MissingLibrary

try:
    import numba
    from numba import types
    from numba.core import config
except ImportError:
    raise MissingLibrary("numba", "fast") from None

SOURCES = ("machine_code", "bounds", "box", "chain", "law")
WORDS = {  # number, integer, truth, nothing; a vector and a matrix to write to, in capitals to read only
    "f": types.float64, "i": types.int64, "b": types.boolean, "n": types.void, "v": types.Array(types.float64, 1, "C"),
    "V": types.Array(types.float64, 1, "C", readonly=True), "m": types.Array(types.float64, 2, "C"), "M": types.Array(types.float64, 2, "C", readonly=True),
}  # fmt: skip


@cache
def folder() -> Path:
    """Where compiled code is kept, one folder for each state of the sources."""
    sources = b"".join((Path(__file__).parent / f"{name}.py").read_bytes() for name in SOURCES)
    sources += repr(HAIR).encode()  # numba writes constants of other modules into the code
    caches = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return Path(caches) / "skillkit" / f"compiled-{hashlib.sha256(sources).hexdigest()[:16]}"


def inline(function: Callable[..., Any]) -> Any:
    """A function that compiled ones call; strict IEEE arithmetic in the order it is written."""
    return numba.njit(function, fastmath=False, error_model="numpy")


def entry(*signatures: str) -> Callable[[Callable[..., Any]], Any]:
    """A function that Python calls: compiled, or read from the cache, when its module is imported. Keeps the interpreter lock."""

    def compiled(function: Callable[..., Any]) -> Any:
        before, config.CACHE_DIR = config.CACHE_DIR, str(folder())
        try:
            kept = _writable(folder())
            return numba.njit([_signature(words) for words in signatures], cache=kept, fastmath=False, error_model="numpy")(function)
        finally:
            config.CACHE_DIR = before

    return compiled


def _writable(path: Path) -> bool:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError:
        return False
    return os.access(path, os.W_OK)


def _signature(words: str) -> Any:
    """``result: argument argument …`` in the letters of :data:`WORDS`."""
    result, arguments = words.split(":")
    return WORDS[result](*(WORDS[word] for word in arguments.split()))
