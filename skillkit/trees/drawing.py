"""Drawings of a task: as text for the terminal, as SVG for documents."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple
from xml.sax.saxutils import escape

from skillkit.spaces import NOTHING
from skillkit.trees.node import Node, Placed, layout, root_path
from skillkit.trees.task import Task
from skillkit.trees.words import WORDS

SYMBOLS = {
    "parallel": "⇶", "switch": "⑃", "for_each": "∀", "guard": "⛨", "on_failure": "⤺", "finally": "⤓", "set": "≔", "ask": "☏", "recover": "⤴", "plan": "⚑",
    "sequence": "→", "reactive_sequence": "⇉", "fallback": "?", "reactive_fallback": "⁇", "retry": "↻", "repeat": "⟳", "timeout": "⧖",
    "invert": "¬", "force_success": "✓", "force_failure": "✗", "condition": "◇", "wait": "◷", "skill": "▣", "task": "▤",
}  # fmt: skip
FILLS = {"skill": "#e3ecff", "plan": "#e3ecff", "task": "#ece3ff", "condition": "#e2f5e5", "wait": "#f1f1f1"}  # by word; the others below
FLOW_FILL, WRAP_FILL = "#fff8dc", "#fdeadb"
STROKES = {"RUNNING": "#1a73e8", "SUCCESS": "#188038", "FAILURE": "#c5221f"}
ROW, GAP, MARGIN, BOX = 54.0, 44.0, 16.0, 40.0  # [px] per leaf, between levels, around, height of a box
CHARACTER = 6.6  # [px] width of a character of the detail line


def show(task: Task) -> str:
    """The task as a tree of text with its parameters."""
    placed = placed_in(task)
    lines = [task.name + (f" — {task.description}" if task.description else "")]
    for parameter in task.parameters:
        unit = f" [{parameter.unit}]" if parameter.unit else ""
        default = f" = {parameter.default}" if parameter.default is not None else ""
        lines.append(f"  ${parameter.name}: {parameter.type}{unit}{default}")
    lines.extend(_branch(placed, index) + _title(one.node) for index, one in enumerate(placed))
    if task.goal is not None:
        lines.append(f"goal: {task.goal}")
    if task.judge is not None:
        lines.append(f"judge: {task.judge}")
    return "\n".join(lines)


def placed_in(task: Task) -> list[Placed]:
    """Every node of a task, tasks within it unfolded."""
    return layout(task.tree, root_path(task.tree, task.name, ""))


def _title(node: Node) -> str:
    detail = WORDS[node.word].detail(node)
    name = f"{node.name} ({node.word})" if node.name and node.word not in ("skill", "task") else node.name or node.word
    return " ".join(part for part in (SYMBOLS[node.word], name, detail) if part)


def _branch(placed: list[Placed], index: int) -> str:
    """What stands left of a node: its own corner, and a bar for every ancestor that has a later sibling."""
    corner = "├─ " if _has_later_sibling(placed, index) else "└─ "
    bars = ""
    above = placed[index].parent
    while above >= 0:
        bars = ("│  " if _has_later_sibling(placed, above) else "   ") + bars
        above = placed[above].parent
    return bars + corner


def _has_later_sibling(placed: list[Placed], index: int) -> bool:
    return any(other.parent == placed[index].parent for other in placed[index + 1 :])


# ---- SVG -----------------------------------------------------------------------------------------------------------------------------


class _Box(NamedTuple):
    """Where a node is drawn [px]: left edge, centre line, width."""

    x: float
    y: float
    width: float


def svg(task: Task, statuses: Mapping[str, str] = NOTHING) -> str:
    """The task as a self-contained SVG, from left to right: one row per leaf, parents in the middle of their children.

    Args:
        statuses: path → status of a running tree, to colour the frames by.
    """
    placed = placed_in(task)
    boxes = _boxes(placed)
    width = max(box.x + box.width for box in boxes) + MARGIN
    height = max(box.y for box in boxes) + BOX / 2 + MARGIN
    edges = [_edge(boxes[one.parent], boxes[index]) for index, one in enumerate(placed) if one.parent >= 0]
    drawn = [_node(one, boxes[index], statuses.get(one.path, "")) for index, one in enumerate(placed)]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" viewBox="0 0 {width:.0f} {height:.0f}" '
            'font-family="system-ui, sans-serif" fill="#202124">',
            f"<title>{escape(task.name)}</title>",
            f'<rect width="{width:.0f}" height="{height:.0f}" fill="#ffffff"/>',
            *edges,
            *drawn,
            "</svg>",
        ]
    )


def _boxes(placed: list[Placed]) -> list[_Box]:
    centres: dict[int, float] = {}
    row = 0
    for index in reversed(range(len(placed))):  # children come after their parents, so backwards they come first
        below = [centres[i] for i in range(index + 1, len(placed)) if placed[i].parent == index]
        row += not below
        centres[index] = 0.5 * (min(below) + max(below)) if below else -ROW * row
    top = MARGIN + BOX / 2 - min(centres.values())
    boxes: list[_Box] = []
    for index, one in enumerate(placed):
        left = boxes[one.parent].x + boxes[one.parent].width + GAP if one.parent >= 0 else MARGIN
        boxes.append(_Box(left, centres[index] + top, _width(one.node)))
    return boxes


def texts_of(node: Node) -> tuple[str, str]:
    """What a node is, and a few words on it."""
    detail = WORDS[node.word].detail(node)
    return f"{SYMBOLS[node.word]} {node.name or node.word}", detail if len(detail) <= 60 else detail[:59] + "…"


def fill_of(node: Node) -> str:
    """The colour of a node."""
    return FILLS.get(node.word, FLOW_FILL if node.word.endswith(("sequence", "fallback")) else WRAP_FILL)


def _width(node: Node) -> float:
    title, detail = texts_of(node)
    return 24.0 + CHARACTER * max(1.2 * len(title), len(detail))


def _edge(parent: _Box, child: _Box) -> str:
    x0, x1 = parent.x + parent.width, child.x
    bend = x1 - GAP / 2
    line = f"M{x0:.1f} {parent.y:.1f} H{bend - 14:.1f} C{bend:.1f} {parent.y:.1f} {bend:.1f} {child.y:.1f} {x1:.1f} {child.y:.1f}"
    return f'<path d="{line}" fill="none" stroke="#9aa0a6" stroke-width="1.4"/>'


def _node(one: Placed, box: _Box, status: str) -> str:
    node = one.node
    title, detail = texts_of(node)
    fill = fill_of(node)
    stroke, thick = STROKES.get(status, "#5f6368"), 2.4 if status in STROKES else 1.0
    x = box.x + 12
    lines = [(title, box.y - 3, 13, 600), (detail, box.y + 13, 11, 400)] if detail else [(title, box.y + 4.5, 13, 600)]
    texts = "".join(f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" font-weight="{weight}">{escape(text)}</text>' for text, y, size, weight in lines)
    corner = f'x="{box.x:.1f}" y="{box.y - BOX / 2:.1f}" width="{box.width:.1f}" height="{BOX:.0f}" rx="8"'
    frame = f'<rect {corner} fill="{fill}" stroke="{stroke}" stroke-width="{thick}"/>'
    return f"<g><title>{escape(one.path)}</title>{frame}{texts}</g>"
