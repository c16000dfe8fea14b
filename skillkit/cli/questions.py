"""An operator's answers to what a task asks: given beforehand, or typed in."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import typer

from skillkit.cli.output import plain, say

if TYPE_CHECKING:
    from skillkit.trees import Question


def answerer(given: Mapping[str, str], typed: bool) -> Callable[[Question], str | None]:
    """Who answers: ``given`` by label or path of the question, else whoever sits at the terminal, where answers may be ``typed``."""

    def answer(question: Question) -> str | None:
        found = given.get(question.path, given.get(question.path.rpartition("/")[2]))
        if found is None and typed and sys.stdin.isatty():
            return _typed(question)
        return found if found in question.answers else None

    return answer


def _typed(question: Question) -> str:
    while True:
        text = typer.prompt(plain(f"\n{question.text} ({' / '.join(question.answers)})"), err=True)
        if text in question.answers:
            return str(text)
        say(f"'{text}' is none of {', '.join(question.answers)}", error=True)
