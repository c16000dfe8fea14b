"""``skillkit demos``: demonstrations, of scripted experts and hand-designed skills, or of a person, kept or thrown away one by one."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from skillkit.cli.arguments import RobotName, SkillsFolder, own_skills
from skillkit.cli.hardware import OnHardware, Speed, Yes, confirm
from skillkit.cli.output import progress
from skillkit.cli.request import free_path
from skillkit.exceptions import InvalidValue

if TYPE_CHECKING:
    from skillkit.learn.dataset import Episode, Space

EXAMPLE = "skillkit demos prepare_coffee:transport -o demos/transport --episodes 60"
KEYS = {"s": "success", "k": "keep", "d": "discard", "q": "quit"}
LIST = "demos.jsonl"


def demos(
    source: Annotated[str, typer.Argument(metavar="SOURCE", help="mt10, mt50 or tasks of Meta-World (reach,push), or TASK:SKILL; nothing with --teleop.")] = "",
    folder: Annotated[Path, typer.Option("--output", "-o", metavar="FOLDER", help="For the dataset; with --teleop bags and demos.jsonl.")] = Path("demos"),
    episodes: Annotated[int, typer.Option("--episodes", min=1, help="Of each task; with TASK:SKILL runs of the task; with --teleop how many to keep.")] = 1,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of the first episode; counted up.")] = 0,
    noise: Annotated[float, typer.Option("--noise", min=0.0, max=2.0, help="Disturbs what is executed, not what is written down.")] = 0.1,
    pushes: Annotated[float, typer.Option("--pushes", min=0.0, max=0.5, help="Share of the time that Meta-World's tool is pushed away.")] = 0.0,
    robot: RobotName = "panda",
    jobs: Annotated[int, typer.Option("--jobs", min=1, help="Processes; the demonstrations do not depend on it.")] = 1,
    teleop: Annotated[bool, typer.Option("--teleop", help="A person moves the arm, over the topics teleop/twist, teleop/pose and teleop/gripper.")] = False,
    cell: Annotated[str, typer.Option("--cell", metavar="CELL", help="With --teleop: the cell; its first arm is moved.")] = "one_panda",
    scene: Annotated[str, typer.Option("--scene", metavar="SCENE", help="With --teleop: the simulated scene.")] = "coffee",
    skills: SkillsFolder = None,
    hardware: OnHardware = False,
    yes: Yes = False,
    speed: Speed = 1.0,
) -> int:
    """Record demonstrations from experts that a simulation runs, as a dataset; only those that succeed are kept.

    With --teleop a person gives them: after each say s (success), k (keep, no success), d (discard) or q (discard and quit), and Enter.
    """
    if teleop and not source:
        return by_hand(folder, episodes, seed, cell, scene, skills, hardware, yes, speed)
    if teleop or not source:
        raise InvalidValue("SOURCE", source, "mt10, mt50, tasks of Meta-World, or TASK:SKILL, such as prepare_coffee:transport; or --teleop without a source")
    from skillkit.learn.dataset import write_dataset

    kept, space = _from_expert(source, robot, episodes, seed, noise, pushes, jobs)
    dataset = write_dataset(folder, kept, space)
    tasks = dataset.tasks
    print(f"{folder}: {len(dataset)} episodes of {len(tasks)} task{'s' if len(tasks) > 1 else ''}, {int(dataset.lengths().sum())} steps")
    return 0


def _from_expert(source: str, robot: str, episodes: int, seed: int, noise: float, pushes: float, jobs: int) -> tuple[list[Episode], Space]:
    if ":" not in source:
        return from_benchmark(source, episodes, seed, noise, pushes, jobs)
    if pushes:
        raise InvalidValue("--pushes", pushes, "0 with TASK:SKILL, where the disturbance wanders already")
    return from_skill(source, robot, episodes, seed, noise, jobs)


def from_benchmark(source: str, episodes: int, seed: int, noise: float, pushes: float, jobs: int) -> tuple[list[Episode], Space]:
    """Successful episodes of tasks of Meta-World."""
    from skillkit.demos.benchmark import SPACE, Disturbance, collect
    from skillkit.sim.metaworld import task_names

    tasks, kept = task_names(source), []
    with progress("tasks", len(tasks)) as done:
        for number, found in enumerate(collect(tasks, episodes, seed, Disturbance(noise, pushes), jobs)):
            kept += found
            if len(found) < episodes:
                print(f"{tasks[number]}: the expert succeeded {len(found)} times only", file=sys.stderr)
            done(number + 1)
    return kept, SPACE


def from_skill(source: str, robot: str, episodes: int, seed: int, noise: float, jobs: int) -> tuple[list[Episode], Space]:
    """Successful runs of a skill within a task."""
    from skillkit import share
    from skillkit.demos.skills import collect, space_of, without_grip
    from skillkit.library import load_skills

    task, _, skill = source.partition(":")
    found: list[Episode] = []
    with progress("runs", episodes) as done:
        for number, some in enumerate(collect(task, skill, robot, episodes, seed, noise, jobs)):
            found += some
            done(number + 1)
    kept, keeps_grip = without_grip([episode for episode in found if episode.success])
    print(f"{len(kept)} of {len(found)} runs of '{skill}' succeeded", file=sys.stderr)
    return kept, space_of(load_skills(share.folders("skills"))[skill], keeps_grip)


def by_hand(
    folder: Path, episodes: int, seed: int, cell: str, scene: str, skills: Path | None, hardware: bool, yes: bool, speed: float
) -> int:  # fmt: skip
    """Episodes that a person drives."""
    from skillkit.cell import Cell
    from skillkit.cli.over_ros import require_ros
    from skillkit.ros.processes import Setup
    from skillkit.ros.teleop_demo import record_demo

    require_ros()
    loaded = confirm(cell, speed, yes) if hardware else Cell.load(cell)
    kept = tried = 0
    while kept < episodes:
        bag = free_path(folder, f"{loaded.name}-seed{seed + tried}", ".mcap")
        setup = Setup(
            cell=cell, scene="" if hardware else scene, seed=seed + tried, tasks=(), skills=own_skills(skills), bag=str(bag),
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
