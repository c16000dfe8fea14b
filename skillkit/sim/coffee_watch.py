"""What happens in the coffee scene beyond mechanics, and its physical verdict.

Coffee runs only while the button is pressed and the cup stands under the spout; whether the coffee is made is read from the
simulated state alone, never from what any part of the system believes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import acos, degrees, hypot, radians

import mujoco
import numpy as np

from skillkit.pose import Array
from skillkit.protocols import Snapshot
from skillkit.sim.scene import Verdict

PRESSED = 0.8  # [-] of the button's travel
FILL_TIME = 1.0  # [s] of pressing that fills the cup
UNDER_SPOUT = 0.025  # [m] between the axes of cup and spout
UPRIGHT = radians(15.0)
STILL_SPEED, STILL_TURN = 0.005, 0.05  # [m/s], [rad/s]
STILL_TIME = 1.0  # [s]
AT_GOAL = 0.03  # [m] horizontally
ON_TRAY = 0.01  # [m] between the cup's bottom and the tray's surface
OPENED = radians(60.0)


@dataclass
class _Record:
    """What must be remembered between physics steps."""

    fill: float = 0.0
    still: float = 0.0  # [s] for how long the cup has not moved
    door_largest: float = 0.0  # [rad]
    handle_touched: bool = False
    cup_touched: bool = False  # by an arm, at the last look


class CoffeeWatch:
    """Bookkeeping of one coffee scene."""

    def __init__(self, model: mujoco.MjModel, objects: Mapping[str, tuple[str, Array]], arm_bodies: frozenset[int], *, started_open: bool) -> None:
        self.objects = objects
        self.started_open = started_open
        self.record = _Record()
        self._arm = np.zeros(model.nbody, dtype=bool)
        self._arm[list(arm_bodies)] = True
        self._body_of_geom = model.geom_bodyid.copy()
        self._cup_body, self._handle_body = model.body("cup_1").id, model.body("cabinet_handle").id
        self._cup_speed, self._cup_place = model.joint("cup_1").dofadr[0], model.joint("cup_1").qposadr[0]
        self._hinge, self._button = model.joint("cabinet_hinge").qposadr[0], model.joint("dispenser_button").qposadr[0]
        self._travel = float(model.joint("dispenser_button").range[1])
        self._spout, self._goal = model.site("spout").id, model.site("tray_goal").id
        self._cup_half = 0.5 * float(objects["cup_1"][1][2])

    def watch(self, data: mujoco.MjData, duration: float) -> None:
        """Fill the cup, and remember touches, stillness and how far the door opened."""
        record = self.record
        if self.pressed(data) >= PRESSED and self._under_spout(data):
            record.fill = min(1.0, record.fill + duration / FILL_TIME)
        speed = data.qvel[self._cup_speed : self._cup_speed + 6]
        still = float(speed[:3] @ speed[:3]) < STILL_SPEED**2 and float(speed[3:] @ speed[3:]) < STILL_TURN**2
        record.still = record.still + duration if still else 0.0
        touched = self._touched(data)
        record.cup_touched = self._cup_body in touched
        angle = float(data.qpos[self._hinge])
        if angle > record.door_largest:
            record.door_largest = angle
            record.handle_touched = record.handle_touched or self._handle_body in touched

    def pressed(self, data: mujoco.MjData) -> float:
        """Fraction of the button's travel, 0 to 1."""
        return min(1.0, max(0.0, float(data.qpos[self._button]) / self._travel))

    def signals(self, data: mujoco.MjData) -> dict[str, float]:
        """The button's travel and the cup's fill."""
        return {"dispenser_button": self.pressed(data), "cup_1_fill": self.record.fill}

    @property
    def tests(self) -> Mapping[str, Callable[[mujoco.MjData], Verdict]]:
        """Its one test."""
        return {"coffee_made": self.coffee_made}

    def coffee_made(self, data: mujoco.MjData) -> Verdict:
        """Filled, upright, still, at its goal on the tray, released; and the door was opened by touching it."""
        record, tilt = self.record, self._tilt(data)
        x, y, z = data.qpos[self._cup_place : self._cup_place + 3].tolist()
        goal = data.site_xpos[self._goal]
        off, gap = hypot(x - goal[0], y - goal[1]), z - self._cup_half - float(goal[2])
        findings = {
            "filled": (record.fill >= 1.0 - 1e-9, f"fill {record.fill:.2f} of 1"),
            "upright": (tilt <= UPRIGHT, f"tilted {degrees(tilt):.1f}° of at most {degrees(UPRIGHT):.0f}°"),
            "still": (record.still >= STILL_TIME, f"still for {record.still:.2f} s of {STILL_TIME:g} s"),
            "at_goal": (off <= AT_GOAL, f"{1000 * off:.0f} mm from the goal, at most {1000 * AT_GOAL:.0f} mm"),
            "on_tray": (abs(gap) <= ON_TRAY, f"{1000 * gap:.0f} mm above the tray"),
            "released": (not record.cup_touched, "touched by the arm" if record.cup_touched else "nothing holds the cup"),
            "door_opened": self._door(),
        }
        reasons = {name: bool(holds) for name, (holds, _) in findings.items()}
        text = "; ".join(f"{name}: {'yes' if holds else 'NO'} ({measured})" for name, (holds, measured) in findings.items())
        return Verdict(all(reasons.values()), reasons, text)

    def snapshot(self) -> Snapshot:
        """The bookkeeping as plain JSON values."""
        return dict(vars(self.record))

    def restore(self, snapshot: Snapshot) -> None:
        """Continue from a snapshot."""
        self.record = _Record(**snapshot)

    def _door(self) -> tuple[bool, str]:
        if self.started_open:
            return True, "stood open from the start"
        record = self.record
        how = "by its handle" if record.handle_touched else "handle never touched"
        return record.door_largest >= OPENED and record.handle_touched, f"{degrees(record.door_largest):.0f}° of {degrees(OPENED):.0f}°, {how}"

    def _tilt(self, data: mujoco.MjData) -> float:
        """Angle between the cup's axis and the vertical [rad]."""
        w, x, y, z = data.qpos[self._cup_place + 3 : self._cup_place + 7].tolist()
        cosine = 1.0 - 2.0 * (x * x + y * y) / (w * w + x * x + y * y + z * z)
        return acos(min(1.0, max(-1.0, cosine)))

    def _under_spout(self, data: mujoco.MjData) -> bool:
        x, y, z = data.qpos[self._cup_place : self._cup_place + 3].tolist()
        spout = data.site_xpos[self._spout]
        return hypot(x - spout[0], y - spout[1]) <= UNDER_SPOUT and z + self._cup_half <= spout[2] and self._tilt(data) <= UPRIGHT

    def _touched(self, data: mujoco.MjData) -> set[int]:
        """Bodies that an arm touches."""
        if data.ncon == 0:
            return set()
        pairs = self._body_of_geom[data.contact.geom]  # (contacts, 2)
        return set(pairs[self._arm[pairs[:, ::-1]]].tolist())
