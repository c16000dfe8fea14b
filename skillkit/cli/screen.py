"""The one screen at the end of a run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from statistics import median
from typing import TYPE_CHECKING

from skillkit.cli.output import plain
from skillkit.cli.result import FLAT_RATE, LoopTimes, Result

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

COLOURS = {"SUCCEEDED": "green", "FAILED": "red", "TIMED_OUT": "yellow", "PREEMPTED": "magenta", "REFUSED": "yellow", "UNSAFE": "bold red", "ERROR": "bold red"}


def print_screen(task: str, robot: str, result: Result) -> None:
    """Everything about one episode."""
    from rich.text import Text

    console = _console()
    agrees = f"done, and its judge agrees ({result.judge})" if result.judge else "done by its own account; physically not judged"
    verdict = agrees if result.success else _why_not(result)
    console.print(
        Text.assemble((f"{task} on {robot}, seed {result.seed}: ", "bold"), (result.outcome, COLOURS.get(result.outcome, "")), f" – {plain(verdict)}")
    )
    console.print(_skill_table(result))
    console.print(f"{result.decisions} decisions in {result.duration:.1f} s, where a flat {FLAT_RATE:g} Hz policy takes {result.flat_steps}")
    if result.loop is not None:
        console.print(f"loop      {_loop(result.loop)}")
    console.print(f"fastest   {100.0 * result.peak_speed:.0f} % of a joint's speed limit")
    console.print(f"checks    {', '.join(f'{name} {_tick(held)}' for name, held in result.checks.items()) or 'none: the task names no judge'}")
    for name in ("bag", "picture", "timeline"):
        if getattr(result, name):
            console.print(f"{name:<9} {getattr(result, name)}", highlight=False, soft_wrap=True)
    for note in result.notes:
        console.print(f"note      {plain(note)}")


def print_episodes(task: str, robot: str, results: Sequence[Result]) -> None:
    """A line for each failed episode, then the totals."""
    from rich.text import Text

    console = _console()
    for result in results:
        if not result.success:
            outcome = (result.outcome, COLOURS.get(result.outcome, "red"))
            console.print(Text.assemble(f"seed {result.seed}: ", outcome, f" after {result.duration:.1f} s: {plain(_why_not(result))}"))
    successes = sum(result.success for result in results)
    counts = ", ".join(f"{count} {outcome}" for outcome, count in Counter(result.outcome for result in results).most_common())
    console.print(Text.assemble((f"{task} on {robot}: {successes} of {len(results)} episodes succeeded", "bold"), f" ({counts})"))
    durations, decisions = median(result.duration for result in results), median(result.decisions for result in results)
    peak = max(result.peak_speed for result in results)
    console.print(f"median {durations:.1f} s and {decisions:g} decisions; fastest {100.0 * peak:.0f} % of a joint's speed limit")
    bags = [result.bag for result in results if result.bag]
    if bags:
        console.print(f"bags      {bags[0]} … {bags[-1]}" if len(bags) > 1 else f"bag       {bags[0]}", highlight=False, soft_wrap=True)


def _skill_table(result: Result) -> Table:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("skill")
    table.add_column("outcome")
    for title in ("start", "time", "decisions", f"flat {FLAT_RATE:g} Hz"):
        table.add_column(title, justify="right")
    table.add_column("reason", overflow="fold")
    for row in result.skills:
        reason = "" if row.outcome == "SUCCEEDED" else row.reason
        name = row.label if row.label == row.skill else f"{row.label} ({row.skill})"
        flat = str(round(row.duration * FLAT_RATE))
        table.add_row(
            name, Text(row.outcome, style=COLOURS.get(row.outcome, "")), f"{row.start:.1f} s", f"{row.duration:.1f} s", "1", flat, Text(plain(reason))
        )
    return table


def _loop(loop: LoopTimes) -> str:
    schedule = f"; began at most {loop.jitter_p99:.2f} ms late (p99), {loop.missed} of {loop.ticks} ticks missed" if loop.jitter_p99 is not None else ""
    return f"median {loop.median:.2f} ms, p99 {loop.p99:.2f} ms, longest {loop.longest:.2f} ms of {loop.period:g} ms{schedule}"


def _why_not(result: Result) -> str:
    failed = [name for name, held in result.checks.items() if not held]
    parts = [result.reason] if result.outcome != "SUCCEEDED" else []
    if failed and result.outcome == "SUCCEEDED":
        parts.append(f"its judge ({result.judge}) does not agree: not {', not '.join(failed)}")
    return "; ".join(part for part in parts if part) or "not successful"


def _tick(held: bool) -> str:
    return "✓" if held else "✗"


def _console() -> Console:
    from rich.console import Console

    watched = Console(markup=False, highlight=False)
    return watched if watched.is_terminal else Console(markup=False, highlight=False, width=160)
