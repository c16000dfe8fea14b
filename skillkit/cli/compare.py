"""``skillkit compare``: whether one trained model is better than another, and where."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from skillkit.cli.arguments import AsJson
from skillkit.cli.output import print_json, print_table

EXAMPLE = "skillkit compare runs/single runs/mt10"


def compare(
    first: Annotated[Path, typer.Argument(metavar="RUN", help="An evaluated run, or a folder of runs that differ in their seed.")],
    second: Annotated[Path, typer.Argument(metavar="RUN", help="Others, evaluated with the same seed.")],
    as_json: AsJson = False,
) -> int:
    """Second minus first over the episodes that both ran with the same goals, with bootstrap intervals at 95 %, over trainings too where there are several."""
    from skillkit.learn.results import compare_outcomes, read_runs

    found = compare_outcomes(read_runs(first), read_runs(second))
    if as_json:
        tasks = [{"task": task, **interval._asdict()} for task, interval in found.tasks.items()]
        rates = {"first": found.first, "second": found.second, "difference": found.mean._asdict()}
        print_json({"episodes": found.episodes, "runs": list(found.runs), **rates, "tasks": tasks})
        return 0
    rows = [[task, f"{one.estimate:+.2f}", f"{one.low:+.2f} to {one.high:+.2f}"] for task, one in sorted(found.tasks.items(), key=lambda item: item[1])]
    means = f"{found.first:.3f} → {found.second:.3f}"
    title = f"{means}, difference {found.mean.estimate:+.3f} ({found.mean.low:+.3f} to {found.mean.high:+.3f}), {found.episodes} paired episodes"
    title += f", {found.runs[0]} and {found.runs[1]} trainings" if found.runs != (1, 1) else ""
    print_table(("task", "difference", "95 %"), rows, title)
    return 0
