"""Where the files that users write are found: ``skills/ tasks/ cells/ urdf/``.

The same from a checkout, an editable install, ``pip install`` and a colcon install. ``SKILLKIT_PATH`` (folders joined by the path
separator) is searched first, then the working directory, then what came with the package.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

from skillkit.exceptions import InvalidValue, UnknownName

PACKAGE = Path(__file__).resolve().parent


def roots() -> Iterator[Path]:
    """Folders that may hold ``skills/``, ``tasks/``, ``cells/`` and ``urdf/``, first match first."""
    yield from (Path(part) for part in os.environ.get("SKILLKIT_PATH", "").split(os.pathsep) if part)
    yield Path.cwd()
    yield PACKAGE.parent
    yield Path(sys.prefix) / "share" / "skillkit"
    yield from (Path(part) / "share" / "skillkit" for part in os.environ.get("AMENT_PREFIX_PATH", "").split(os.pathsep) if part)


def folders(kind: str) -> list[Path]:
    """Every folder ``kind`` (``"skills"``, ``"urdf"`` …) that holds something of ours; what is in an earlier one hides the same name in a later one.

    Raises:
        UnknownName: there is none.
    """
    found: dict[Path, Path] = {}
    for root in roots():
        if any((root / kind).glob("*.yaml" if kind != "skills" else "*/skill.yaml")):
            found.setdefault((root / kind).resolve(), root / kind)
    if not found:
        raise UnknownName("folder", kind, (str(root) for root in roots()))
    return list(found.values())


def find(kind: str, name: str | Path) -> Path:
    """A file by path, or by its name without ending in the folder ``kind``.

    Raises:
        UnknownName: no such file; the message offers the nearest name. InvalidValue: neither a name nor a path.
    """
    if not isinstance(name, (str, Path)):
        raise InvalidValue(f"file of {kind}", name, "its name or its path")
    path = Path(name)
    if path.suffix in (".yaml", ".yml") or len(path.parts) > 1:
        if path.is_file():
            return path
        raise UnknownName(f"file of {kind}", str(name), (str(p) for p in path.parent.glob("*.yaml")))
    known = files(kind)
    if str(name) not in known:
        raise UnknownName(kind.rstrip("s") if kind != "urdf" else "robot", str(name), known)
    return known[str(name)]


def files(kind: str) -> dict[str, Path]:
    """Every YAML file in the folders ``kind``, by its name without ending; of two with the same name the one found first."""
    known: dict[str, Path] = {}
    for root in roots():
        for candidate in sorted((root / kind).glob("*.yaml")):
            known.setdefault(candidate.stem, candidate)
    return known
