from __future__ import annotations

from typing import Any

import pytest

from skillkit.ros.origin import CLOCKS_APART, ORIGIN, refusal, with_origin

HERE = {"grasp": "a" * 64, "place": "b" * 64}


def test_the_same_skills_and_the_same_clock_are_served() -> None:
    parameters = with_origin({"cup": "cup_1"}, {"grasp": "a" * 64}, 1000.0)
    assert refusal(parameters[ORIGIN], HERE, 1000.0 + 0.9 * CLOCKS_APART) == ""
    assert parameters["cup"] == "cup_1"


@pytest.mark.parametrize("apart", [0.5, -0.5, 1.1 * CLOCKS_APART])
def test_clocks_that_are_too_far_apart_are_refused_with_how_far(apart: float) -> None:
    assert f"{1e3 * apart:.0f} ms apart" in refusal({"skills": {}, "sent": 1000.0}, HERE, 1000.0 + apart)


def test_a_skill_that_is_another_one_or_missing_is_named() -> None:
    assert "'place'" in refusal({"skills": {"grasp": "a" * 64, "place": "c" * 64}, "sent": 0.0}, HERE, 0.0)
    assert "'pour' is not the same on both machines" in refusal({"skills": {"pour": "c" * 64}}, HERE, 0.0)


@pytest.mark.parametrize("origin", ["x", 3, [1], {"skills": [1]}, {"sent": "now"}, {"sent": float("nan")}])
def test_what_is_no_origin_is_refused_in_words(origin: Any) -> None:
    assert refusal(origin, HERE, 0.0)
