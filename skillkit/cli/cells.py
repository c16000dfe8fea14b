"""``skillkit cells``: the set-ups of arms that are found."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from skillkit import share
from skillkit.cli.arguments import AsJson
from skillkit.cli.output import print_json, print_table
from skillkit.exceptions import SkillkitError

EXAMPLE = "skillkit cells"


def cells(as_json: AsJson = False) -> int:
    """List the cells and the arms that stand in them. Exit 1 when one of them has errors."""
    rows = [_row(name, file) for name, file in sorted(share.files("cells").items())]
    if as_json:
        print_json(rows)
    else:
        arms = [", ".join(f"{arm['name']} ({arm['model']})" for arm in row["arms"]) for row in rows]
        print_table(("cell", "arms", "file", "error"), [[row["cell"], text, row["file"], row["error"]] for row, text in zip(rows, arms, strict=True)])
    return 1 if any(row["error"] for row in rows) else 0


def _row(name: str, file: Path) -> dict[str, Any]:
    from skillkit.cell import Cell

    row: dict[str, Any] = {"cell": name, "arms": [], "file": str(file), "error": ""}
    try:
        cell = Cell.load(file)
    except SkillkitError as error:
        return {**row, "error": str(error)}
    arms = [
        {"name": arm.name, "model": arm.embodiment.name, "base_xyz": arm.base.position.tolist(), "base_quaternion": arm.base.quaternion.tolist()}
        for arm in cell.arms
    ]
    return {**row, "cell": cell.name, "arms": arms}
