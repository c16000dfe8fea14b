"""Why a re-execution decides differently: what has changed since the recording, and whether it was at work at that step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from skillkit.bags import Summary

TICK = 0.011  # [s] a skill that began or ended in the tick beside the step was at work
SHOWN_LINES = 4


def cause_of(time: float, summary: Summary, changed: Mapping[str, Sequence[str]], then: Mapping[str, str], now: Mapping[str, str]) -> str:
    """The likeliest cause of a difference at ``time`` [s], in words.

    Args:
        changed: skill → its changed lines. then, now: fingerprints of the recording's platform and of this one.
    """
    at_work = [run.skill for run in summary.runs if run.leaf and run.start - TICK <= time <= run.start + run.duration + TICK]
    guilty = [name for name in dict.fromkeys(at_work) if name in changed]
    if guilty:
        return "; ".join(f"the skill '{name}', at work at that step, has changed: {_lines(changed[name])}" for name in guilty)
    if changed:
        return f"skills have changed, though none of them was at work at that step: {', '.join(changed)}"
    differing = [f"{name} was {then[name]}, is {now.get(name, 'not there')}" for name in then if now.get(name) != then[name]]
    if differing:
        return f"the skills are the same, the platform is not: {'; '.join(differing)}"
    return "skills and platform are those of the recording: skillkit itself decides differently"


def _lines(lines: Sequence[str]) -> str:
    more = f" and {len(lines) - SHOWN_LINES} more lines" if len(lines) > SHOWN_LINES else ""
    return " | ".join(" ".join(line.split()) for line in lines[:SHOWN_LINES]) + more
