"""Learning rates over a training, and the search for one."""

from __future__ import annotations

import math

import pytest

pytest.importorskip("torch", reason="torch is not installed: pip install 'skillkit[learn]'")

from hypothesis import given
from hypothesis import strategies as st

from skillkit.exceptions import InvalidValue
from skillkit.learn.schedules import SHAPES, Schedule, find_rate


@pytest.mark.parametrize("shape", SHAPES)
@given(steps=st.integers(1, 500), warm_up=st.floats(0, 0.5), decay=st.floats(0, 0.5), step=st.integers(-5, 600))
def test_rates_stay_between_their_ends_and_never_rise_after_the_warm_up(shape: str, steps: int, warm_up: float, decay: float, step: int) -> None:
    schedule = Schedule(1e-3, steps, warm_up, 1e-4, decay, 1e-5, shape)
    assert 1e-5 * (1 - 1e-9) <= schedule.rate(step) <= 1e-3 * (1 + 1e-9)
    if step >= warm_up * steps:
        assert schedule.rate(step + 1) <= schedule.rate(step) * (1 + 1e-9)


def test_warm_up_is_a_line_and_cosine_is_half_way_in_the_middle() -> None:
    schedule = Schedule(peak=1.0, steps=101, warm_up=0.2, start=0.0, decay=0.8, end=0.0)
    assert [schedule.rate(step) for step in (0, 10, 20, 60, 100)] == pytest.approx([0.0, 0.5, 1.0, 0.5, 0.0])


def test_a_recipe_of_three_phases() -> None:
    """10^-3.5 rising to 10^-3 in the first tenth, falling to 10^-4.5 in the second half."""
    schedule = Schedule(peak=1e-3, steps=101, warm_up=0.1, start=10**-3.5, decay=0.5, end=10**-4.5, shape="exponential")
    assert [math.log10(schedule.rate(step)) for step in (0, 10, 50, 75, 100)] == pytest.approx([-3.5, -3.0, -3.0, -3.75, -4.5])


@pytest.mark.parametrize("wrong", [{"shape": "cosin"}, {"peak": 0.0}, {"start": 1.0}, {"warm_up": 0.9, "decay": 0.9}, {"shape": "exponential", "end": 0.0}])
def test_what_makes_no_schedule_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(InvalidValue, match="allowed"):
        Schedule(**wrong)


@pytest.mark.parametrize("curvature", [1.0, 100.0])
def test_the_search_finds_a_rate_that_a_parabola_can_bear(curvature: float) -> None:
    x = [1.0]

    def train_step(rate: float) -> float:
        loss = 0.5 * curvature * x[0] ** 2
        x[0] -= rate * curvature * x[0]
        return loss

    found = find_rate(train_step, low=1e-5, high=100.0, steps=120)
    assert 0.02 / curvature < found.suggested < 2.0 / curvature, "gradient descent diverges from 2 / curvature on"
    assert len(found.rates) == len(found.losses)


def test_a_search_that_only_sees_nonsense_says_so() -> None:
    with pytest.raises(InvalidValue, match="lowest rate"):
        find_rate(lambda rate: math.nan)
