"""Drawings of a task: as text for the terminal, as SVG for documents."""

from __future__ import annotations

from skillkit.trees.node import Node, Placed, layout
from skillkit.trees.task import Task
from skillkit.trees.words import WORDS


def show(task: Task) -> str:
    """The task as a tree of text with its parameters."""
    placed = layout(task.tree, task.name)
    lines = [task.name + (f" — {task.description}" if task.description else "")]
    for parameter in task.parameters:
        unit = f" [{parameter.unit}]" if parameter.unit else ""
        default = f" = {parameter.default}" if parameter.default is not None else ""
        lines.append(f"  ${parameter.name}: {parameter.type}{unit}{default}")
    lines.extend(_branch(placed, index) + _title(one.node) for index, one in enumerate(placed))
    if task.goal is not None:
        lines.append(f"goal: {task.goal}")
    return "\n".join(lines)


def svg(task: Task) -> str:
    return ""


def _title(node: Node) -> str:
    detail = WORDS[node.word].detail(node)
    return " ".join(part for part in (SYMBOLS.get(node.word, ""), node.name or node.word, detail) if part)


SYMBOLS = {"sequence": "→", "reactive_sequence": "⇉", "fallback": "?", "reactive_fallback": "⁇", "condition": "◇", "skill": "▣", "task": "▤", "wait": "◷"}


def _branch(placed: list[Placed], index: int) -> str:
    """The lines left of a node: its own corner, and a bar for every ancestor that has a later sibling."""
    node = placed[index]
    corner = "├─ " if _has_later_sibling(placed, index) else "└─ "
    bars = ""
    above = node.parent
    while above >= 0:
        bars = ("│  " if _has_later_sibling(placed, above) else "   ") + bars
        above = placed[above].parent
    return bars + corner


def _has_later_sibling(placed: list[Placed], index: int) -> bool:
    return any(other.parent == placed[index].parent for other in placed[index + 1 :])
