"""Many tasks trained into one network, one method per file. Nothing here is needed to run what was learned."""

from __future__ import annotations

from importlib.util import find_spec

from skillkit.exceptions import MissingLibrary

for _library in ("torch", "safetensors", "pyarrow", "scipy"):
    if find_spec(_library) is None:
        raise MissingLibrary(_library, "learn")
