"""The tree of a running task, drawn live in the terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from time import perf_counter
from typing import TYPE_CHECKING, Any, NamedTuple

from skillkit.cli.output import plain
from skillkit.cli.request import Request

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from skillkit.runtime import Runtime, StepResult

REFRESH = 0.1  # [s] wall time between two drawings
MARKS = {"INVALID": ("·", "dim"), "RUNNING": ("▶", "bold cyan"), "SUCCESS": ("✓", "green"), "FAILURE": ("✗", "red")}


class NodeLine(NamedTuple):
    """One node of a tree: its name, word and status, its depth, and what there is to say about it."""

    name: str
    type: str
    status: str
    depth: int
    detail: str


def tree_lines(nodes: Sequence[Any]) -> list[NodeLine]:
    """Nodes with ``name, type, status, parent, detail``, parents before children, as lines of a drawing."""
    depths: list[int] = []
    for node in nodes:
        depths.append(0 if node.parent < 0 else depths[node.parent] + 1)
    return [NodeLine(node.name, node.type, node.status, depth, node.detail) for node, depth in zip(nodes, depths, strict=True)]


def drawing(title: str, lines: Sequence[NodeLine], footer: str) -> RenderableType:
    """A title, the tree with the running nodes standing out, and a line below."""
    from rich.text import Text

    text = Text(title + "\n", style="bold")
    for line in lines:
        mark, style = MARKS.get(line.status, MARKS["INVALID"])
        text.append(f"{'  ' * (line.depth + 1)}{mark} {plain(line.name)}", style=style)
        if line.name != line.type:
            text.append(f"  {line.type}", style="dim")
        if line.detail and line.status in ("RUNNING", "FAILURE"):
            text.append(f"  {plain(line.detail)}", style="dim")
        text.append("\n")
    text.append(footer, style="dim")
    return text


@contextmanager
def live_drawing() -> Iterator[Callable[[Callable[[], RenderableType]], None] | None]:
    """Draws what it is handed at most ten times a second; ``None`` where nobody watches."""
    from rich.console import Console
    from rich.live import Live

    console: Console = Console(stderr=True)
    if not console.is_terminal:
        yield None
        return
    due = 0.0
    with Live(console=console, auto_refresh=False, transient=True) as live:

        def draw(make: Callable[[], RenderableType]) -> None:
            nonlocal due
            now = perf_counter()
            if now >= due:
                due = now + REFRESH
                live.update(make(), refresh=True)

        yield draw


@contextmanager
def live_tree(request: Request) -> Iterator[Callable[[Runtime, StepResult], None] | None]:
    """What ``run_episode`` is to call after every step; ``None`` where nobody watches."""
    begun = perf_counter()
    with live_drawing() as draw:
        if draw is None:
            yield None
            return

        def on_step(runtime: Runtime, result: StepResult) -> None:
            draw(lambda: _frame(request, runtime, result, perf_counter() - begun))

        yield on_step


def _frame(request: Request, runtime: Runtime, result: StepResult, wall: float) -> RenderableType:
    nodes = [node for goal in runtime.goals.values() for node in goal.execution.policy.nodes()] if runtime.goals else []  # type: ignore[union-attr]
    title = f"{request.task_name} on {request.cell_name}, seed {request.seed}"
    speed = result.time / wall if wall > 0.0 else 0.0
    return drawing(title, tree_lines(nodes), f"{result.time:6.1f} s simulated, {speed:.1f} × real time{_limits(result.commands)}")


def _limits(commands: Mapping[str, Any]) -> str:
    words = [word for command in commands.values() for word in command.limited]
    return f"   limited by {', '.join(words[:3])}" if words else ""
