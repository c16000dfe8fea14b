"""A kinematic toy world: the tool goes where it is told at once, things follow by rule. For testing skills without physics."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import atan2
from typing import Any

import numpy as np

from skillkit.events import Started, Transition
from skillkit.execution import Execution
from skillkit.library import load_skills
from skillkit.pose import Pose, frozen, rotation_from_vector
from skillkit.share import PACKAGE
from skillkit.spaces import ArmState, CartesianDelta, ObjectState, Observation

SKILLS = load_skills(PACKAGE.parent / "skills")
PERIOD = 0.05
WIDTH, FINGER_SPEED = 0.08, 0.1  # [m], [m/s]
CUP = frozen([0.062, 0.062, 0.1])
SIZES = {"handle": (0.02, 0.02, 0.12), "cabinet": (0.2, 0.3, 0.3), "cup": CUP, "dispenser": (0.2, 0.2, 0.4), "spot": (0.1, 0.1, 0.01),
         "button": (0.02, 0.03, 0.03), "tray": (0.2, 0.2, 0.01)}  # fmt: skip
RADIUS, TRAVEL = 0.25, 0.01  # [m] of the door at its handle; of the button


@dataclass
class Puppet:
    """Poses are in the scene's frame; what is observed is moved by ``frame``, ``transform_scene_to_world``."""

    frame: Pose = field(default_factory=Pose.from_vector)
    locked: bool = False
    tool: Pose = field(default_factory=lambda: Pose(frozen([0.3, 0.0, 0.5]), frozen(np.diag([1.0, -1.0, -1.0]))))
    closure: float = 0.0
    opening: float = WIDTH
    door: float = 0.0  # [rad]
    cup: Pose = field(default_factory=lambda: Pose.from_vector((0.55, 0.35, 0.25), (0.0, 0.0, 0.4)))
    grip: Pose | None = None  # cup to tool while held
    pulls: bool = False
    time: float = 0.0
    moving: float = 0.0

    def poses(self) -> dict[str, Pose]:
        """Every object, in the scene's frame."""
        back = Pose.from_rpy((0.0, 0.0, 0.0), (0.0, 0.0, np.pi))
        hinge = Pose.from_rpy((0.5, 0.35 + RADIUS / 2, 0.25), (0.0, 0.0, -self.door))
        return {
            "handle": hinge @ Pose(frozen([-0.05, -RADIUS, 0.0]), back.rotation),
            "cabinet": Pose(frozen([0.6, 0.35, 0.25]), back.rotation),
            "cup": self.cup,
            "dispenser": Pose(frozen([0.65, -0.1, 0.3]), back.rotation),
            "spot": Pose(frozen([0.55, -0.1, 0.1]), back.rotation),
            "button": Pose(frozen([0.5 + TRAVEL * self.pressed(), -0.1, 0.35]), back.rotation),
            "tray": Pose.from_rpy((0.4, -0.5, 0.1), (0.0, 0.0, 2.0)),
        }

    def pressed(self) -> float:
        """Part of the button's travel."""
        aside = float(np.linalg.norm(self.tool.position[1:] - [-0.1, 0.35]))
        return float(np.clip((self.tool.position[0] - 0.5) / TRAVEL, 0.0, 1.0)) if aside < 0.02 else 0.0

    def observation(self) -> Observation:
        """What a skill sees, in the world's frame."""
        tool = self.frame @ self.tool
        arm = ArmState(
            frozen([0.0]), frozen([0.0]), tool, tool, self.frame, self.opening, WIDTH, self.closure, 0.0, 0.0, frozen(np.zeros(6))
        )  # fmt: skip
        speeds = {"cup": self.moving if self.grip else 0.0}
        objects = {name: ObjectState(self.frame @ pose, frozen(SIZES[name]), 0.0, speeds.get(name, 0.0)) for name, pose in self.poses().items()}
        return Observation(self.time, {"puppet": arm}, objects, {"button": self.pressed(), "cup_fill": 0.0})

    def apply(self, delta: CartesianDelta) -> None:
        """One policy step."""
        back = self.frame.rotation.T
        step, turn = back @ np.array(delta.translation), rotation_from_vector(back @ np.array(delta.rotation))
        self.tool = Pose(frozen(self.tool.position + step), frozen(turn @ self.tool.rotation))
        self.moving = float(np.linalg.norm(step)) / PERIOD
        self.closure = self.closure if delta.closure is None else delta.closure
        if self.grip is not None:
            self.cup = self.tool @ self.grip
        self._fingers()
        if self.pulls and not self.locked:
            x, y = self.tool.position[:2] - [0.5, 0.35 + RADIUS / 2]
            self.door = max(self.door, -(atan2(y, x) - atan2(-RADIUS, -0.05)) % (2.0 * np.pi)) if x < -0.05 or self.door > 0 else self.door
        self.time += PERIOD

    def _fingers(self) -> None:
        by_cup = float(np.linalg.norm(self.tool.position - self.cup.position)) < 0.02
        by_bar = float(np.linalg.norm(self.tool.position - self.poses()["handle"].position)) < 0.02
        least = CUP[0] if by_cup else 0.02 if by_bar else 0.0
        change = np.clip((1.0 - self.closure) * WIDTH - self.opening, -FINGER_SPEED * PERIOD, FINGER_SPEED * PERIOD)
        self.opening = float(max(self.opening + change, min(least, self.opening)))
        closed = self.closure > 0.5 and self.opening <= least + 1e-9
        self.pulls = (by_bar and closed) or (self.pulls and self.closure > 0.5)
        if self.closure < 0.5:
            self.grip = None
        elif by_cup and closed and self.grip is None:
            self.grip = self.tool.inverse() @ self.cup


@dataclass
class Run:
    """One run of one skill."""

    execution: Execution
    deltas: list[CartesianDelta] = field(default_factory=list)
    events: list[Any] = field(default_factory=list)

    @property
    def outcome(self) -> tuple[str, str]:
        """Its outcome and reason, once it ended."""
        ending = self.execution.ending
        return ("RUNNING", "") if ending is None else (ending.outcome.value, ending.reason)


def start(puppet: Puppet, skill: str, parameters: Mapping[str, Any]) -> Run:
    """Begin a skill on a puppet."""
    option = SKILLS[skill].option()
    defaults = {parameter.name: parameter.default for parameter in option.parameters}
    execution = Execution(option, {**defaults, **parameters}, {"arm": "puppet"})
    execution.begin(puppet.observation(), puppet.time)
    return Run(execution)


def advance(puppet: Puppet, run: Run, steps: int = 10_000) -> Run:
    """Up to so many policy steps, or to the end."""
    for _ in range(steps):
        directives = run.execution.step(puppet.observation(), puppet.time)
        run.events.extend(event for event in run.execution.drain() if isinstance(event, (Started, Transition)))
        if run.execution.ending is not None:
            break
        delta = directives["puppet"]
        assert isinstance(delta, CartesianDelta)
        run.deltas.append(delta)
        puppet.apply(delta)
    return run


def play(puppet: Puppet, skill: str, **parameters: Any) -> Run:
    """A skill from beginning to end."""
    return advance(puppet, start(puppet, skill, parameters))
