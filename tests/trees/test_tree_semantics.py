"""Random trees do what the reference interpreter says; 10 000 of them in ``benchmarks/tree_semantics.py``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import reference
from equivalence import compare
from scripted import Bench

from skillkit.trees import WORDS

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "tree-semantics.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("part", range(10))
def test_three_hundred_random_trees_do_what_the_reference_says(part: int, tmp_path: Path) -> None:
    assert [text for seed in range(30 * part, 30 * part + 30) if (text := compare(seed, tmp_path))] == []


def test_a_skill_that_has_just_ended_is_seen_although_an_earlier_child_takes_its_arm_in_the_same_step(bench: Callable[..., Bench]) -> None:
    one = bench("{sequence: [{wait: 0 s}, {reactive_fallback: [{force_failure: {skill: s0S}}, {skill: s2S}]}]}")
    one.run()
    assert one.runs() == [("s0S", "SUCCEEDED"), ("s2S", "SUCCEEDED"), ("s0S", "SUCCEEDED")]


@pytest.mark.parametrize("halt_at", [1, 12, 37])
def test_nothing_is_active_after_a_halt_at_any_time(halt_at: int, tmp_path: Path) -> None:
    assert [text for seed in range(60) if (text := compare(seed, tmp_path, halt_at))] == []


def test_random_trees_use_every_word_that_needs_nobody_from_outside_and_no_other_file() -> None:
    import random

    text = str([reference.random_tree(random.Random(seed)) for seed in range(300)])
    assert [word for word in WORDS if f"'{word}'" not in text] == ["ask", "task", "plan"]


@pytest.mark.parametrize("word", WORDS)
def test_the_page_says_what_the_word_does_on_tick_and_halt(word: str) -> None:
    assert f"| `{word}` |" in PAGE
