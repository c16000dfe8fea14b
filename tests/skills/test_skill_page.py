"""The skill that docs/skills.md shows is a skill: as written there, it loads and does what it says."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from puppet import SKILLS, Puppet, advance, start

from skillkit.library import check_skill
from skillkit.share import PACKAGE

PAGE = (PACKAGE.parent / "docs" / "skills.md").read_text(encoding="utf-8")


def block(language: str) -> str:
    found = re.search(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    assert found is not None
    return found[1]


def test_the_skill_of_the_page_loads_and_hovers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "skill.yaml").write_text(block("yaml"))
    (tmp_path / "policy.py").write_text(block("python"))
    skill, problems = check_skill(tmp_path)
    assert not problems
    assert skill is not None
    monkeypatch.setitem(SKILLS, "hover", skill)
    puppet = Puppet()
    run = advance(puppet, start(puppet, "hover", {"object": "cup", "height": 0.15}))
    assert run.outcome[0] == "SUCCEEDED", run.outcome
    assert puppet.tool.position - puppet.cup.position == pytest.approx(np.array([0.0, 0.0, 0.15]), abs=0.01)


def test_the_page_names_every_part_of_the_policies_room() -> None:
    parts = {path.stem for path in (PACKAGE / "policies").glob("*.py")} - {"__init__"}
    assert all(f"| `{part}` |" in PAGE for part in parts)
