"""``skillkit hardware-check``: first contact with the arms of a cell, number by number."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from skillkit.cli.arguments import AsJson
from skillkit.cli.hardware import OnHardware, Yes, confirm
from skillkit.cli.output import print_json, print_table
from skillkit.exceptions import InvalidValue

EXAMPLE = "skillkit hardware-check --cell one_panda --html report.html"


def hardware_check(
    cell: Annotated[str, typer.Option("--cell", metavar="CELL", help="The cell whose arms are checked.")],
    hardware: OnHardware = False,
    yes: Yes = False,
    emulated: Annotated[bool, typer.Option("--emulated", help="The drivers that the cell names, emulated in front of a simulated world.")] = False,
    html: Annotated[Path | None, typer.Option("--html", metavar="FILE", help="Also write the report there, as one page.")] = None,
    as_json: AsJson = False,
) -> int:
    """Read everything, move 1 mm, stop, open and close the gripper, kill the runtime; measure each. Exit 0 only when all is in its limits.

    Without --hardware it is rehearsed: against the simulator, or with --emulated against emulated drivers.
    """
    from skillkit.cell import Cell
    from skillkit.cli.over_ros import require_ros
    from skillkit.ros.hardware_check import check_cell, report_html

    if hardware and emulated:
        raise InvalidValue("--hardware and --emulated", "both", "one of the two")
    Cell.load(cell)
    require_ros()
    if hardware:
        confirm(cell, 1.0, yes)
    manners: dict[str, object] | None = {} if emulated else None
    report = check_cell(cell, not hardware and not emulated, lambda text: print(f"{text} …", file=sys.stderr, flush=True), manners=manners)
    if html is not None:
        html.write_text(report_html(report), encoding="utf-8")
    if as_json:
        print_json(report.as_dict())
    else:
        rows = [["✓" if c.passed else "✗", c.name, "–" if c.value is None else c.value, c.limit, c.unit, c.note] for c in report.checks]
        print_table(("", "check", "found", "limit", "unit", "note"), rows)
        print(report.where)
    return 0 if report.passed else 1
