"""``skillkit robots``: the arm models that are found."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from skillkit import share
from skillkit.cli.arguments import AsJson
from skillkit.cli.output import print_json, print_table
from skillkit.exceptions import SkillkitError

EXAMPLE = "skillkit robots --json"


def robots(as_json: AsJson = False) -> int:
    """List the robot models: joints, gripper, control rate, files. Exit 1 when one of them has errors."""
    rows = [_row(name, file) for name, file in sorted(share.files("urdf").items())]
    if as_json:
        print_json(rows)
    else:
        columns = ("robot", "joints", "gripper_m", "control_rate_hz", "file", "error")
        shown = columns if any(row["error"] for row in rows) else columns[:-1]
        print_table(shown, [["" if row[column] is None else row[column] for column in shown] for row in rows])
    return 1 if any(row["error"] for row in rows) else 0


def _row(name: str, file: Path) -> dict[str, Any]:
    from skillkit.embodiment import Embodiment

    row: dict[str, Any] = {"robot": name, "joints": None, "gripper_m": None, "control_rate_hz": None, "file": str(file), "urdf": "", "error": ""}
    try:
        model = Embodiment.load(file)
    except SkillkitError as error:
        return {**row, "error": str(error)}
    gripper = model.gripper.width if model.gripper else None
    return {**row, "joints": model.n, "gripper_m": gripper, "control_rate_hz": model.control_rate, "urdf": str(model.urdf)}
