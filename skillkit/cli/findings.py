"""Problems as other machines read them: SARIF 2.1.0 for code scanning, annotations for GitHub's log."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from skillkit import __version__
from skillkit.exceptions import Problem

SARIF = "https://json.schemastore.org/sarif-2.1.0.json"


def sarif(problems: Sequence[Problem]) -> dict[str, Any]:
    """A SARIF log with one run."""
    rules = [{"id": code} for code in sorted({problem.code for problem in problems})]
    driver = {"name": "skillkit check", "version": __version__, "rules": rules}
    return {"$schema": SARIF, "version": "2.1.0", "runs": [{"tool": {"driver": driver}, "results": [_result(problem) for problem in problems]}]}


def _result(problem: Problem) -> dict[str, Any]:
    text = problem.message + (f" ({problem.hint})" if problem.hint else "")
    place = {"artifactLocation": {"uri": Path(problem.file).as_posix()}, "region": {"startLine": problem.line, "startColumn": problem.column}}
    return {"ruleId": problem.code, "level": problem.severity, "message": {"text": text}, "locations": [{"physicalLocation": place}]}


def annotation(problem: Problem) -> str:
    """One line that GitHub turns into an annotation beside the code."""
    text = problem.message + (f" ({problem.hint})" if problem.hint else "")
    where = f"file={_property(problem.file)},line={problem.line},col={problem.column},title={_property(problem.code)}"
    return f"::{problem.severity} {where}::{_data(text)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
