"""The table scene: cups in a row on a table, a block that stays where it stands, and a tray beside.

Only contact moves anything. Lengths in metres; the robot stands at the scene's origin. The table's front, its +x, is the side that
the arm works from, as at a station of the coffee scene.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import radians

import mujoco
import numpy as np

from skillkit.pose import Array, Pose, frozen
from skillkit.protocols import Snapshot
from skillkit.sim.coffee import CUP_HEIGHT, CUP_RADIUS, IDENTITY, TRAY_HEIGHT, TRAY_SIZE, TRAY_THICKNESS, add_cup, add_site, add_tray
from skillkit.sim.layout import SEVEN_JOINTS, Station, coffee_layout
from skillkit.sim.scene import Verdict
from skillkit.sim.shapes import DARK, WOOD, add_body, add_box

TABLE_TOP, TABLE_DEPTH, TABLE_WIDTH, TABLE_THICKNESS = TRAY_HEIGHT, 0.22, 0.50, 0.04
TRAY_DEPTH = 0.30
BLOCK_SIDE, BLOCK_HEIGHT, BLOCK_BACK = 0.05, 0.16, -0.08
CUPS = ("cup_1", "cup_2")
CUP_AHEAD, CUP_APART = 0.05, 0.17
CUP_SPREAD = (0.02, 0.012)  # each cup along the table's x and y
CUP_TURN = radians(15.0)
SIZES: Mapping[str, tuple[float, float, float]] = {
    "table": (TABLE_DEPTH, TABLE_WIDTH, TABLE_THICKNESS),
    "block": (BLOCK_SIDE, BLOCK_SIDE, BLOCK_HEIGHT),
    "tray": (TRAY_DEPTH, TRAY_SIZE, TRAY_THICKNESS),
    **dict.fromkeys(CUPS, (2.0 * CUP_RADIUS, 2.0 * CUP_RADIUS, CUP_HEIGHT)),
}


class TableState:
    """Nothing happens here beyond mechanics."""

    def __init__(self) -> None:
        self.objects: Mapping[str, tuple[str, Array]] = {name: (name, frozen(size)) for name, size in SIZES.items()}

    def watch(self, data: mujoco.MjData, duration: float) -> None:
        """Nothing to remember."""

    def signals(self, data: mujoco.MjData) -> dict[str, float]:
        """None."""
        return {}

    @property
    def tests(self) -> Mapping[str, Callable[[mujoco.MjData], Verdict]]:
        """None; tasks are judged by expressions."""
        return {}

    def snapshot(self) -> Snapshot:
        """Nothing."""
        return {}

    def restore(self, snapshot: Snapshot) -> None:
        """Nothing to continue."""


@dataclass(frozen=True)
class TableScene:
    """What a table scene is made from.

    Attributes:
        seed: draws where table and tray stand, as in the coffee scene, and every cup's place and turn; ``None`` is the nominal layout.
        shift: ``transform_scene_to_world``, moves the whole scene with the robot's base.
        stations: where cabinet, dispenser and tray of a coffee scene nominally stand; the table stands in the dispenser's place.
    """

    seed: int | None = 0
    shift: Pose = IDENTITY
    stations: tuple[Station, ...] = SEVEN_JOINTS

    def build(self, spec: mujoco.MjSpec) -> None:
        """Add table, block, cups and tray."""
        layout = coffee_layout(self.seed, self.stations)
        place = self.shift @ layout.dispenser
        table = add_body(spec.worldbody, "table", place)
        half, low = (0.5 * TABLE_DEPTH, 0.5 * TABLE_WIDTH), TABLE_TOP - TABLE_THICKNESS
        add_box(table, (-half[0], -0.15, 0.0), (0.0, 0.15, low), DARK)
        add_box(table, (-half[0], -half[1], low), (*half, TABLE_TOP), WOOD)
        add_site(table, "table", Pose.from_vector((0.0, 0.0, low + 0.5 * TABLE_THICKNESS)))
        block = add_body(spec.worldbody, "block", place @ Pose.from_vector((BLOCK_BACK, 0.5 * CUP_APART, TABLE_TOP + 0.5 * BLOCK_HEIGHT)))
        add_box(block, [-0.5 * side for side in SIZES["block"]], [0.5 * side for side in SIZES["block"]], DARK)
        add_site(block, "block", IDENTITY)
        add_tray(add_body(spec.worldbody, "tray", self.shift @ layout.tray), TRAY_DEPTH)
        for name, cup in zip(CUPS, _cups(self.seed), strict=True):
            add_cup(spec, name, place @ cup)

    def start(self, model: mujoco.MjModel, data: mujoco.MjData, arm_bodies: Mapping[str, frozenset[int]]) -> TableState:
        """Nothing to set."""
        return TableState()


def _cups(seed: int | None) -> list[Pose]:
    """``transform_cup_to_table`` of each cup, in a row along the table."""
    draws = np.zeros((len(CUPS), 3)) if seed is None else np.random.default_rng([seed, len(CUPS)]).uniform(-1.0, 1.0, (len(CUPS), 3))
    rows = zip((-CUP_APART, 0.0), draws.tolist(), strict=True)
    height = TABLE_TOP + 0.5 * CUP_HEIGHT + 0.001
    return [
        Pose.from_rpy((CUP_AHEAD + CUP_SPREAD[0] * along, row + CUP_SPREAD[1] * across, height), (0.0, 0.0, CUP_TURN * turn))
        for row, (along, across, turn) in rows
    ]
