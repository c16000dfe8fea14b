"""``skillkit watch``: what a running robot does, live in the terminal, from its ROS 2 topics."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from time import monotonic
from typing import Annotated, Any

import typer

from skillkit.cli.arguments import Namespace
from skillkit.cli.live import NodeLine, drawing, live_drawing, tree_lines
from skillkit.cli.output import say

EXAMPLE = "skillkit watch"
PATIENCE = 5.0  # [s] without any message after which the user is told where we listen
SILENT = 2.0  # [s] without a step after which the runtime counts as silent
BELOW = 8  # lines that are drawn below the tree


@dataclass
class View:
    """What is known of a runtime by its messages.

    Attributes:
        trees: the newest tree of each goal. scores: I of the skills that run, by path. last: how the last run ended.
        commanded, measured: joint positions by arm [rad] or [m].
        lines: what to print where nobody watches a screen.
    """

    trees: dict[str, Any] = field(default_factory=dict)
    scores: dict[str, float] = field(default_factory=dict)
    since: dict[str, float] = field(default_factory=dict)
    last: str = ""
    commanded: dict[str, list[float]] = field(default_factory=dict)
    measured: dict[str, list[float]] = field(default_factory=dict)
    limited: dict[str, list[str]] = field(default_factory=dict)
    time: float = 0.0
    heard: float = float("-inf")
    health: str = ""
    lines: list[str] = field(default_factory=list)

    def tree(self, message: Any) -> None:
        """A ``TreeSnapshot``."""
        self.trees[message.goal] = message

    def step(self, message: Any) -> None:
        """A ``Step``: its joint states are what was measured."""
        for given in message.inputs:
            if given.kind == "joint":
                self.measured[given.name] = list(given.values)[: (len(given.values) - 2) // 2]

    def result(self, message: Any) -> None:
        """A ``StepResult``."""
        self.time, self.heard = message.header.stamp.sec + 1e-9 * message.header.stamp.nanosec, monotonic()
        for command in message.commands:
            self.commanded[command.arm], self.limited[command.arm] = list(command.position), list(command.limited)
        for event in message.started:
            self.scores[event.path], self.since[event.path] = event.score, event.time
            self.lines.append(f"{event.time:8.2f} s  begins {event.path}  {event.option}({event.parameters})  I {event.score:.2f}")
        for event in message.transitions:
            self.scores.pop(event.path, None)
            self.since.pop(event.path, None)
            self.last = f"{event.path.rpartition('/')[2]}: {event.outcome}{f': {event.reason}' if event.reason else ''}"
            self.lines.append(f"{self.time:8.2f} s  ends   {event.path}  {event.outcome} after {event.duration:.2f} s  {event.reason}")
        for ended in message.ended:
            self.trees.pop(ended.goal, None)
            self.lines.append(f"{self.time:8.2f} s  goal ended: {ended.outcome}  {ended.reason}")

    def diagnose(self, message: Any) -> None:
        """A ``DiagnosticArray``."""
        for status in message.status:
            if status.hardware_id == "control loop":
                figures = {pair.key: pair.value for pair in status.values}
                shown = [f"{name} {figures[key]} ms" for name, key in FIGURES if key in figures]
                self.health = ", ".join([status.message, *shown])

    @property
    def heard_of(self) -> bool:
        """Whether any message of a runtime has come."""
        return bool(self.trees) or self.heard > float("-inf")

    @property
    def residual(self) -> dict[str, float]:
        """Largest difference between commanded and measured joint positions of each arm [rad] or [m]."""
        both = {arm: (q, self.measured[arm]) for arm, q in self.commanded.items() if len(self.measured.get(arm, ())) == len(q) > 0}
        return {arm: max(abs(a - b) for a, b in zip(command, measured, strict=True)) for arm, (command, measured) in both.items()}

    def footer(self) -> str:
        """Everything beside the trees, line by line."""
        running = [f"running  {path.rpartition('/')[2]}  I {score:.2f}, {self.time - self.since[path]:.1f} s" for path, score in self.scores.items()]
        arms = [f"{arm}  residual {value:.4f}{self._limits(arm)}" for arm, value in self.residual.items()]
        quiet = "" if monotonic() - self.heard < SILENT else "   (the runtime is silent)"
        return "\n".join([*running, f"β        {self.last or 'nothing has ended yet'}", *arms, f"loop     {self.health}", f"{self.time:6.1f} s{quiet}"])

    def _limits(self, arm: str) -> str:
        return f", limited by {', '.join(self.limited[arm][:3])}" if self.limited.get(arm) else ""

    def nodes(self) -> list[NodeLine]:
        """Every node of every goal's tree."""
        return [line for message in self.trees.values() for line in tree_lines(message.nodes)]


FIGURES = (("jitter p99", "jitter_p99_ms"), ("start to publish p99", "publish_p99_ms"), ("observation age p99", "observation_age_p99_ms"))


def fitted(lines: Sequence[NodeLine], height: int) -> list[NodeLine]:
    """As many lines as fit: around the one that runs deepest, with all nodes above it; what is left out is counted."""
    if len(lines) <= height:
        return list(lines)
    running = [index for index, line in enumerate(lines) if line.status == "RUNNING"]
    centre = max(running, key=lambda index: lines[index].depth) if running else 0
    keep, depth = {centre}, lines[centre].depth
    for index in range(centre, -1, -1):
        if lines[index].depth < depth:
            keep.add(index)
            depth = lines[index].depth
    for distance in range(1, len(lines)):
        for index in (centre - distance, centre + distance):
            if 0 <= index < len(lines) and len(keep) < max(1, height // 2):
                keep.add(index)
    shown: list[NodeLine] = []
    left_out = 0
    for index, line in [*enumerate(lines), (len(lines), None)]:
        if line is not None and index not in keep:
            left_out += 1
            continue
        if left_out:
            shown.append(NodeLine(f"⋮ {left_out} more", f"⋮ {left_out} more", "INVALID", 0, ""))
            left_out = 0
        if line is not None:
            shown.append(line)
    return shown


def watch(
    namespace: Namespace = "",
    once: Annotated[bool, typer.Option("--once", help="Print the first tree that comes, whole, and leave.")] = False,
    seconds: Annotated[float, typer.Option("--for", metavar="SECONDS", min=0.0, help="Leave after that time; 0: at Ctrl-C.")] = 0.0,
) -> int:
    """Show the tree, the active skill with the score of its initiation set, how the last one ended, residuals and loop times, live.

    Where the output is no terminal, a line is printed for every skill that begins or ends. Exit 1 where nothing was heard.
    """
    from rich.console import Console

    from skillkit.cli.over_ros import require_ros

    require_ros()
    from skillkit.ros.watching import listen

    view, begun, height = View(), monotonic(), Console(stderr=True).height
    nothing = f"nothing heard of a runtime in namespace '/{namespace.strip('/')}', ROS_DOMAIN_ID {os.environ.get('ROS_DOMAIN_ID', '0')}; is one up?"
    with live_drawing() as draw:
        told = False

        def go_on() -> bool:
            nonlocal told
            if not told and not view.heard_of and monotonic() - begun > PATIENCE:
                told = True
                print(f"{nothing} Waiting; Ctrl-C leaves.", file=sys.stderr)
            if draw is not None and not once:
                draw(lambda: drawing("", fitted(view.nodes(), height - BELOW), view.footer()))
            elif not once:
                _print(view)
            done = (once and view.trees) or (seconds > 0.0 and monotonic() - begun > seconds)
            return not done

        with suppress(KeyboardInterrupt):
            listen(namespace, view.tree, view.step, view.result, view.diagnose, go_on)
    if once:
        Console(width=200).print(drawing("", view.nodes(), view.footer()))
    if not view.heard_of:
        say(nothing, error=True)
    return 0 if view.heard_of else 1


def _print(view: View) -> None:
    for line in view.lines:
        say(line)
    view.lines.clear()
    sys.stdout.flush()
