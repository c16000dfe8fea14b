"""A task as a graph for Graphviz (dot) and for Markdown pages (mermaid)."""

from __future__ import annotations

from skillkit.trees.drawing import fill_of, placed_in, texts_of
from skillkit.trees.task import Task


def dot(task: Task) -> str:
    """A digraph from left to right, one box per node."""
    placed = placed_in(task)
    lines = [f"digraph {_quoted(task.name)} {{", '  rankdir=LR; node [shape=box, style="rounded,filled", fontname="sans-serif"];']
    for index, one in enumerate(placed):
        title, detail = texts_of(one.node)
        label = f"{title}\n{detail}" if detail else title
        lines.append(f"  n{index} [label={_quoted(label)}, fillcolor={_quoted(fill_of(one.node))}, tooltip={_quoted(one.path)}];")
    lines += [f"  n{one.parent} -> n{index};" for index, one in enumerate(placed) if one.parent >= 0]
    return "\n".join([*lines, "}"])


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def mermaid(task: Task) -> str:
    """A flowchart from top to bottom."""
    placed = placed_in(task)
    lines = ["flowchart TD"]
    for index, one in enumerate(placed):
        title, detail = texts_of(one.node)
        lines.append(f'  n{index}["{_escaped(title)}{"<br>" + _escaped(detail) if detail else ""}"]')
    lines += [f"  n{one.parent} --> n{index}" for index, one in enumerate(placed) if one.parent >= 0]
    return "\n".join(lines)


def _escaped(text: str) -> str:
    """Characters that end a label or begin a tag, as mermaid's character codes."""
    return "".join(f"#{ord(character)};" if character in '#"<>&;' else character for character in text)
