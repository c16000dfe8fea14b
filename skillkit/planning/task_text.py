"""A plan as a task file that a person can read, edit and run."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence

from skillkit.planning.search import PlannedStep


def task_text(steps: Sequence[PlannedStep], name: str, goal: str, scene: str = "") -> str:
    """The task as YAML: its goal is checked at the end, and skills that can be tried again are."""
    lines = [f"task: {name}", f"description: {json.dumps(f'Planned to reach: {goal}')}"]
    lines += [f"scene: {scene}"] if scene else []
    lines += [f"goal: {json.dumps(goal)}", *([f"judge: {json.dumps(goal)}"] if scene else []), "", "tree:"]
    if not steps:
        return "\n".join([*lines, f"  condition: {json.dumps(goal)}", ""])
    lines.append("  sequence:")
    for step, label in zip(steps, _labels(steps), strict=True):
        given = ", ".join(f"{parameter}: {value}" for parameter, value in step.parameters.items())
        lines.append(f"    - skill: {{{step.skill}: {{{given}}}, label: {label}}}")
    return "\n".join([*lines, ""])


def _labels(steps: Sequence[PlannedStep]) -> list[str]:
    """The skill's name, with its number where it occurs more than once."""
    total, seen, labels = Counter(step.skill for step in steps), Counter[str](), []
    for step in steps:
        seen[step.skill] += 1
        labels.append(step.skill if total[step.skill] == 1 else f"{step.skill}_{seen[step.skill]}")
    return labels
