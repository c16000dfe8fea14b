"""The word of a scene → a simulated world with the arms of a cell in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from typing import Any

import numpy as np

from skillkit.braking_tail import braking_tail
from skillkit.cell import Cell
from skillkit.exceptions import CannotResume, InvalidValue, UnknownName
from skillkit.pose import Array, Pose
from skillkit.protocols import Snapshot
from skillkit.sim import CoffeeScene, Placement, TableScene, World
from skillkit.sim.driver import Driver
from skillkit.sim.layout import SEVEN_JOINTS, SIX_JOINTS
from skillkit.spaces import NOTHING

SCENES: Mapping[str, type[CoffeeScene] | type[TableScene]] = {"coffee": CoffeeScene, "table": TableScene}
SETTLED_WITHIN = 10.0  # [s] for which an arm may swing before it is taken as it is


def scene_of(scene: str, seed: int | None, options: Mapping[str, str] = NOTHING) -> CoffeeScene | TableScene:
    """The scene of that name.

    Args:
        seed: draws the scene's poses; ``None`` is its nominal layout.
        options: the scene's options as words: ``{"locked": "true", "shift": "0.3,-0.2,0.5"}``, shifts as x, y [m] and yaw [rad].

    Raises:
        UnknownName: no such scene or option. InvalidValue: a value that does not fit.
    """
    if scene not in SCENES:
        raise UnknownName("scene", scene, SCENES)
    return SCENES[scene](seed=seed, **_options(scene, options))


def simulated_world(cell: Cell, scene: str, seed: int | None, options: Mapping[str, str] = NOTHING) -> tuple[Cell, World]:
    """The world of a scene (see :func:`scene_of`), and the cell as it stands in it: its arms move with a scene that is shifted.

    Its stations stand where arms with as many joints as the cell's first one work well.
    """
    stations = SEVEN_JOINTS if cell.arms[0].embodiment.n >= 7 else SIX_JOINTS
    made = replace(scene_of(scene, seed, options), stations=stations)
    world = World([Placement(arm.name, arm.embodiment, arm.base) for arm in cell.arms], made)
    return replace(cell, arms=tuple(replace(arm, base=world.base(arm.name)) for arm in cell.arms)), world


def bring_back(world: World, snapshot: Snapshot, outage: float) -> None:
    """Put a world into the state of a checkpoint, and leave it alone for ``outage`` [s].

    Raises:
        CannotResume: the state is none of such a world.
    """
    try:
        world.restore(snapshot)
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise CannotResume("checkpoint", f"its world is none of this scene: {type(error).__name__}: {error}") from None
    leave_alone(world, outage)


def leave_alone(world: World, duration: float) -> None:
    """At least ``duration`` [s] without a runtime: every arm brakes along what is sent behind every command, and holds until all have settled."""
    period = min(driver.period for driver in world.drivers.values())
    ways = {name: _way_to_rest(driver) for name, driver in world.drivers.items()}
    number = 0
    while number * period < duration or (_moves(world, number * period) and number * period < SETTLED_WITHIN):
        number += 1
        for name, way in ways.items():
            world.command(name, *way(number * period), world.drivers[name].closure)
        world.advance(period)


def _moves(world: World, now: float) -> bool:
    return any(max(map(abs, given.velocity)) > world.drivers[given.arm].embodiment.settle for given in world.joint_inputs(now))


def _way_to_rest(driver: Driver) -> Callable[[float], tuple[Array, Array]]:
    """Positions and velocities (n,) some time [s] after the last set point."""
    tail = braking_tail(driver.embodiment, driver.goal, driver.goal_velocity, driver.period)
    times = [0.0, *tail.times]
    positions, velocities = np.array([driver.goal.tolist(), *tail.positions]), np.array([driver.goal_velocity.tolist(), *tail.velocities])  # (k, n)

    def at(time: float) -> tuple[Array, Array]:
        place, speed = (np.array([np.interp(time, times, column) for column in rows.T]) for rows in (positions, velocities))
        return place, speed

    return at


def _options(scene: str, options: Mapping[str, str]) -> dict[str, Any]:
    defaults = {field.name: field.default for field in fields(SCENES[scene]) if field.name not in ("seed", "stations")}
    values: dict[str, Any] = {}
    for name, text in options.items():
        if name not in defaults:
            raise UnknownName(f"option of the scene '{scene}'", name, defaults)
        values[name] = _shift(name, text) if isinstance(defaults[name], Pose) else _flag(name, text)
    return values


def _flag(name: str, text: str) -> bool:
    if text not in ("true", "false"):
        raise InvalidValue(f"scene option {name}", text, "true or false")
    return text == "true"


def _shift(name: str, text: str) -> Pose:
    try:
        x, y, yaw = (float(part) for part in text.split(","))
    except ValueError:
        raise InvalidValue(f"scene option {name}", text, "x,y,yaw [m, m, rad], for example 0.3,-0.2,0.5") from None
    if not all(abs(value) < 100.0 for value in (x, y, yaw)):
        raise InvalidValue(f"scene option {name}", text, "numbers below 100")
    return Pose.from_vector((x, y, 0.0), (0.0, 0.0, yaw))
