"""Skill folders: ``skills/<name>/skill.yaml`` and what lies beside it → checked skills, ready to be options.

The folder is the whole skill: copy it to another machine and it works; its digest names it in every bag.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from skillkit import documents
from skillkit.exceptions import InvalidFile, InvalidValue, Problem, UnknownName
from skillkit.skill import Skill
from skillkit.skill_file import SkillReader
from skillkit.spaces import NOTHING


def load_skills(folder: str | Path | Sequence[Path], use: Mapping[str, str | Path] = NOTHING) -> dict[str, Skill]:
    """Every skill below ``folder``, by name; ``use`` replaces single skills by other folders.

    Args:
        folder: or several; of two skills with the same name the one found first counts.

    Raises:
        InvalidFile: with all problems of all skills. UnknownName: ``use`` names a skill that is not there.
        InvalidValue: there is no skill at all.
    """
    folders = skill_folders(folder)
    for name, other in use.items():
        if name not in folders:
            raise UnknownName("skill", name, folders)
        folders[name] = Path(other)
    skills: dict[str, Skill] = {}
    problems: list[Problem] = []
    for name, path in folders.items():
        skill, found = check_skill(path)
        problems.extend(found)
        if skill is not None and skill.name != name:
            problems.append(
                Problem(str(path / "skill.yaml"), 1, 1, "wrong-name", "error", f"the skill is named '{skill.name}', its folder '{name}'", "rename one")
            )
        elif skill is not None:
            skills[name] = skill
    if any(problem.severity == "error" for problem in problems):
        raise InvalidFile(problems)
    return skills


def skill_folders(folder: str | Path | Sequence[Path]) -> dict[str, Path]:
    """Name of a skill → its folder, below one folder or several; of two with the same name the one found first.

    Raises:
        InvalidValue: there is none at all.
    """
    roots = [Path(folder)] if isinstance(folder, (str, Path)) else folder
    found: dict[str, Path] = {}
    for path in (path for root in roots for path in sorted(root.glob("*/skill.yaml"))):
        found.setdefault(path.parent.name, path.parent)
    if not found:
        raise InvalidValue("folder of skills", ", ".join(map(str, roots)), "a folder with skill folders in it (FOLDER/<name>/skill.yaml)")
    return found


def check_skill(folder: str | Path) -> tuple[Skill | None, list[Problem]]:
    """The skill in a folder (or of a ``skill.yaml``), or ``None``, with every problem found. Never raises on a bad file."""
    path = Path(folder)
    path = path / "skill.yaml" if path.is_dir() else path
    document = documents.load(path)
    skill = SkillReader(document, path.parent).skill() if not document.problems else None
    return skill, document.problems
