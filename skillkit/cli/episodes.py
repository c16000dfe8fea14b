"""Episodes in process: one after the other, or several side by side in processes of their own; the results are the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from time import perf_counter
from typing import TYPE_CHECKING

from skillkit.cli.output import one_document
from skillkit.cli.questions import answerer
from skillkit.cli.request import Request
from skillkit.cli.result import LoopTimes, Result, SkillRow
from skillkit.exceptions import SkillkitError

if TYPE_CHECKING:
    from skillkit.assembly import Episode, System
    from skillkit.cell import Cell
    from skillkit.events import Transition
    from skillkit.runtime import Runtime, StepResult

    OnStep = Callable[[Runtime, StepResult], None]

OUTAGE = 1.0  # [s] for which a simulated arm is left alone before a run goes on: it brakes and comes to rest


def cell_of(request: Request) -> Cell:
    """The cell of a request: named, or one arm.

    Raises:
        UnknownName, InvalidFile: no such cell or robot, or its file is wrong.
    """
    from skillkit.cell import Cell

    return Cell.load(request.cell) if request.cell else Cell.of_robot(request.robot)


def system_of(request: Request, cell: Cell) -> System:
    """The system of a request, with its task loaded and checked.

    Raises:
        UnknownName, InvalidFile: with everything that is wrong.
    """
    from skillkit.assembly import System

    return System.build(cell, request.task, skills=request.skills or None, use=request.use)


def run_request(request: Request, on_step: OnStep | None = None) -> Result:
    """One episode from its first step to its picture.

    Raises:
        SkillkitError: the request names something that is not there.
    """
    from skillkit.assembly import Checkpoint, run_episode
    from skillkit.assembly.worlds import bring_back, simulated_world

    begun = perf_counter()
    system = system_of(request, cell_of(request))
    task = next(iter(system.tasks.values()))
    system.cell, world = simulated_world(system.cell, task.scene, request.seed, request.scene)
    resume = Checkpoint.read(request.resume) if request.resume else None
    if resume is not None and resume.world is not None:
        bring_back(world, resume.world, OUTAGE)
    details = {"robot": request.robot, "cell_file": request.cell, "scene_options": dict(request.scene)}
    episode = run_episode(
        system, world, task.name, request.parameters, request.seed, request.bag, on_step, stopwatch=perf_counter,
        checkpoint=request.checkpoint, resume=resume, details=details, answer=answerer(request.answers, request.typed),
    )  # fmt: skip
    picture, notes = request.picture, []
    if request.picture:
        try:
            world.picture(request.picture)
        except SkillkitError as error:
            picture, notes = "", [str(error)]
    period = 1.0 / max(arm.embodiment.control_rate for arm in system.cell.arms)
    return _result(episode, LoopTimes.of(episode.step_times, period), perf_counter() - begun, picture, tuple(notes))


def _result(episode: Episode, loop: LoopTimes | None, wall: float, picture: str, notes: tuple[str, ...]) -> Result:
    outcome, reason = episode.ending.outcome.value, episode.ending.reason
    return Result(
        seed=episode.seed, outcome=outcome, reason=reason, success=episode.success and outcome == "SUCCEEDED", checks=dict(episode.checks),
        judge=episode.judge, duration=episode.duration, wall=wall, peak_speed=episode.peak_speed, skills=skill_rows(episode.transitions), loop=loop,
        bag=episode.bag, picture=picture, notes=notes,
    )  # fmt: skip


def skill_rows(transitions: Sequence[Transition]) -> tuple[SkillRow, ...]:
    """The runs of skills, without the tasks around them, in the order in which they began."""
    inner = {transition.path for transition in transitions}
    leaves = [t for t in transitions if not any(path.startswith(f"{t.path}/") for path in inner)]
    rows = [
        SkillRow(t.path.rpartition("/")[2], t.option, t.path, t.ending.outcome.value, t.ending.reason, t.start, t.duration, t.steps)
        for t in sorted(leaves, key=lambda t: t.start)
    ]
    return tuple(rows)


def run_requests(requests: Sequence[Request], jobs: int) -> Iterator[Result]:
    """The results of several episodes in their order, ``jobs`` of them at a time.

    Raises:
        SkillkitError: a request names something that is not there.
    """
    if jobs == 1:
        yield from map(run_request, requests)
        return
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    with ProcessPoolExecutor(max_workers=min(jobs, len(requests)), mp_context=get_context("spawn")) as pool:
        for result in pool.map(_run_apart, requests):
            if isinstance(result, str):
                raise SkillkitError(result)
            yield result


def _run_apart(request: Request) -> Result | str:
    """An error as its words: errors with data of their own do not travel between processes."""
    try:
        with one_document():
            return run_request(request)
    except SkillkitError as error:
        return str(error)
