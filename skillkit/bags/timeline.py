"""A run as plain text for a terminal: one line per run of an option, with a bar where it ran."""

from __future__ import annotations

from skillkit.bags.report import SkillRun, Summary

MARKS = {"SUCCEEDED": "✓", "FAILED": "✗", "TIMED_OUT": "⏱", "PREEMPTED": "⏹", "REFUSED": "⊘", "UNSAFE": "⚠", "ERROR": "‼"}
EIGHTHS = " ▏▎▍▌▋▊▉█"


def timeline(summary: Summary, width: int = 48) -> str:
    """Plain text: one line per run with a bar over the run's time, then the totals.

    Args:
        width: of the bars [characters].
    """
    if not summary.runs and not summary.steps:
        return _contents(summary)
    lines = [_title(summary)]
    span = time_span(summary)
    names = max((len(_indented(run)) for run in summary.runs), default=0)
    for run in summary.runs:
        mark = MARKS.get(run.outcome, "…")
        reason = f"  {run.reason}" if run.reason and run.outcome != "SUCCEEDED" else ""
        bar = _bar(run.start - span[0], run.duration, span[1], width)
        lines.append(f"  {_indented(run):<{names}} │{bar}│ {mark} {run.outcome or 'RUNNING':<9} {run.duration:6.2f} s {run.steps:5d} steps{reason}")
    if not summary.runs:
        lines.append("  no run of an option was recorded")
    lines.append(_totals(summary))
    lines.extend(f"  note: {note}" for note in (summary.note,) if note)
    return "\n".join(lines) + "\n"


def _contents(summary: Summary) -> str:
    """Of a bag without records of a runtime: its topics."""
    names = max((len(name) for name in summary.topics), default=0)
    lines = [f"  {name:<{names}}  {count} messages" for name, count in summary.topics.items()]
    head = f"no records of a runtime; {summary.duration:.2f} s, {sum(summary.topics.values())} messages on {len(summary.topics)} topics"
    return "\n".join([head, *lines, *(f"  note: {note}" for note in (summary.note,) if note)]) + "\n"


def _title(summary: Summary) -> str:
    parts = [summary.task or "a run", f"on {summary.robot}" if summary.robot else "", f"seed {summary.seed}" if summary.seed else ""]
    return f"{' '.join(part for part in parts if part)}: {summary.outcome or 'not ended'}{f' ({summary.reason})' if summary.reason else ''}"


def _totals(summary: Summary) -> str:
    missing = f", {summary.missing_steps} missing" if summary.missing_steps else ""
    changed = f", gate changed {summary.limited}" if summary.limited else ""
    return (
        f"  {summary.duration:.2f} s, {summary.steps} steps{missing}{changed}; {summary.decisions} decisions of the high level, "
        f"{summary.policy_steps} of the low level; {sum(summary.topics.values())} messages on {len(summary.topics)} topics"
    )


def _indented(run: SkillRun) -> str:
    return f"{'  ' * run.depth}{run.label}"


def time_span(summary: Summary) -> tuple[float, float]:
    """First time and length [s] of what is drawn."""
    starts = [run.start for run in summary.runs] + [curve.times[0] for curve in summary.curves if curve.times]
    ends = [run.start + run.duration for run in summary.runs] + [curve.times[-1] for curve in summary.curves if curve.times]
    first = min(starts, default=0.0)
    return first, max(max(ends, default=0.0) - first, 1e-9)


def _bar(start: float, duration: float, span: float, width: int) -> str:
    """A bar of block characters, to an eighth of a character at its end."""
    begin = min(width - 1, max(0, int(start / span * width)))
    eighths = max(1, round((start + duration) / span * width * 8) - begin * 8)
    full, rest = divmod(min(eighths, (width - begin) * 8), 8)
    return (" " * begin + "█" * full + (EIGHTHS[rest] if rest else "")).ljust(width)
