"""``skillkit info``: what is in a bag and what happened in its run."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from skillkit.cli.arguments import AsJson
from skillkit.cli.output import print_json, say

EXAMPLE = "skillkit info runs/prepare_coffee-panda-seed0.mcap"


def info(
    bag: Annotated[Path, typer.Argument(metavar="BAG", help="A recorded run (.mcap).")],
    as_json: AsJson = False,
    html: Annotated[Path | None, typer.Option("--html", metavar="FILE", help="Also write the timeline as a self-contained HTML page.")] = None,
) -> int:
    """Print the timeline of a recorded run: which skill ran when, how it ended and why."""
    from skillkit.bags import open_bag, summary, timeline, timeline_html

    with open_bag(bag) as opened:
        found = summary(opened)
    if html is not None:
        html.write_text(timeline_html(found, None), encoding="utf-8")
        print(f"timeline: {html}", file=sys.stderr)
    if as_json:
        print_json({**found.as_dict(), "duration_s": found.duration, "timeline": timeline(found)})
    else:
        say(timeline(found).rstrip("\n"))
        versions = ", ".join(f"{name} {version}" for name, version in sorted(found.versions.items()))
        print(f"  attached: {', '.join(found.attachments) or 'nothing'}" + (f"\n  made with: {versions}" if versions else ""))
    return 0
