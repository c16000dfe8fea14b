"""The coffee scene: a cabinet with a hinged door and a cup in it, a dispenser with a spring button, a tray.

Only contact moves anything: no weld, no equality constraint, nothing attached to a gripper. Lengths in metres, on the table plane
z = 0 of the scene; the robot stands at the scene's origin.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import radians
from typing import Any

import mujoco

from skillkit.pose import Pose, frozen
from skillkit.sim.coffee_watch import CoffeeWatch
from skillkit.sim.layout import SEVEN_JOINTS, Station, coffee_layout
from skillkit.sim.shapes import DARK, GREY, RED, STEEL, WHITE, WOOD, add_body, add_box, add_cylinder, add_open_cup

CUP_RADIUS, CUP_HEIGHT, CUP_WALL, CUP_MASS = 0.030, 0.10, 0.004, 0.15  # [m, m, m, kg]
CABINET_FLOOR, CABINET_HEIGHT, CABINET_DEPTH = 0.48, 0.22, 0.16  # inside
CABINET_HANDLE_SIDE, CABINET_HINGE_SIDE = -0.095, 0.135  # inside, across; wider towards the hinge, where the open door stands
EDGE_SETBACK = 0.03  # the wall on the handle's side ends this far behind the door, which leaves room for a hand
WALL = 0.012
DOOR_THICKNESS, HINGE_OUT, HINGE_ASIDE = 0.014, 0.008, 0.140
DOOR_WIDTH = HINGE_ASIDE - CABINET_HANDLE_SIDE
HANDLE_RADIUS, HANDLE_LENGTH, HANDLE_OUT, HANDLE_FROM_EDGE = 0.009, 0.16, 0.050, 0.020
DOOR_RANGE = (0.0, radians(115.0))
DOOR_OPEN = radians(100.0)
DOOR_PLAY = radians(0.3)  # what a locked door gives
SPOT_HEIGHT, SPOT_SIZE, SPOT_THICKNESS = 0.28, 0.10, 0.01
DISPENSER_DEPTH, DISPENSER_WIDTH = 0.19, 0.12
SPOUT_CLEARANCE = 0.14  # from the spot to the spout's end
BUTTON_HEIGHT, BUTTON_RADIUS, BUTTON_LENGTH = 0.215, 0.020, 0.020  # height above the spot
BUTTON_TRAVEL, BUTTON_STIFFNESS, BUTTON_PRELOAD = 0.010, 800.0, 2.0  # [m, N/m, N]: 10 N when fully pressed
HEAD_FRONT = 0.025  # of the dispenser, ahead of the spout's axis
TRAY_HEIGHT, TRAY_SIZE, TRAY_THICKNESS = 0.28, 0.20, 0.015
TABLE_SIZE, TABLE_THICKNESS = (2.0, 2.0), 0.04

IDENTITY = Pose.from_vector()


@dataclass(frozen=True)
class CoffeeScene:
    """What a coffee scene is made from.

    Attributes:
        seed: draws every station's pose (see :mod:`skillkit.sim.layout`); ``None`` is the nominal layout.
        shift: ``transform_scene_to_world``, moves the whole scene with the robot's base.
        furniture_shift: moves cabinet, dispenser and tray alone, in the scene's frame.
        locked: the cabinet's door does not open.
        cabinet_open: the door stands open at the start.
        stations: where cabinet, dispenser and tray nominally stand.
    """

    seed: int | None = 0
    shift: Pose = IDENTITY
    furniture_shift: Pose = IDENTITY
    locked: bool = False
    cabinet_open: bool = False
    stations: tuple[Station, ...] = SEVEN_JOINTS

    def build(self, spec: mujoco.MjSpec) -> None:
        """Add table, cabinet, cup, dispenser and tray."""
        layout = coffee_layout(self.seed, self.stations)
        furniture = self.shift @ self.furniture_shift
        _add_table(add_body(spec.worldbody, "table", self.shift))
        cabinet = furniture @ layout.cabinet
        self._add_cabinet(spec, cabinet)
        _add_dispenser(spec, furniture @ layout.dispenser)
        add_tray(add_body(spec.worldbody, "tray", furniture @ layout.tray))
        above_floor = Pose.from_vector((0.0, 0.0, CABINET_FLOOR + 0.5 * CUP_HEIGHT + 0.001))
        add_cup(spec, "cup_1", cabinet @ above_floor @ layout.transform_cup_to_cabinet)

    def start(self, model: mujoco.MjModel, data: mujoco.MjData, arm_bodies: Mapping[str, frozenset[int]]) -> CoffeeWatch:
        """Open the door where asked; begin the bookkeeping."""
        if self.cabinet_open:
            data.qpos[model.joint("cabinet_hinge").qposadr[0]] = DOOR_OPEN
        bodies = frozenset().union(*arm_bodies.values())
        return CoffeeWatch(model, {name: (name, frozen(size)) for name, size in SIZES.items()}, bodies, started_open=self.cabinet_open)

    def _add_cabinet(self, spec: mujoco.MjSpec, pose: Pose) -> None:
        body = add_body(spec.worldbody, "cabinet", pose)
        left, right, top, back = CABINET_HANDLE_SIDE, CABINET_HINGE_SIDE, CABINET_FLOOR + CABINET_HEIGHT, -CABINET_DEPTH
        add_box(body, (back, left, 0.0), (0.0, right, CABINET_FLOOR), WOOD)
        add_box(body, (back, left, top), (0.0, right, top + WALL), WOOD)
        add_box(body, (back - WALL, left - WALL, 0.0), (back, right + WALL, top + WALL), WOOD)
        add_box(body, (back, left - WALL, 0.0), (-EDGE_SETBACK, left, top + WALL), WOOD)
        add_box(body, (back, right, 0.0), (0.0, right + WALL, top + WALL), WOOD)
        add_site(body, "cabinet", Pose.from_vector((0.5 * back, 0.5 * (left + right), CABINET_FLOOR + 0.5 * CABINET_HEIGHT)))
        door = add_body(body, "door", Pose.from_vector((HINGE_OUT, HINGE_ASIDE, 0.0)))
        upper = DOOR_PLAY if self.locked else DOOR_RANGE[1]
        door.add_joint(
            name="cabinet_hinge", type=mujoco.mjtJoint.mjJNT_HINGE, axis=[0, 0, 1], range=[DOOR_RANGE[0], upper],
            limited=True, frictionloss=0.15, damping=[0.15, 0.0, 0.0], armature=0.005,
        )  # fmt: skip
        _add_door(door)
        spec.add_exclude(name="door_in_frame", bodyname1="cabinet", bodyname2="door")


def add_site(body: Any, name: str, pose: Pose) -> None:
    """An unseen mark at ``transform_site_to_body``: where an object's pose is read."""
    x, y, z, w = pose.quaternion.tolist()
    body.add_site(name=name, pos=pose.position.tolist(), quat=[w, x, y, z], size=[0.003] * 3, rgba=[0.0] * 4)


def _add_table(body: Any) -> None:
    half = (0.5 * TABLE_SIZE[0], 0.5 * TABLE_SIZE[1])
    add_box(body, (-half[0], -half[1], -TABLE_THICKNESS), (half[0], half[1], 0.0), GREY)
    add_site(body, "table", Pose.from_vector((0.0, 0.0, -0.5 * TABLE_THICKNESS)))


def _add_door(door: Any) -> None:
    """The panel hangs from the hinge along −y and opens towards +x; the handle is a bar on two stand-offs near its free edge."""
    half = 0.5 * DOOR_THICKNESS
    low, high = CABINET_FLOOR - 0.01, CABINET_FLOOR + CABINET_HEIGHT + 0.01
    add_box(door, (-half, -DOOR_WIDTH, low), (half, 0.0, high), WOOD, mass=0.8)
    x, y, z = half + HANDLE_OUT, -DOOR_WIDTH + HANDLE_FROM_EDGE, CABINET_FLOOR + 0.5 * CABINET_HEIGHT
    bar = 0.5 * HANDLE_LENGTH
    handle = add_body(door, "cabinet_handle", Pose.from_vector((x, y, z)))
    add_cylinder(handle, (0, 0, -bar), (0, 0, bar), HANDLE_RADIUS, STEEL, mass=0.05)
    for end in (-bar + 0.006, bar - 0.006):
        add_cylinder(handle, (-HANDLE_OUT, 0, end), (0, 0, end), 0.006, STEEL, mass=0.01)
    add_site(handle, "cabinet_handle", IDENTITY)


def add_cup(spec: mujoco.MjSpec, name: str, pose: Pose) -> None:
    """A cup that moves freely, its centre at ``pose`` in the world."""
    body = add_body(spec.worldbody, name, pose)
    body.add_freejoint(name=name)
    add_open_cup(body, CUP_RADIUS, CUP_HEIGHT, CUP_WALL, CUP_MASS, WHITE)
    add_site(body, name, IDENTITY)


def _add_dispenser(spec: mujoco.MjSpec, pose: Pose) -> None:
    body = add_body(spec.worldbody, "dispenser", pose)
    spot, head = SPOT_HEIGHT, SPOT_HEIGHT + SPOUT_CLEARANCE + 0.02
    back, half = HEAD_FRONT - DISPENSER_DEPTH, 0.5 * DISPENSER_WIDTH
    add_box(body, (back, -half, 0.0), (HEAD_FRONT, half, spot - SPOT_THICKNESS), DARK)
    add_box(body, (back, -half, spot - SPOT_THICKNESS), (-0.06, half, head), DARK)
    add_box(body, (back, -half, head), (HEAD_FRONT, half, DISPENSER_TOP), DARK)
    add_cylinder(body, (0, 0, spot + SPOUT_CLEARANCE), (0, 0, head), 0.010, STEEL)
    add_site(body, "spout", Pose.from_vector((0.0, 0.0, spot + SPOUT_CLEARANCE)))
    add_site(body, "dispenser", Pose.from_vector((0.5 * (back + HEAD_FRONT), 0.0, 0.5 * DISPENSER_TOP)))
    add_box(body, (-0.5 * SPOT_SIZE, -0.5 * SPOT_SIZE, spot - SPOT_THICKNESS), (0.5 * SPOT_SIZE, 0.5 * SPOT_SIZE, spot), STEEL)
    add_site(body, "dispenser_spot", Pose.from_vector((0.0, 0.0, spot - 0.5 * SPOT_THICKNESS)))
    centre = HEAD_FRONT + BUTTON_TRAVEL + 0.002 + 0.5 * BUTTON_LENGTH - BUTTON_TRAVEL
    button = add_body(body, "dispenser_button", Pose.from_vector((centre, 0.0, spot + BUTTON_HEIGHT)))
    button.add_joint(
        name="dispenser_button", type=mujoco.mjtJoint.mjJNT_SLIDE, axis=[-1, 0, 0], range=[0.0, BUTTON_TRAVEL], limited=True,
        stiffness=[BUTTON_STIFFNESS, 0.0, 0.0], springref=-BUTTON_PRELOAD / BUTTON_STIFFNESS, damping=[4.0, 0.0, 0.0],
    )  # fmt: skip
    add_cylinder(button, (-0.5 * BUTTON_LENGTH, 0, 0), (0.5 * BUTTON_LENGTH, 0, 0), BUTTON_RADIUS, RED, mass=0.03)
    add_site(button, "dispenser_button", IDENTITY)
    spec.add_exclude(name="button_in_dispenser", bodyname1="dispenser", bodyname2="dispenser_button")


def add_tray(body: Any, depth: float = TRAY_SIZE) -> None:
    """A tray on a foot, ``depth`` [m] from its front to its back."""
    half, low = 0.5 * TRAY_SIZE, TRAY_HEIGHT - TRAY_THICKNESS
    add_box(body, (-0.05, -0.05, 0.0), (0.05, 0.05, low), DARK)
    add_box(body, (-0.5 * depth, -half, low), (0.5 * depth, half, TRAY_HEIGHT), STEEL)
    add_site(body, "tray", Pose.from_vector((0.0, 0.0, low + 0.5 * TRAY_THICKNESS)))
    add_site(body, "tray_goal", Pose.from_vector((0.0, 0.0, TRAY_HEIGHT)))


DISPENSER_TOP = SPOT_HEIGHT + 0.28
SIZES: Mapping[str, tuple[float, float, float]] = {
    "table": (*TABLE_SIZE, TABLE_THICKNESS),
    "cabinet": (CABINET_DEPTH, CABINET_HINGE_SIDE - CABINET_HANDLE_SIDE, CABINET_HEIGHT),
    "cabinet_handle": (2.0 * HANDLE_RADIUS, 2.0 * HANDLE_RADIUS, HANDLE_LENGTH),
    "cup_1": (2.0 * CUP_RADIUS, 2.0 * CUP_RADIUS, CUP_HEIGHT),
    "dispenser": (DISPENSER_DEPTH, DISPENSER_WIDTH, DISPENSER_TOP),
    "dispenser_spot": (SPOT_SIZE, SPOT_SIZE, SPOT_THICKNESS),
    "dispenser_button": (BUTTON_LENGTH, 2.0 * BUTTON_RADIUS, 2.0 * BUTTON_RADIUS),
    "tray": (TRAY_SIZE, TRAY_SIZE, TRAY_THICKNESS),
}
