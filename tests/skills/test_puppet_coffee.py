"""Every skill on a kinematic toy world: what it does, that it turns with the scene, and that it can be put down and taken up again."""

from __future__ import annotations

import json

import numpy as np
import pytest
from puppet import PERIOD, SKILLS, Puppet, Run, advance, play, start

from skillkit.pose import Pose

COFFEE = (
    ("open_door", {"handle": "handle", "cabinet": "cabinet"}),
    ("grasp", {"object": "cup", "facing": "cabinet"}),
    ("place", {"object": "cup", "on": "spot", "facing": "dispenser"}),
    ("press", {"button": "button"}),
    ("retreat", {"from": "button"}),
    ("grasp", {"object": "cup", "facing": "dispenser"}),
    ("transport", {"object": "cup", "to": "tray"}),
    ("set_down", {"object": "cup", "on": "tray"}),
    ("reach", {"object": "dispenser", "distance": 0.3, "height": 0.1}),
    ("grasp", {"object": "cup", "facing": "tray"}),
    ("release", {"object": "cup"}),
)


def coffee(puppet: Puppet) -> list[Run]:
    return [play(puppet, skill, **parameters) for skill, parameters in COFFEE]


@pytest.fixture(scope="module")
def runs() -> list[Run]:
    return coffee(Puppet())


def test_every_skill_of_the_folder_is_played() -> None:
    assert {skill for skill, _ in COFFEE} == set(SKILLS)


@pytest.mark.parametrize("index", range(len(COFFEE)), ids=lambda index: f"{index}-{COFFEE[index][0]}")
def test_each_skill_succeeds_where_nothing_goes_wrong(runs: list[Run], index: int) -> None:
    assert runs[index].outcome[0] == "SUCCEEDED", runs[index].outcome


def test_the_cup_ends_upright_on_the_tray() -> None:
    puppet = Puppet()
    coffee(puppet)
    tray = puppet.poses()["tray"]
    assert np.linalg.norm((puppet.cup.position - tray.position)[:2]) < 0.01
    assert puppet.cup.position[2] - tray.position[2] == pytest.approx(0.055, abs=0.003)
    assert puppet.cup.rotation[2, 2] > 0.999


@pytest.mark.parametrize("frame", [Pose.from_rpy((1.3, -0.7, 0.2), (0.0, 0.0, 2.1)), Pose.from_rpy((-4.0, 2.0, 0.0), (0.0, 0.0, -0.5))])
def test_moving_and_turning_scene_and_arm_turns_every_delta_along(runs: list[Run], frame: Pose) -> None:
    for here, there in zip(runs, coffee(Puppet(frame=frame)), strict=True):
        assert here.outcome == there.outcome
        assert len(here.deltas) == len(there.deltas)
        for a, b in zip(here.deltas, there.deltas, strict=True):
            assert frame.rotation @ np.array(a.translation) == pytest.approx(np.array(b.translation), abs=1e-9)
            assert frame.rotation @ np.array(a.rotation) == pytest.approx(np.array(b.rotation), abs=1e-9)
            assert a.closure == b.closure


def test_no_step_is_faster_than_a_careful_arm_may_go(runs: list[Run]) -> None:
    fastest = max(float(np.linalg.norm(delta.translation)) / PERIOD for run in runs for delta in run.deltas)
    assert 0.2 < fastest <= 0.5


def test_speeds_change_without_jumps(runs: list[Run]) -> None:
    for run in runs:
        twists = np.array([delta.translation for delta in run.deltas]) / PERIOD
        jumps = np.linalg.norm(np.diff(twists, axis=0), axis=1) / PERIOD
        assert float(jumps.max(initial=0.0)) <= 1.5 + 1e-6, run.execution.option.name


def test_a_locked_door_fails_with_its_own_reason() -> None:
    run = play(Puppet(locked=True), "open_door", handle="handle", cabinet="cabinet")
    assert run.outcome == ("FAILED", "the door does not move: locked or blocked")


def test_closing_on_nothing_fails_with_its_own_reason() -> None:
    puppet = Puppet()
    run = start(puppet, "open_door", {"handle": "handle", "cabinet": "cabinet"})
    while not puppet.closure:
        advance(puppet, run, 1)
    puppet.opening = 0.0
    advance(puppet, run)
    assert run.outcome == ("FAILED", "the fingers closed beside the handle")


def test_a_button_that_gives_no_signal_fails_with_its_own_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Puppet, "pressed", lambda self: 0.0)
    assert play(Puppet(), "press", button="button").outcome == ("FAILED", "the button does not go down (unguarded: no wrench is measured)")


def test_a_lost_cup_fails_with_its_own_reason() -> None:
    puppet = Puppet()
    play(puppet, "grasp", object="cup", facing="cabinet")
    run = start(puppet, "transport", {"object": "cup", "to": "tray"})
    advance(puppet, run, 30)
    puppet.cup, puppet.grip, puppet.opening = Pose.from_vector((0.9, 0.9, 0.05)), None, 0.0
    advance(puppet, run)
    assert run.outcome == ("FAILED", "the object was lost on the way")


def test_a_skill_that_needs_a_held_object_is_refused_without_one() -> None:
    for skill, surface in (("place", {"on": "spot", "facing": "dispenser"}), ("transport", {"to": "tray"}), ("set_down", {"on": "tray"})):
        assert play(Puppet(), skill, object="cup", **surface).outcome[0] == "REFUSED"


@pytest.mark.parametrize("index", range(len(COFFEE)), ids=lambda index: f"{index}-{COFFEE[index][0]}")
def test_a_run_taken_up_from_a_snapshot_goes_on_bit_for_bit(runs: list[Run], index: int) -> None:
    skill, parameters = COFFEE[index]
    puppet = Puppet()
    for before, values in COFFEE[:index]:
        play(puppet, before, **values)
    run = start(puppet, skill, parameters)
    advance(puppet, run, len(runs[index].deltas) // 2)
    again = start(puppet, skill, parameters)
    again.execution.restore(json.loads(json.dumps(run.execution.snapshot())))
    advance(puppet, again)
    assert run.deltas + again.deltas == runs[index].deltas
    assert again.outcome == runs[index].outcome
