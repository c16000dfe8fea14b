"""The skills in physics: a whole episode, the same one elsewhere, and a door that does not open."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from skillkit.assembly import Episode, System, run_episode
from skillkit.assembly.worlds import simulated_world
from skillkit.cell import Cell
from skillkit.spaces import Outcome

SEED = 3


def episode(**options: str) -> Episode:
    cell, world = simulated_world(Cell.of_robot("panda"), "coffee", SEED, options)
    return run_episode(System.build(cell, "prepare_coffee"), world, "prepare_coffee", seed=SEED)


def outcomes(run: Episode) -> Mapping[str, str]:
    return {transition.path: transition.ending.outcome.value for transition in run.transitions}


@pytest.fixture(scope="module")
def coffee() -> Episode:
    return episode()


def test_an_episode_makes_coffee_as_physics_judges_it(coffee: Episode) -> None:
    assert coffee.ending.outcome is Outcome.SUCCEEDED, coffee.ending
    assert coffee.success, coffee.checks
    assert all(coffee.checks.values())


def test_it_is_neither_slow_nor_timid(coffee: Episode) -> None:
    assert coffee.duration < 90.0
    assert 0.3 <= coffee.peak_speed <= 1.0


def test_it_takes_a_handful_of_decisions(coffee: Episode) -> None:
    leaves = [transition for transition in coffee.transitions if transition.option != "prepare_coffee"]
    assert 6 <= len(leaves) <= 10


def test_moving_and_turning_scene_and_arm_changes_no_outcome(coffee: Episode) -> None:
    elsewhere = episode(shift="1.2,-0.7,1.9")
    assert elsewhere.success
    assert outcomes(elsewhere) == outcomes(coffee)


def test_moving_the_furniture_alone_still_makes_coffee() -> None:
    assert episode(furniture_shift="0.05,0,0").success


def test_a_locked_door_fails_for_its_own_reason() -> None:
    run = episode(locked="true")
    assert run.ending.outcome is Outcome.FAILED
    assert "the door does not move: locked or blocked" in run.ending.reason
    assert not run.success
