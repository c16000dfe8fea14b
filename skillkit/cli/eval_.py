"""``skillkit eval``: how often a trained model succeeds, task by task, on goals that no demonstration had."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from skillkit.cli.arguments import AsJson
from skillkit.cli.output import print_json, print_table, progress

EXAMPLE = "skillkit eval runs/mt10 --tasks mt10 --episodes 10 --seed 0 --json"


def eval_(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a training.")],
    tasks: Annotated[str, typer.Option("--tasks", metavar="TASKS", help="mt10, mt50 or names joined by commas; all that it learned, if left out.")] = "",
    episodes: Annotated[int, typer.Option("--episodes", min=1, help="Of each task.")] = 10,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Decides the goals.")] = 0,
    jobs: Annotated[int, typer.Option("--jobs", min=1, help="Processes; the result does not depend on it.")] = 1,
    cluster: Annotated[str, typer.Option("--ray", metavar="ADDRESS", help="Processes of a Ray cluster, whose machines see RUN; local begins one here.")] = "",
    as_json: AsJson = False,
) -> int:
    """Run a trained model and count successes, with Wilson's intervals at 95 %. Kept in RUN for 'skillkit compare'."""
    from skillkit.demos.evaluation import evaluate
    from skillkit.learn.model import describe
    from skillkit.learn.results import RESULTS, summary
    from skillkit.sim.metaworld import task_names

    names = task_names(tasks) if tasks else tuple(task["name"] for task in describe(run)["tasks"])
    rows: list[dict[str, Any]] = []
    with progress("tasks", len(names)) as done:
        for result in evaluate(run, names, episodes, seed, jobs, cluster):
            rows.append(result.as_dict())
            done(len(rows))
    document = summary(rows, seed)
    (run / RESULTS.format(seed=seed)).write_text(json.dumps(document) + "\n", encoding="utf-8")
    if as_json:
        print_json(document)
        return 0
    shown = [[row["task"], row["episodes"], row["successes"], f"{row['low']:.2f} to {row['high']:.2f}"] for row in document["tasks"]]
    print_table(("task", "episodes", "successes", "95 %"), shown, f"{run}: mean {document['mean']:.3f}, worst {document['worst']:.2f}")
    return 0
