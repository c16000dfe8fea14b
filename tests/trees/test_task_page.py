"""The page on tasks holds every word and every function as the source describes them."""

from __future__ import annotations

from pathlib import Path

import pytest

from skillkit.expressions import FUNCTIONS
from skillkit.trees import WORDS

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "tasks.md").read_text(encoding="utf-8").replace("\\|", "|")


@pytest.mark.parametrize("name", WORDS)
def test_a_word_is_documented_as_it_is(name: str) -> None:
    word = WORDS[name]
    assert f"| `{name}` | `{word.form}` | {word.description} |" in PAGE


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_is_documented_as_it_is(name: str) -> None:
    function = FUNCTIONS[name]
    assert f"| `{function.signature}` |" in PAGE
    assert f"| {function.description} |" in PAGE
