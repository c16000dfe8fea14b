"""What follows when ticks are missed: nothing until there are too many, then the rule, then the way back."""

from __future__ import annotations

import pytest

from skillkit.ros.overruns import Overruns
from skillkit.spaces import CancelInput, ControlInput, Input


def told(rule: str, missed: dict[int, int], paused: bool = False) -> list[tuple[float, Input]]:
    """What the core is told over 4 s at 100 Hz; ``missed`` is how many ticks were missed at which tick."""
    overruns, total, found = Overruns(rule, allowed=5), 0, []
    for tick in range(400):
        total += missed.get(tick, 0)
        given = overruns.after(tick * 0.01, total, paused)
        found += [(tick * 0.01, given)] if given is not None else []
    return found


def test_a_few_missed_ticks_have_no_consequence() -> None:
    assert told("abort", dict.fromkeys(range(0, 400, 25), 1)) == []


def test_hold_pauses_and_resumes_after_a_second_without_a_missed_tick() -> None:
    found = told("hold", {100: 6, 150: 2})
    assert [given.word for _, given in found if isinstance(given, ControlInput)] == ["pause", "resume"]
    assert found[0][0] == pytest.approx(1.0)
    assert found[1][0] == pytest.approx(2.5, abs=0.03)


def test_hold_does_not_resume_what_a_person_has_paused() -> None:
    assert told("hold", {100: 6}, paused=True) == []


def test_abort_cancels_every_goal_once() -> None:
    found = told("abort", {100: 6, 110: 6})
    assert [(given.goal, "missed 6 ticks" in given.reason) for _, given in found if isinstance(given, CancelInput)] == [("", True)]


def test_report_and_degrade_tell_the_core_nothing() -> None:
    assert told("report", {100: 50}) == told("degrade", {100: 50}) == []
