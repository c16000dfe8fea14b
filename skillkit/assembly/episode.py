"""One episode under the simulated clock: MuJoCo and the core in lock-step, as fast as they go."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from skillkit.assembly.checkpoint import EVERY, FILE, Checkpoint, Checkpoints
from skillkit.assembly.description import Description
from skillkit.assembly.judging import judged
from skillkit.assembly.outside import Answerer, Outside, nobody
from skillkit.assembly.planned import Planner
from skillkit.assembly.system import System
from skillkit.bags import BagWriter, fingerprint
from skillkit.bags.standard import Joints
from skillkit.events import Transition
from skillkit.option import fill_parameters
from skillkit.records import result_record, state_text, step_record
from skillkit.runtime import SEED, Runtime, StepResult
from skillkit.sim import World
from skillkit.spaces import NOTHING, CancelInput, ControlInput, Ending, GoalInput, Input, Outcome

GOAL = "run"
OBJECT_EVERY = 2  # control ticks between two looks at the objects
AFTERWARDS = 1.5  # [s] physics goes on after the task, so that a judge sees what stays
KEYFRAME_EVERY = 5.0  # [s] the whole state of the runtime goes into the bag
DEADLINE = 600.0  # [s] a task that has not ended by then is cancelled


@dataclass
class Episode:
    """What happened.

    Attributes:
        ending: of the task.
        success: what the task's judge says of the true scene; without one, whether the task SUCCEEDED.
        checks: the judge's parts. judge: who judged; empty where nobody did.
        duration: simulated time until the task ended [s].
        transitions: every option that ran, in order of their ends.
        peak_speed: largest commanded joint speed, as a fraction of that joint's limit.
    """

    seed: int
    ending: Ending
    success: bool
    checks: Mapping[str, bool]
    duration: float
    steps: int
    transitions: list[Transition] = field(default_factory=list)
    peak_speed: float = 0.0
    bag: str = ""
    judge: str = ""
    step_times: list[float] = field(default_factory=list)  # [s] wall time of each step, where a stopwatch was given


def open_recorder(path: str, system: System, description: Description, resumed: Checkpoint | None = None) -> BagWriter:
    """A bag with everything a re-execution needs attached before the first message."""
    arms = {a.name: Joints(a.embodiment.joints, a.embodiment.gripper.joints if a.embodiment.gripper else ()) for a in system.cell.arms}
    writer = BagWriter(path, arms=arms)
    for name, data in description.attachments().items():
        writer.attach(name, data, "application/json" if name.endswith(".json") else "text/plain")
    if resumed is not None:
        writer.attach(FILE, resumed.encoded(), "application/json")
    run = description.run
    writer.metadata("run", {"task": str(run.get("task", "")), "robot": str(run["cell"]["name"]), "seed": str(run.get("seed", ""))})
    writer.metadata("platform", fingerprint())
    return writer


def run_episode(
    system: System,
    world: World,
    task: str,
    parameters: Mapping[str, Any] = NOTHING,
    seed: int = 0,
    record: str = "",
    on_step: Callable[[Runtime, StepResult], None] | None = None,
    stopwatch: Callable[[], float] | None = None,
    checkpoint: str | Path = "",
    resume: Checkpoint | None = None,
    details: Mapping[str, Any] = NOTHING,
    answer: Answerer = nobody,
) -> Episode:
    """Run one task on a simulated world to its end.

    Args:
        record: path of the bag to write, if any.
        stopwatch: measures how long each step takes [s]; decides nothing.
        on_step: called after every step, to draw or to measure.
        checkpoint: file that holds the state of the run from event to event, if any.
        resume: a run to go on with instead of beginning one; the world is as it is found now.
        answer: asked for an operator's answer to every question that the task asks; ``None`` cancels the task.
        details: what else is to be known of the run, in its bag and its checkpoint.

    Raises:
        CannotResume: the skills or the arms are not what they were.
    """
    runtime = system.runtime(world.sizes)
    description = Description.of(system, world.sizes, **{**details, "task": task, "parameters": dict(parameters), "seed": seed, "clock": "simulation"})
    limits = {arm.name: arm.embodiment.velocity for arm in system.cell.arms}
    period = 1.0 / max(arm.embodiment.control_rate for arm in system.cell.arms)
    keyframe_every = max(1, round(KEYFRAME_EVERY / period))
    episode = Episode(seed, Ending(Outcome.ERROR, "did not start"), False, {}, 0.0, 0, bag=record)
    if resume is not None:
        episode.steps = _resume(runtime, resume, system, world, period)
    writer = open_recorder(record, system, description, resume) if record else None
    checkpoints = Checkpoints()
    outside = Outside(Planner(system), answer, GOAL)
    try:
        while True:
            now = episode.steps * period
            inputs = [*_inputs(world, episode.steps, now, task, parameters, seed), *outside.said(now)]
            begun = stopwatch() if stopwatch else 0.0
            result = runtime.step(inputs, now)
            if stopwatch:
                episode.step_times.append(stopwatch() - begun)
            episode.steps += 1
            outside.listen(runtime, result)
            if writer is not None:
                writer.write_step(step_record(result.tick, now, inputs), result_record(result))
                if result.tick % keyframe_every == 0:
                    writer.write_keyframe(result.tick, state_text(runtime), now)
            if checkpoint and checkpoints.due(runtime, result):
                Checkpoint(description.run, runtime.snapshot(), world.snapshot()).write(checkpoint)
            if on_step is not None:
                on_step(runtime, result)
            for name, command in result.commands.items():
                world.command(name, command.position, command.velocity, command.closure)
                episode.peak_speed = max(episode.peak_speed, float(np.max(np.abs(command.velocity) / limits[name])))
            episode.transitions.extend(event for event in result.events if isinstance(event, Transition))
            world.advance(period)
            if result.ended:
                episode.ending, episode.duration = result.ended[0].ending, now
                break
    finally:
        if writer is not None:
            writer.close()
    world.advance(AFTERWARDS)
    _judge(episode, system, world, task, parameters)
    return episode


def _judge(episode: Episode, system: System, world: World, task: str, parameters: Mapping[str, Any]) -> None:
    """Whether it was done; nobody but its outcome tells where the task has no judge."""
    found = system.tasks.get(task)
    if found is None or found.judge is None:
        episode.success = episode.ending.outcome is Outcome.SUCCEEDED
        return
    verdict = judged(found.judge, system.cell, world, fill_parameters(found.parameters, parameters, task), episode.duration)
    episode.judge, episode.success, episode.checks = str(found.judge), verdict.success, verdict.reasons


def _resume(runtime: Runtime, checkpoint: Checkpoint, system: System, world: World, period: float) -> int:
    """The number of the step to go on with."""
    checkpoint.check(*system.digests())
    step = int(checkpoint.runtime["tick"]) + 1
    runtime.resume(checkpoint.runtime, world.inputs(step * period), step * period, EVERY)
    return step


def _inputs(world: World, step: int, now: float, task: str, parameters: Mapping[str, Any], seed: int) -> list[Input]:
    inputs: list[Input] = [*world.joint_inputs(now), *world.wrench_inputs(now)]
    if step == 0 and seed:
        inputs.append(ControlInput(f"{SEED}{seed}", now))
    if step % OBJECT_EVERY == 0:
        inputs += [*world.object_inputs(now), *world.signal_inputs(now)]
    if step == 1:  # once everything has been seen
        inputs.append(GoalInput(GOAL, now, task, dict(parameters)))
    if abs(now - DEADLINE) < 1e-9:
        inputs.append(CancelInput(GOAL, now, f"not done after {DEADLINE:g} s"))
    return inputs
