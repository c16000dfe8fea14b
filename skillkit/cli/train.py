"""``skillkit train``: one network from demonstrations of many tasks."""

from __future__ import annotations

from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated

import typer

from skillkit.cli.arguments import pairs
from skillkit.cli.output import progress

if TYPE_CHECKING:
    from skillkit.learn.training import Training

EXAMPLE = "skillkit train configs/learn/mt10.yaml --set steps=2000 -o runs/mt10"


def train(
    config: Annotated[Path, typer.Argument(metavar="CONFIG", help="A training's YAML, such as those in configs/learn.")],
    folder: Annotated[Path, typer.Option("--output", "-o", metavar="RUN", help="Where the run goes; a run that was killed goes on from there.")],
    changes: Annotated[list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Another value for a word of the file.")] = None,
    search: Annotated[bool, typer.Option("--find-rate", help="Train nothing: try learning rates in one short run, and suggest one.")] = False,
    tensorboard: Annotated[bool, typer.Option("--tensorboard", help="Write event files for TensorBoard into the run, too.")] = False,
) -> int:
    """Train, and write the model, a log and a report into RUN. The same file and seed give the same weights bit for bit.

    Under torchrun the processes draw batches of their own and share their gradients.
    """
    from skillkit.learn.config import load_config
    from skillkit.learn.report import write_report
    from skillkit.learn.training import Training

    begun = perf_counter()
    loaded = load_config(config, pairs(changes, "--set"))
    training = Training(loaded, folder)
    if search:
        return _find_rate(training, folder)
    first = training.step
    with progress("steps", loaded.steps) as done:
        training.run(lambda step, loss: done(step))
    if training.rank:
        return 0
    report = write_report(folder, tensorboard)
    parameters = sum(parameter.numel() for parameter in training.model.parameters())
    resumed = f", resumed at step {first}" if first else ""
    print(f"{folder}: {len(training.data.tasks)} tasks, {parameters} parameters, {loaded.steps} steps in {perf_counter() - begun:.0f} s{resumed}; {report}")
    return 0


def _find_rate(training: Training, folder: Path) -> int:
    """Its losses over rates as a page in RUN; the weights are thrown away."""
    from skillkit.exceptions import InvalidValue
    from skillkit.learn.report import write_rates
    from skillkit.learn.schedules import find_rate

    if training.step:
        raise InvalidValue("--find-rate", str(folder), "a RUN that has not begun: rates are tried on fresh weights")
    found = find_rate(training.one_step)
    print(f"suggested: --set rate={found.suggested:.2g} (now {training.config.rate:.2g}); {write_rates(folder, found)}")
    return 0
