"""Randomness that is handed in: repeatable from its seed, countable, and with its state in the open."""

from __future__ import annotations

import json

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from skillkit.draws import Draws


@given(st.integers(0, 50), st.integers(0, 50))
def test_a_generator_goes_on_from_its_state_and_tells_how_much_was_drawn(before: int, after: int) -> None:
    one, other = Draws("1 t/reach 0.0"), Draws("another")
    one.generator.random(before)
    other.restore(json.loads(json.dumps(one.snapshot())))
    assert one.generator.random(after).tolist() == other.generator.random(after).tolist()
    assert one.generator.integers(9) == other.generator.integers(9)  # 32 bits of a word, the others wait
    stand = one.news()
    assert stand == other.news()
    assert stand is not None
    assert stand.drawn == before + after + 1


def test_what_was_told_is_no_news() -> None:
    draws = Draws("a")
    assert draws.news() is None
    draws.generator.random()
    assert draws.news() is not None
    assert draws.news() is None
    other = Draws("a")
    other.restore(draws.snapshot())
    assert other.news() is None


def test_seeds_differ_and_nothing_else_does() -> None:
    first, same, other = (Draws(seed).generator.standard_normal(4).tolist() for seed in ("1 t 0.0", "1 t 0.0", "2 t 0.0"))
    assert first == same
    assert not np.array_equal(first, other)
