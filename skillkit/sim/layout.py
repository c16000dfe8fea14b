"""Where the coffee furniture stands: one pose per station and seed.

A station's frame lies on the table plane below its working point: +x is its front, +z up. How far a tool that faces a station points
aside of the line from the robot's base to it decides what an arm can do there. An arm with seven joints and an elbow holds its
hand level at shelf height, far from joint limits, pointing well to the left. An arm with six joints whose last axes do not meet is
singular where the tool points across the arm, and cramped close to its base: its stations stand further out and face its shoulder.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import cos, pi, radians, sin
from typing import NamedTuple

import numpy as np

from skillkit.pose import Pose

POSITION_SPREAD = 0.08  # [m] each station along x and y
YAW_SPREAD = radians(30.0)
CUP_SPREAD = (0.006, 0.008)  # [m] the cup within the cabinet, along the cabinet's x and y
CUP_DEPTH, CUP_ASIDE = 0.042, -0.010  # [m] from the opening's middle to the cup's axis: inwards, and away from the hinge


class Layout(NamedTuple):
    """Poses of one coffee scene, all ``transform_station_to_scene`` but the cup's."""

    cabinet: Pose  # origin below the centre of the opening
    dispenser: Pose  # origin below the spout
    tray: Pose  # origin below the tray's centre
    transform_cup_to_cabinet: Pose  # on the cabinet's floor: z is 0 here


class Station(NamedTuple):
    """Nominal place of a station in polar coordinates about the robot's base."""

    radius: float  # [m]
    azimuth: float  # [rad]
    turn: float  # how far a tool that faces it points to the left of the azimuth [rad]


SEVEN_JOINTS = (Station(0.66, radians(75.0), radians(22.0)), Station(0.60, radians(-5.0), radians(55.0)), Station(0.58, radians(-75.0), radians(55.0)))
SIX_JOINTS = (Station(0.72, radians(75.0), radians(27.0)), Station(0.68, radians(-5.0), radians(17.0)), Station(0.66, radians(-75.0), radians(17.0)))


def coffee_layout(seed: int | None, stations: Sequence[Station] = SEVEN_JOINTS) -> Layout:
    """The layout of a seed about nominal stations: cabinet, dispenser, tray. ``None`` is the nominal one, in the middle of every range."""
    random = np.random.default_rng(seed) if seed is not None else None
    cabinet, dispenser, tray = (_place(station, _draw(random)) for station in stations)
    along, across, turn = _draw(random)
    cup = Pose.from_rpy((-CUP_DEPTH + CUP_SPREAD[0] * along, CUP_ASIDE + CUP_SPREAD[1] * across, 0.0), (0.0, 0.0, YAW_SPREAD * turn))
    return Layout(cabinet, dispenser, tray, cup)


def _draw(random: np.random.Generator | None) -> tuple[float, float, float]:
    """Three numbers in [-1, 1]."""
    if random is None:
        return 0.0, 0.0, 0.0
    x, y, turn = random.uniform(-1.0, 1.0, 3).tolist()
    return x, y, turn


def _place(station: Station, offset: tuple[float, float, float]) -> Pose:
    x = station.radius * cos(station.azimuth) + POSITION_SPREAD * offset[0]
    y = station.radius * sin(station.azimuth) + POSITION_SPREAD * offset[1]
    return Pose.from_rpy((x, y, 0.0), (0.0, 0.0, station.azimuth + station.turn + pi + YAW_SPREAD * offset[2]))
