"""What the simulated world asks of a scene."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

import mujoco

from skillkit.pose import Array, Pose
from skillkit.protocols import Snapshot


@dataclass(frozen=True)
class Verdict:
    """Whether a physical test is passed.

    Attributes:
        success: every reason holds.
        reasons: each condition by name.
        text: the conditions and their measured values in words.
    """

    success: bool
    reasons: Mapping[str, bool]
    text: str


class SceneState(Protocol):
    """A scene that was built into a model: what is seen in it, and its bookkeeping."""

    objects: Mapping[str, tuple[str, Array]]  # object → MuJoCo site, full extents (3,) [m]

    def watch(self, data: mujoco.MjData, duration: float) -> None:
        """Look at the last physics step, ``duration`` [s] after the one before."""
        ...

    def signals(self, data: mujoco.MjData) -> dict[str, float]:
        """Named numbers, as a sensor would tell them."""
        ...

    @property
    def tests(self) -> Mapping[str, Callable[[mujoco.MjData], Verdict]]:
        """Its physical tests by name; ``scenes/<name>.yaml`` says what each asks for."""
        ...

    def snapshot(self) -> Snapshot:
        """The bookkeeping as plain JSON values."""
        ...

    def restore(self, snapshot: Snapshot) -> None:
        """Continue from a snapshot."""
        ...


class Scene(Protocol):
    """The description of a scene."""

    @property
    def shift(self) -> Pose:
        """``transform_scene_to_world``; the bases of the arms move with it."""
        ...

    def build(self, spec: mujoco.MjSpec) -> None:
        """Add bodies, joints and sites."""
        ...

    def start(self, model: mujoco.MjModel, data: mujoco.MjData, arm_bodies: Mapping[str, frozenset[int]]) -> SceneState:
        """Set the initial state; ``arm_bodies`` are the body numbers of each arm."""
        ...
