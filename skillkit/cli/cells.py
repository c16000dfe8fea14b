"""``skillkit cells``: the set-ups of arms that are found."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from skillkit import share
from skillkit.cli.arguments import AsJson
from skillkit.cli.output import print_json, print_table
from skillkit.exceptions import SkillkitError

if TYPE_CHECKING:
    from skillkit.cell import CellArm

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
    cameras = [{"name": camera.name, "frame": camera.frame, "on": camera.on} for camera in cell.cameras]
    objects = {thing: size.tolist() for thing, size in cell.objects.items()}
    return {**row, "cell": cell.name, "arms": [_arm(arm) for arm in cell.arms], "cameras": cameras, "objects": objects}


def _arm(arm: CellArm) -> dict[str, Any]:
    hardware = arm.hardware
    return {
        "name": arm.name,
        "model": arm.embodiment.name,
        "base_xyz": arm.base.position.tolist(),
        "base_quaternion": arm.base.quaternion.tolist(),
        "namespace": arm.namespace,
        "serial": hardware.serial,
        "driver": hardware.driver,
        "controller": hardware.controller,
        "gripper": hardware.gripper.driver,
    }
