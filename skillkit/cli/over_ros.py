"""Episodes over ROS 2: simulator, recorder and runtime in processes of their own, this process their client."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from skillkit.cli.request import Request
from skillkit.cli.result import LoopTimes, Result, SkillRow
from skillkit.exceptions import MissingLibrary, SkillkitError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from skillkit.bags import Summary
    from skillkit.cell import Cell
    from skillkit.ros.session import SessionReport


def require_ros() -> None:
    """Whatever the ROS 2 commands need.

    Raises:
        SkillkitError: it is missing; the message says how it is had.
    """
    if find_spec("rclpy") is None:
        raise MissingLibrary("rclpy", "ros")
    if find_spec("skillkit_interfaces") is None:
        raise SkillkitError("skillkit_interfaces is not built; run: make setup (or, with ROS 2 from apt: cd ros2_ws && colcon build)")


def run_over_ros(request: Request, watched: bool) -> Result:
    """One episode over ROS 2.

    Raises:
        SkillkitError: a process ended before its time or stayed silent.
    """
    from skillkit.cli.episodes import cell_of, system_of
    from skillkit.ros.processes import Setup
    from skillkit.ros.session import run_session

    cell = cell_of(request)
    task = next(iter(system_of(request, cell).tasks.values()))
    with TemporaryDirectory(prefix="skillkit-") as scratch, _watching(request, watched) as (on_tree, on_stage):
        bag = request.bag or str(Path(scratch) / "run.mcap")  # what ran is read from it also where nobody asked for it
        setup = Setup(
            robot=request.robot, cell=request.cell, scene="" if request.hardware else task.scene,
            seed=request.seed, options=request.scene, tasks=(request.task,), hardware=request.hardware,
            speed=request.speed, skills=request.skills, use=request.use, bag=bag, also=request.also,
            picture=str(Path(request.picture).absolute()) if request.picture else "",
        )  # fmt: skip
        report = run_session(setup, task.name, request.parameters, on_tree, on_stage)
        found, peak = read_back(bag, cell)
    return _result(request, report, found, peak, 1.0 / max(arm.embodiment.control_rate for arm in cell.arms))


def read_back(bag: str, cell: Cell) -> tuple[Summary, float]:
    """The summary of a bag, and the largest commanded joint speed as a fraction of that joint's limit."""
    from skillkit.bags import open_bag, summary

    limits = {arm.name: arm.embodiment.velocity for arm in cell.arms}
    peak = 0.0
    with open_bag(bag) as opened:
        found = summary(opened)
        for _, result in opened.steps():
            for command in result["commands"] if result is not None else ():
                if command["arm"] in limits:
                    peak = max(peak, *(abs(speed) / limit for speed, limit in zip(command["velocity"], limits[command["arm"]], strict=True)))
    return found, float(peak)


def _result(request: Request, report: SessionReport, found: Summary, peak: float, period: float) -> Result:
    rows = tuple(SkillRow(run.label, run.skill, run.path, run.outcome, run.reason, run.start, run.duration, run.steps) for run in found.runs if run.leaf)
    return Result(
        seed=request.seed, outcome=report.outcome, reason=report.reason, success=report.success, checks=dict(report.checks), duration=report.duration,
        judge=report.judge, wall=report.wall, peak_speed=peak, skills=rows,
        loop=_loop(report.loop, period), bag=request.bag, picture=report.picture, notes=report.notes,
    )  # fmt: skip


def _loop(figures: Mapping[str, float], period: float) -> LoopTimes | None:
    if "publish_p50_ms" not in figures:
        return None
    return LoopTimes(
        median=figures["publish_p50_ms"], p99=figures["publish_p99_ms"], longest=figures["publish_max_ms"], period=1e3 * period,
        jitter_p99=figures.get("jitter_p99_ms"), missed=round(figures.get("missed", 0.0)), ticks=round(figures.get("ticks", 0.0)),
    )  # fmt: skip


@contextmanager
def _watching(request: Request, watched: bool) -> Iterator[tuple[Callable[[Any], None] | None, Callable[[str], None]]]:
    """What to do with the tree's messages, and with words about the stage reached."""
    from skillkit.cli.live import drawing, live_drawing, tree_lines

    if not watched:
        yield None, lambda text: None
        return
    with live_drawing() as draw:
        title = f"{request.task_name} on {request.cell_name} over ROS 2, seed {request.seed}"

        def on_tree(message: Any) -> None:
            time = message.header.stamp.sec + 1e-9 * message.header.stamp.nanosec
            if draw is not None:
                draw(lambda: drawing(title, tree_lines(message.nodes), f"{time:6.1f} s"))

        def on_stage(text: str) -> None:
            if draw is not None:
                draw(lambda: drawing(title, (), f"{text} …"))
            else:
                print(f"{text} …", file=sys.stderr)

        yield on_tree, on_stage
