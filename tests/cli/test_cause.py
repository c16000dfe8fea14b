from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from skillkit.cli.cause import cause_of

SUMMARY: Any = SimpleNamespace(
    runs=[
        SimpleNamespace(skill="make_coffee", leaf=False, start=0.0, duration=9.0),
        SimpleNamespace(skill="grasp", leaf=True, start=1.0, duration=2.0),
        SimpleNamespace(skill="place", leaf=True, start=3.0, duration=2.0),
    ]
)
SAME = {"version_numpy": "2.4.6"}


def test_a_changed_skill_that_was_at_work_is_the_cause() -> None:
    words = cause_of(2.0, SUMMARY, {"grasp": ["skill.yaml: -for: 0.2 s", "skill.yaml: +for: 0.3 s"], "press": ["x"]}, SAME, SAME)
    assert "'grasp'" in words
    assert "+for: 0.3 s" in words
    assert "press" not in words


def test_a_changed_skill_that_was_not_at_work_is_named_as_such() -> None:
    assert "none of them was at work" in cause_of(4.0, SUMMARY, {"grasp": ["x"]}, SAME, SAME)


def test_another_platform_is_the_cause_where_no_skill_changed() -> None:
    words = cause_of(2.0, SUMMARY, {}, SAME, {"version_numpy": "2.3.0"})
    assert "version_numpy was 2.4.6, is 2.3.0" in words


def test_where_nothing_changed_skillkit_itself_did() -> None:
    assert "skillkit itself" in cause_of(2.0, SUMMARY, {}, SAME, SAME)


def test_at_a_hand_over_both_skills_were_at_work() -> None:
    words = cause_of(3.0, SUMMARY, {"grasp": ["x"], "place": ["y"]}, SAME, SAME)
    assert "'grasp'" in words
    assert "'place'" in words
