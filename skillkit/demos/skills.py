"""Demonstrations of skills that were designed by hand, taken from whole runs of a task in its simulated scene.

As with Meta-World's experts, what is executed is disturbed, and what was meant is written down. The disturbance is a random walk that is drawn back
to zero, so that the tool is carried away for a while, as it is by a mistake.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from multiprocessing import get_context

import numpy as np

from skillkit.assembly import System, run_episode
from skillkit.assembly.worlds import simulated_world
from skillkit.cell import Cell
from skillkit.events import Transition
from skillkit.exceptions import UnknownName
from skillkit.learn.dataset import Episode, Space
from skillkit.library import Skill
from skillkit.option import Situation
from skillkit.policies.view import View
from skillkit.pose import Array
from skillkit.protocols import Policy, Snapshot
from skillkit.runtime import Runtime, StepResult
from skillkit.spaces import CartesianDelta, Directive, Ending, Outcome

ACTIONS = ("dx", "dy", "dz", "rx", "ry", "rz")
CLOSURE = "closure"
STEP, TURN = 0.02, 0.08  # [m, rad] of a brisk policy step: what a noise of 1 means
STAY = 0.6  # [s] for which success must hold before a demonstration ends, so that it shows what is right at the goal, too
KEPT = 0.8  # share of the disturbance that is left one policy step later
LICENCE = "Apache-2.0"


@dataclass
class Recording:
    """One run of a skill as its policy saw it."""

    observations: list[Array] = field(default_factory=list)
    actions: list[Array] = field(default_factory=list)
    closures: list[float] = field(default_factory=list)  # as commanded; where the gripper was left as it is, the command before
    keeps_grip: bool = True  # the gripper was always left as it is


class Disturbed:
    """A policy that writes down what it means, and does something near it. Satisfies :class:`skillkit.protocols.Policy`."""

    def __init__(self, policy: Policy, view: View, recording: Recording, noise: float, random: np.random.Generator) -> None:
        self.policy, self.view, self.recording, self.noise, self.random = policy, view, recording, noise, random
        self.push = np.zeros(6)

    def start(self, situation: Situation) -> None:
        self.view.start(situation)
        self.policy.start(situation)

    def act(self, situation: Situation) -> Mapping[str, Directive] | Ending:
        answer = self.policy.act(situation)
        if isinstance(answer, Ending) or not isinstance(delta := answer.get("arm"), CartesianDelta) or delta.frame != "world":
            return answer
        meant = np.array([*delta.translation, *delta.rotation])
        self.recording.observations.append(self.view(situation))
        self.recording.actions.append(np.concatenate([self.view.from_world(situation, meant[:3]), self.view.from_world(situation, meant[3:])]))
        self.recording.closures.append(situation.arm.closure if delta.closure is None else delta.closure)
        self.recording.keeps_grip = self.recording.keeps_grip and delta.closure is None
        self.push = KEPT * self.push + (1.0 - KEPT**2) ** 0.5 * self.random.standard_normal(6)
        x, y, z, rx, ry, rz = (meant + self.noise * self.push * np.array([STEP] * 3 + [TURN] * 3)).tolist()
        return {"arm": replace(delta, translation=(x, y, z), rotation=(rx, ry, rz))}

    def snapshot(self) -> Snapshot:
        return self.policy.snapshot()

    def restore(self, snapshot: Snapshot) -> None:
        self.policy.restore(snapshot)


class _Enough(Exception):
    """The skill has run; the rest of the task shows nothing."""


def demonstrate(task: str, skill: str, robot: str, seed: int, noise: float) -> list[Episode]:
    """One run of a task up to the end of a skill; an episode for each time the skill ran.

    Raises:
        UnknownName: no such task, skill or robot.
    """
    cell = Cell.of_robot(robot)
    system = System.build(cell, task)
    name = next(iter(system.tasks))
    if skill not in system.skills:
        raise UnknownName("skill", skill, system.skills)
    made = system.skills[skill]
    recordings: list[Recording] = []
    endings: list[Transition] = []
    system.skills = {**system.skills, skill: replace(made, policy=_recorded(made, recordings, noise, seed), hold=max(made.hold, STAY))}
    scene = system.tasks[name].scene
    system.cell, world = simulated_world(cell, scene, seed)

    def watch(runtime: Runtime, result: StepResult) -> None:
        endings.extend(event for event in result.events if isinstance(event, Transition) and event.option == skill)
        if endings and endings[-1].ending.outcome is Outcome.SUCCEEDED:
            raise _Enough

    with suppress(_Enough):
        run_episode(system, world, name, seed=seed, on_step=watch)
    pairs = [(one, end) for one, end in zip(recordings, endings, strict=False) if one.actions]
    return [_episode(one, end, made, robot, scene, seed, noise) for one, end in pairs]


def _recorded(skill: Skill, recordings: list[Recording], noise: float, seed: int) -> Callable[[], Policy]:
    def make() -> Policy:
        recordings.append(Recording())
        return Disturbed(skill.policy(), View.of(skill.parameters), recordings[-1], noise, np.random.default_rng((seed, len(recordings))))

    return make


def _episode(recording: Recording, end: Transition, skill: Skill, robot: str, scene: str, seed: int, noise: float) -> Episode:
    actions = np.column_stack([recording.actions, recording.closures])
    language = f"{skill.name}: {skill.description}"
    details = {"noise": noise, "outcome": end.ending.outcome.value, "keeps_grip": recording.keeps_grip}
    return Episode(
        np.array(recording.observations, dtype=np.float32), actions.astype(np.float32), skill.name, language, robot, scene,
        end.ending.outcome is Outcome.SUCCEEDED, f"skill '{skill.name}' {skill.digest[:12]}", LICENCE, seed, details,
    )  # fmt: skip


def space_of(skill: Skill, keeps_grip: bool) -> Space:
    """What the numbers of a skill's demonstrations are; without the gripper where it is always left as it is."""
    view = View.of(skill.parameters)
    details = {"source": "skill", "skill": skill.name, "skill_yaml": (skill.folder / "skill.yaml").read_text(encoding="utf-8"), **view.details}
    return Space(view.names, ACTIONS if keeps_grip else (*ACTIONS, CLOSURE), skill.rate, details)


def collect(task: str, skill: str, robot: str, count: int, seed: int, noise: float, jobs: int = 1) -> Iterator[list[Episode]]:
    """The episodes of ``count`` runs with seeds counted up, ``jobs`` runs at a time."""
    plans = [(task, skill, robot, seed + number, noise) for number in range(count)]
    if jobs == 1:
        yield from map(_apart, plans)
        return
    with get_context("spawn").Pool(jobs) as pool:
        yield from pool.imap(_apart, plans)


def _apart(given: tuple[str, str, str, int, float]) -> list[Episode]:
    return demonstrate(*given)


def without_grip(episodes: list[Episode]) -> tuple[list[Episode], bool]:
    """Where no episode moves the gripper, they are told without it; and whether that is so."""
    keeps = all(episode.details["keeps_grip"] for episode in episodes)
    return ([replace(episode, actions=episode.actions[:, :6]) for episode in episodes] if keeps else episodes), keeps
