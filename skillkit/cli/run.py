"""``skillkit run``: a task on a simulated robot, shown live, recorded, and judged as the task asks."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from skillkit.cli.arguments import AlsoTopics, AsJson, CellName, RobotName, SkillsFolder, TaskName, UseSkills, own_skills, pairs, robot_or_cell, task_parameters
from skillkit.cli.hardware import OnHardware, Speed, Yes, confirm
from skillkit.cli.output import print_json, progress
from skillkit.cli.request import PAGE, PICTURE, Request, bag_paths, free_path
from skillkit.cli.result import Result, document
from skillkit.exceptions import InvalidValue

EXAMPLE = "skillkit run prepare_coffee --robot panda --seed 3 --record coffee.mcap"
FOLDER = Path("runs")


def run(
    task: TaskName,
    robot: RobotName = "",
    cell: CellName = "",
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of the scene; of the first episode where there are several.")] = 0,
    episodes: Annotated[int, typer.Option("--episodes", min=1, help="How many, with seeds counted up from --seed.")] = 1,
    jobs: Annotated[int, typer.Option("--jobs", min=1, help="Episodes run side by side; results do not depend on it.")] = 1,
    values: Annotated[list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="A parameter of the task.")] = None,
    use: UseSkills = None,
    skills: SkillsFolder = None,
    record: Annotated[str, typer.Option("--record", metavar="BAG", help="Record there; several episodes add -seedN to the name.")] = "",
    also: AlsoTopics = None,
    picture: Annotated[str, typer.Option("--picture", metavar="FILE", help="Render the final scene there (PNG).")] = "",
    scene: Annotated[list[str] | None, typer.Option("--scene-option", metavar="NAME=VALUE", help="An option of the scene, such as locked=true.")] = None,
    checkpoint: Annotated[str, typer.Option("--checkpoint", metavar="FILE", help="Keep the state of the run there from event to event.")] = "",
    resume: Annotated[str, typer.Option("--resume", metavar="CHECKPOINT", help="Go on with a killed run; robot, seed and scene are taken from it.")] = "",
    ros: Annotated[bool, typer.Option("--ros", help="Over real ROS 2: simulator, runtime and recorder as processes of their own.")] = False,
    answers: Annotated[list[str] | None, typer.Option("--answer", metavar="QUESTION=WORD", help="An operator's answer, by the question's label.")] = None,
    hardware: OnHardware = False,
    yes: Yes = False,
    speed: Speed = 1.0,
    as_json: AsJson = False,
) -> int:
    """Run a task on a simulated robot, or with --hardware on the real arms of a cell. Exit 0 only when every episode succeeds and its judge agrees.

    One episode without --json is recorded under runs/, with a picture of the final scene and a timeline.
    """
    live = ros or hardware
    _fit_together(ros, live, jobs, episodes, checkpoint or resume, also or (), answers or ())
    robot = robot_or_cell(robot, cell)
    if resume:
        task, robot, cell, seed, scene, values = resumed(task, resume, scene, values)
    request = Request(
        task,
        robot,
        cell,
        seed,
        pairs(use, "--use"),
        own_skills(skills),
        scene=pairs(scene, "--scene-option"),
        checkpoint=checkpoint,
        resume=resume,
    )
    request = replace(request, hardware=hardware, speed=speed, also=tuple(also or ()), answers=pairs(answers, "--answer"), typed=episodes == 1 and not as_json)
    request = checked(request, values)
    if hardware and episodes > 1:
        raise InvalidValue("--episodes", episodes, "1 with --hardware: somebody has to put the things back")
    if hardware:
        confirm(cell, speed, yes)
    shown = episodes == 1 and not as_json
    requests = with_files([replace(request, seed=number) for number in range(seed, seed + episodes)], record, picture, shown)
    results = over_ros(requests, shown) if live else [watched(requests[0])] if shown else together(requests, jobs)
    results = [with_timeline(result) for result in results] if shown else results
    _print(request, results, as_json)
    return 0 if all(result.success for result in results) else 1


def _fit_together(ros: bool, live: bool, jobs: int, episodes: int, kept: str, also: Sequence[str], answers: Sequence[str]) -> None:
    """Refuse options that contradict one another; ``live`` runs are those over ROS 2, ``kept`` is a checkpoint to write or to go on with.

    Raises:
        InvalidValue: they do.
    """
    if ros and jobs > 1:
        raise InvalidValue("--jobs", jobs, "1 with --ros: a simulation over ROS 2 runs in real time and needs the whole machine")
    if kept and (live or episodes > 1):
        raise InvalidValue("--checkpoint and --resume", f"{episodes} episodes{' over ROS 2' if live else ''}", "one episode, in process")
    if also and not live:
        raise InvalidValue("--also", " ".join(also), "a run with --ros or --hardware: in process there are no topics")
    if answers and live:
        raise InvalidValue("--answer", " ".join(answers), "a run in process; over ROS 2, `skillkit answer` while it runs")


def resumed(task: str, path: str, scene: list[str] | None, values: list[str] | None) -> tuple[str, str, str, int, list[str], list[str]]:
    """Task, robot, cell, seed, scene options and parameters of the run to go on with.

    Raises:
        CannotResume: it is no checkpoint of this task, or the run had ended. InvalidValue: options that only the checkpoint can give.
    """
    from skillkit.assembly import Checkpoint
    from skillkit.exceptions import CannotResume

    if scene or values:
        raise InvalidValue("--resume", path, "neither --set nor --scene-option beside it: they are taken from the checkpoint")
    run = (found := Checkpoint.read(path)).run
    if found.finished:
        raise CannotResume(path, "the run had ended; there is nothing left to do")
    if run.get("task") != Path(task).stem:
        raise CannotResume(path, f"it is of the task '{run.get('task')}', not '{task}'")
    try:
        given = [f"{name}={str(value).lower() if isinstance(value, bool) else value}" for name, value in run["parameters"].items()]
        return task, run["robot"], run["cell_file"], run["seed"], [f"{name}={value}" for name, value in run["scene_options"].items()], given
    except (KeyError, AttributeError) as error:
        raise CannotResume(path, f"it is none of 'skillkit run': {type(error).__name__}: {error}") from None


def checked(request: Request, values: list[str] | None) -> Request:
    """The request with its names looked up and its task's parameters filled in, before anything moves.

    Raises:
        UnknownName, InvalidValue, InvalidFile: with everything that is wrong.
    """
    from skillkit.assembly.worlds import scene_of
    from skillkit.cli.episodes import cell_of, system_of
    from skillkit.option import fill_parameters

    cell = cell_of(request)
    task = next(iter(system_of(request, cell).tasks.values()))
    if request.hardware:
        request = replace(request, scene={})
    elif not task.scene:
        raise InvalidValue("scene", "", f"a task that names its scene; add 'scene: coffee' to {task.files[0]}")
    else:
        scene_of(task.scene, request.seed, request.scene)
    given = task_parameters(task.parameters, values)
    fill_parameters(task.parameters, given, task.name)
    return replace(request, parameters=given, task_name=task.name, cell_name=cell.name)


def with_files(requests: list[Request], record: str, picture: str, shown: bool) -> list[Request]:
    """The requests with the files that they are to write; none of the bags may exist."""
    seeds = [request.seed for request in requests]
    if shown and not record:
        record = str(free_path(FOLDER, f"{requests[0].task_name}-{requests[0].cell_name}-seed{seeds[0]}", ".mcap"))
    made = (PAGE,) if picture else (PICTURE, PAGE)  # beside the bag
    if shown and not picture:
        picture = str(Path(record).with_suffix(PICTURE))
    bags, pictures = bag_paths(record, seeds), bag_paths(picture, seeds)
    for path in (path for path in bags if path and Path(path).exists()):
        raise InvalidValue("--record", path, "a file that does not exist yet: bags are never overwritten")
    for beside in (Path(record).with_suffix(kind) for kind in made if shown):
        if beside.exists():
            raise InvalidValue("--record", record, f"a name beside which no {beside.name} stands yet: it would be overwritten")
    for path in filter(None, (*bags, *pictures)):
        Path(path).parent.mkdir(parents=True, exist_ok=True)
    return [replace(request, bag=bag, picture=image) for request, bag, image in zip(requests, bags, pictures, strict=True)]


def watched(request: Request) -> Result:
    """One episode with its tree drawn live, where someone watches."""
    from skillkit.cli.episodes import run_request
    from skillkit.cli.live import live_tree

    with live_tree(request) as on_step:
        return run_request(request, on_step)


def together(requests: list[Request], jobs: int) -> list[Result]:
    """Several episodes under a progress bar."""
    from skillkit.cli.episodes import run_requests

    results: list[Result] = []
    with progress(f"{requests[0].task_name}: episodes", len(requests)) as done:
        for result in run_requests(requests, jobs):
            results.append(result)
            done(len(results))
    return results


def over_ros(requests: list[Request], shown: bool) -> list[Result]:
    """Every episode over ROS 2, one after the other, in processes started for it."""
    from skillkit.cli.over_ros import require_ros, run_over_ros

    require_ros()
    if shown:
        return [run_over_ros(requests[0], watched=True)]
    results: list[Result] = []
    with progress(f"{requests[0].task_name} over ROS 2: episodes", len(requests)) as done:
        for request in requests:
            results.append(run_over_ros(request, watched=False))
            done(len(results))
    return results


def with_timeline(result: Result) -> Result:
    """The result with a timeline page beside its bag, the picture embedded."""
    from skillkit.bags import open_bag, summary, timeline_html

    if not result.bag:
        return result
    page = Path(result.bag).with_suffix(PAGE)
    with open_bag(result.bag) as bag:
        picture = Path(result.picture).read_bytes() if result.picture else None
        page.write_text(timeline_html(summary(bag), picture), encoding="utf-8")
    return replace(result, timeline=str(page))


def _print(request: Request, results: list[Result], as_json: bool) -> None:
    from skillkit.cli.screen import print_episodes, print_screen

    task, cell = request.task_name, request.cell_name
    if as_json:
        print_json(document(task, "" if request.cell else cell, cell if request.cell else "", results))
    elif len(results) == 1:
        print_screen(task, cell, results[0])
    else:
        print_episodes(task, cell, results)
    sys.stdout.flush()
