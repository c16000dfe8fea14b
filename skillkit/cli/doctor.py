"""``skillkit doctor``: what is missing on this machine, and the line that fixes it."""

from __future__ import annotations

from typing import Any

from skillkit.cli.arguments import AsJson
from skillkit.cli.output import print_json, print_table

EXAMPLE = "skillkit doctor"
MARKS = {"ok": ("✓", "green"), "warning": ("!", "yellow"), "optional": ("–", "dim"), "missing": ("✗", "red")}


def doctor(as_json: AsJson = False) -> int:
    """Check Python, libraries, ROS 2, rendering and folders. Exit 1 when something that is required is missing."""
    from skillkit.cli.diagnosis import diagnose

    findings = diagnose()
    healthy = all(finding.status != "missing" for finding in findings)
    if as_json:
        print_json({"healthy": healthy, "checks": [finding._asdict() for finding in findings]})
    else:
        print_table(("", "check", "found", "needed for", "fix"), [_row(finding) for finding in findings])
        print("nothing that is required is missing" if healthy else "something that is required is missing: see the lines marked ✗")
    return 0 if healthy else 1


def _row(finding: Any) -> list[Any]:
    from rich.text import Text

    mark, style = MARKS[finding.status]
    return [Text(mark, style=style), finding.name, finding.found, finding.needed_for, finding.fix]
