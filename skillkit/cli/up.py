"""``skillkit up``: the processes of a set-up, started together and stopped together."""

from __future__ import annotations

import signal
import sys
from collections.abc import Sequence
from types import FrameType
from typing import TYPE_CHECKING, Annotated

import typer

from skillkit.cli.arguments import AlsoTopics, CellName, Namespace, RobotName, SkillsFolder, UseSkills, own_skills, pairs, robot_or_cell
from skillkit.cli.hardware import OnHardware, Speed, Yes, confirm

if TYPE_CHECKING:
    from skillkit.ros.processes import Process

EXAMPLE = "skillkit up --robot panda --task prepare_coffee"


def up(
    robot: RobotName = "",
    cell: CellName = "",
    tasks: Annotated[list[str] | None, typer.Option("--task", metavar="TASK", help="A task that goals may ask for; all that are found, if none.")] = None,
    scene: Annotated[str, typer.Option("--scene", metavar="SCENE", help="The simulated scene; empty for no simulator.")] = "coffee",
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of the scene.")] = 0,
    options: Annotated[list[str] | None, typer.Option("--scene-option", metavar="NAME=VALUE", help="An option of the scene, such as locked=true.")] = None,
    use: UseSkills = None,
    skills: SkillsFolder = None,
    record: Annotated[str, typer.Option("--record", metavar="BAG", help="Also start a recorder that writes there.")] = "",
    also: AlsoTopics = None,
    namespace: Namespace = "",
    hardware: OnHardware = False,
    yes: Yes = False,
    speed: Speed = 1.0,
    dry: Annotated[bool, typer.Option("--dry-run", help="Only print the command lines.")] = False,
) -> int:
    """Start simulator (or, with --hardware, none), runtime and recorder as ROS 2 nodes; Ctrl-C stops them all, the runtime first.

    Exit 1 when one of them ends by itself.
    """
    from skillkit.assembly.worlds import scene_of
    from skillkit.cli.episodes import cell_of
    from skillkit.cli.request import Request
    from skillkit.ros.processes import Setup, bringup

    given = pairs(options, "--scene-option")
    robot = robot_or_cell(robot, cell)
    cell_of(Request("", robot, cell, seed))
    if hardware:
        confirm(cell, speed, yes or dry)
        scene = ""
    if scene:
        scene_of(scene, seed, given)
    setup = Setup(
        robot=robot, cell=cell, scene=scene, seed=seed, options=given, tasks=tuple(tasks or ()),
        skills=own_skills(skills), use=pairs(use, "--use"), bag=record, also=tuple(also or ()), namespace=namespace, hardware=hardware, speed=speed,
    )  # fmt: skip
    processes = bringup(setup)
    if dry:
        for process in processes:
            print(" ".join(process.command()))
        return 0
    return _serve(processes)


def _serve(processes: Sequence[Process]) -> int:
    from skillkit.cli.over_ros import require_ros
    from skillkit.ros.children import Children, ProcessEnded

    require_ros()
    for number in (signal.SIGINT, signal.SIGTERM):  # also where a shell that put this into the background had SIGINT ignored
        signal.signal(number, _interrupt)
    try:
        with Children(processes) as children:
            print(f"running: {', '.join(process.name for process in processes)}; Ctrl-C stops them", file=sys.stderr, flush=True)
            children.wait()
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return 0
    except ProcessEnded as error:
        print(f"skillkit: {error}", file=sys.stderr)
        return 1
    return 0


def _interrupt(number: int, frame: FrameType | None) -> None:
    """Either signal stops as Ctrl-C does."""
    raise KeyboardInterrupt
