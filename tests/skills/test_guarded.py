"""Guarded motion in physics: pressing where something hard stands; and a wrench that stops."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from skillkit.assembly import Episode, System, run_episode
from skillkit.assembly.reexecution import replay
from skillkit.assembly.worlds import simulated_world
from skillkit.cell import Cell
from skillkit.sim import World
from skillkit.spaces import Input, Outcome

BEYOND = 20.0  # [N] by which a contact with the dispenser's front at 5 cm/s may exceed its limit; measured: up to 15
ROBOT = "ur5e"
WRONG = {"button": "dispenser", "clearance": 0.34}  # the middle of the machine is no button: its front stands in the way


def press(limit: float, world_of: Any = lambda world: world, record: str = "") -> tuple[Episode, float]:
    """How it ended, and the largest force that the tool felt [N]."""
    cell, world = simulated_world(Cell.of_robot(ROBOT), "coffee", 0)
    system, felt = System.build(cell), [0.0]

    def watch(runtime: Any, result: Any) -> None:
        wrench = result.observation.arms[ROBOT].wrench
        felt.append(0.0 if wrench is None else float(sum(wrench[:3] ** 2) ** 0.5))

    return run_episode(system, world_of(world), "press", {**WRONG, "force_limit": limit}, record=record, on_step=watch), max(felt)


def test_a_press_that_meets_something_hard_stops_and_says_how_hard_it_was(tmp_path: Any) -> None:
    bag, limit = str(tmp_path / "press.mcap"), 40.0
    run, felt = press(limit, record=bag)
    assert run.ending.outcome is Outcome.FAILED
    assert run.ending.reason.endswith(f"N of contact in the phase 'touch', where {limit:g} N are allowed")
    assert 0.9 * limit < felt < limit + BEYOND
    found = replay(bag)
    assert (found.differences, found.compared > 100) == (0, True), found.first


class Numb:
    """A world whose wrenches end at a time [s]."""

    def __init__(self, world: World, until: float) -> None:
        self._world, self._until = world, until

    def __getattr__(self, name: str) -> Any:
        return getattr(self._world, name)

    def wrench_inputs(self, now: float) -> Sequence[Input]:
        """Those that arrive."""
        return self._world.wrench_inputs(now) if now < self._until else []


def test_a_guarded_motion_whose_wrench_stops_ends_unsafe() -> None:
    run, _ = press(20.0, lambda world: Numb(world, 2.5))
    assert run.ending.outcome is Outcome.UNSAFE
    assert "guarded motion: the wrench is 0.1" in run.ending.reason
    assert run.duration < 2.9
