"""``skillkit demos``: demonstrations that a person gives by hand, kept or thrown away one by one."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from skillkit.cli.arguments import SkillsFolder, skills_folder
from skillkit.cli.hardware import OnHardware, Speed, Yes, confirm
from skillkit.cli.request import free_path
from skillkit.exceptions import InvalidValue

EXAMPLE = "skillkit demos --teleop --cell one_panda --episodes 5"
KEYS = {"s": "success", "k": "keep", "d": "discard", "q": "quit"}
LIST = "demos.jsonl"


def demos(
    teleop: Annotated[bool, typer.Option("--teleop", help="A person moves the arm, over the topics teleop/twist, teleop/pose and teleop/gripper.")] = False,
    cell: Annotated[str, typer.Option("--cell", metavar="CELL", help="The cell; its first arm is moved.")] = "one_panda",
    episodes: Annotated[int, typer.Option("--episodes", min=1, help="How many to keep.")] = 1,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of the simulated scene of the first; counted up.")] = 0,
    scene: Annotated[str, typer.Option("--scene", metavar="SCENE", help="The simulated scene.")] = "coffee",
    folder: Annotated[Path, typer.Option("--output", "-o", metavar="FOLDER", help="Where bags and demos.jsonl go.")] = Path("demos"),
    skills: SkillsFolder = None,
    hardware: OnHardware = False,
    yes: Yes = False,
    speed: Speed = 1.0,
) -> int:
    """Record demonstrations; after each say s (success), k (keep, no success), d (discard) or q (discard and quit), and Enter."""
    from skillkit.cell import Cell
    from skillkit.cli.over_ros import require_ros
    from skillkit.ros.processes import Setup
    from skillkit.ros.teleop_demo import record_demo

    if not teleop:
        raise InvalidValue("--teleop", teleop, "--teleop: other ways to demonstrate are 'skillkit run --record'")
    require_ros()
    loaded = confirm(cell, speed, yes) if hardware else Cell.load(cell)
    kept = tried = 0
    while kept < episodes:
        bag = free_path(folder, f"{loaded.name}-seed{seed + tried}", ".mcap")
        setup = Setup(
            cell=cell, scene="" if hardware else scene, seed=seed + tried, tasks=(), skills=str(skills_folder(skills)), bag=str(bag),
            hardware=hardware, speed=speed,
        )  # fmt: skip
        word = record_demo(setup, loaded, _ask)
        tried += 1
        if word in ("discard", "quit"):
            bag.unlink(missing_ok=True)
        else:
            kept += 1
            with (folder / LIST).open("a", encoding="utf-8") as lines:
                lines.write(json.dumps({"bag": bag.name, "success": word == "success", "seed": None if hardware else seed + tried - 1}) + "\n")
        print(f"{word}: {kept} of {episodes} kept", file=sys.stderr, flush=True)
        if word == "quit":
            return 1
    return 0


def _ask() -> str:
    print("the arm is yours; s success, k keep, d discard, q quit, and Enter: ", end="", file=sys.stderr, flush=True)
    for line in sys.stdin:
        if line.strip() in KEYS:
            return KEYS[line.strip()]
        print("s, k, d or q: ", end="", file=sys.stderr, flush=True)
    return "quit"
