"""Shares of a batch, and the rows drawn for them."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch", reason="torch is not installed: pip install 'skillkit[learn]'")

from hypothesis import given
from hypothesis import strategies as st

from skillkit.exceptions import InvalidValue
from skillkit.learn.sampling import SAMPLERS, Curriculum, DifficultyWeighted, OversampleRare, counts, rows

sizes = st.lists(st.integers(1, 10_000), min_size=1, max_size=60)


@pytest.mark.parametrize("name", SAMPLERS)
@given(sizes=sizes, progress=st.floats(0, 1))
def test_shares_add_up_to_one(name: str, sizes: list[int], progress: float) -> None:
    shares = SAMPLERS[name](sizes).shares(progress, np.linspace(0, 1, len(sizes)))
    assert (shares >= 0).all()
    assert shares.sum() == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("proportional", [1 / 14, 4 / 14, 9 / 14]),
        ("square_root", [1 / 6, 2 / 6, 3 / 6]),
        ("uniform", [1 / 3, 1 / 3, 1 / 3]),
        ("oversample_rare", [4 / 17, 4 / 17, 9 / 17]),
    ],
)
def test_shares_by_size_are_the_closed_forms(name: str, expected: list[float]) -> None:
    np.testing.assert_allclose(SAMPLERS[name]([1, 4, 9]).shares(), expected)


def test_no_rare_demonstration_is_repeated_more_often_than_allowed() -> None:
    shares = OversampleRare([1, 100, 100], repeats=10).shares()
    assert shares[0] / shares[1] == pytest.approx(0.1)


def test_the_curriculum_lets_harder_tasks_in_one_by_one() -> None:
    sampler = Curriculum([5] * 4, difficulty=[3, 1, 2, 4], first=0.25, until=0.5)
    assert [np.flatnonzero(sampler.shares(progress)).tolist() for progress in (0.0, 0.2, 0.3, 0.5, 1.0)] == [
        [1],
        [0, 1, 2],
        [0, 1, 2],
        [0, 1, 2, 3],
        [0, 1, 2, 3],
    ]


def test_the_curriculum_takes_short_demonstrations_for_easy() -> None:
    assert np.flatnonzero(Curriculum([5] * 3, lengths=[90.0, 200.0, 40.0], first=0.3).shares()).tolist() == [2]
    with pytest.raises(InvalidValue, match="difficulty"):
        Curriculum([5] * 3, difficulty=[1.0])


def test_the_curriculum_takes_what_succeeds_as_easy() -> None:
    assert np.flatnonzero(Curriculum([5] * 3, first=0.3).shares(0.0, [0.1, 0.9, 0.5])).tolist() == [1]


def test_tasks_that_fail_get_more_and_solved_ones_keep_something() -> None:
    shares = DifficultyWeighted([5, 5], floor=0.1).shares(0.5, [1.0, 0.0])
    np.testing.assert_allclose(shares, [0.1 / 1.2, 1.1 / 1.2])
    np.testing.assert_allclose(DifficultyWeighted([5, 5]).shares(), [0.5, 0.5])


@pytest.mark.parametrize("bad", [[0.5], [0.5, 1.5], [0.5, float("nan")]])
def test_a_performance_that_is_none_is_refused(bad: list[float]) -> None:
    with pytest.raises(InvalidValue, match="performance"):
        DifficultyWeighted([5, 5]).shares(0.5, bad)


@pytest.mark.parametrize("bad", [[], [3, 0]])
def test_a_task_without_demonstrations_is_refused(bad: list[int]) -> None:
    with pytest.raises(InvalidValue, match="sizes"):
        SAMPLERS["uniform"](bad)


@given(sizes=sizes, batch=st.integers(60, 2000), seed=st.integers(0, 99), at_least=st.integers(0, 1))
def test_numbers_of_rows_fill_the_batch_and_are_off_by_less_than_one(sizes: list[int], batch: int, seed: int, at_least: int) -> None:
    shares = SAMPLERS["proportional"](sizes).shares()
    numbers = counts(shares, batch, np.random.default_rng(seed), at_least)
    rest = batch - at_least * len(sizes)
    assert numbers.sum() == batch
    assert (np.abs(numbers - at_least - rest * shares) < 1 + 1e-6).all()


def test_numbers_of_rows_are_right_on_average() -> None:
    rng, shares = np.random.default_rng(0), np.array([0.05, 0.15, 0.8])
    mean = np.mean([counts(shares, 7, rng) for _ in range(4000)], axis=0)
    np.testing.assert_allclose(mean, 7 * shares, atol=0.03)


def test_a_batch_too_small_for_all_tasks_is_refused() -> None:
    with pytest.raises(InvalidValue, match="batch"):
        counts(np.full(5, 0.2), 4, np.random.default_rng(0), at_least=1)


def test_rows_are_those_the_task_has_and_the_same_for_the_same_seed() -> None:
    drawn = [rows(np.array([50, 0, 7]), [3, 5, 9], np.random.default_rng(4)) for _ in range(2)]
    assert [len(part) for part in drawn[0]] == [50, 0, 7]
    assert set(drawn[0][0].tolist()) == {0, 1, 2}
    assert all(np.array_equal(a, b) for a, b in zip(*drawn, strict=True))
