"""The same skills and the same task on another arm: only its name changes."""

from __future__ import annotations

import pytest

from skillkit.assembly.episode import run_episode
from skillkit.assembly.system import System
from skillkit.assembly.worlds import simulated_world
from skillkit.cell import Cell


@pytest.mark.parametrize("robot", ["ur5e", "fr3"])
def test_coffee_is_made_by_another_arm(robot: str) -> None:
    cell, world = simulated_world(Cell.of_robot(robot), "coffee", 1)
    episode = run_episode(System.build(cell, "prepare_coffee"), world, "prepare_coffee", seed=1)
    assert episode.success, episode.ending
    assert episode.peak_speed <= 1.0
