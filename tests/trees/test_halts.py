"""Which cleanups are told to be halted: exactly those that a node above them can end."""

from __future__ import annotations

from pathlib import Path

import pytest
from scripted import SKILLS

from skillkit.trees import check_task

CLEAN = "{finally: {do: {skill: s1S}, then: {skill: s2S}}}"
FAILED = "{on_failure: {do: {skill: s1S}, then: {skill: s2S}}}"
INNER = f"task: inner\ntree: {{sequence: [{CLEAN}]}}\n"


@pytest.mark.parametrize(
    ("tree", "told"),
    [
        (CLEAN, 0),
        (f"{{sequence: [{CLEAN}, {FAILED}]}}", 0),
        ("{finally: {do: {timeout: {after: 5 s, do: {skill: s1S}}}, then: {skill: s2S}}}", 0),
        (f"{{timeout: {{after: 5 s, do: {CLEAN}}}}}", 1),
        (f"{{guard: {{when: exists(cup), do: {{sequence: [{CLEAN}, {FAILED}]}}}}}}", 2),
        (f"{{reactive_sequence: [{CLEAN}, {{skill: s3S}}]}}", 0),
        (f"{{reactive_sequence: [{{condition: exists(cup)}}, {CLEAN}]}}", 1),
        (f"{{reactive_fallback: [{{condition: exists(cup)}}, {FAILED}]}}", 1),
        (f"{{parallel: [{CLEAN}, {{wait: 1 s}}]}}", 1),
        (f"{{timeout: {{after: 5 s, do: {{finally: {{do: {{wait: 1 s}}, then: {CLEAN}}}}}}}}}", 2),
        ("{task: inner}", 0),
        ("{timeout: {after: 5 s, do: {task: inner}}}", 1),
    ],
)
def test_a_cleanup_that_may_be_halted_is_told_and_no_other(tree: str, told: int, tmp_path: Path) -> None:
    (tmp_path / "inner.yaml").write_text(INNER, encoding="utf-8")
    file = tmp_path / "outer.yaml"
    file.write_text(f"task: outer\ntree: {tree}\n", encoding="utf-8")
    problems = check_task(file, SKILLS)
    assert [problem.code for problem in problems if problem.severity == "error"] == []
    assert sum(problem.code == "halted-cleanup" for problem in problems) == told
