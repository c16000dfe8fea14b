"""``skillkit import``: a tree of BehaviorTree.CPP as task files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from skillkit.cli.arguments import SkillsFolder, skills_folder
from skillkit.exceptions import InvalidValue, SkillkitError

EXAMPLE = "skillkit import tree.xml -o task.yaml"


def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="XML of BehaviorTree.CPP 4.")],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="The task file; its other trees go beside it, under their own names.")],
    skills: SkillsFolder = None,
) -> int:
    """Write a tree of BehaviorTree.CPP 4 as a task; check it afterwards."""
    import yaml

    from skillkit.library import load_skills
    from skillkit.trees import read_xml

    try:
        options = {name: skill.option() for name, skill in load_skills(skills_folder(skills)).items()}
    except SkillkitError:
        options = {}
    tasks = read_xml(file.read_bytes(), str(file), options)
    targets = [output, *(output.with_name(f"{name}.yaml") for name in list(tasks)[1:])]
    for target in targets[1:]:
        if target.resolve() == output.resolve():
            raise InvalidValue("--output", str(output), f"another name: the tree '{target.stem}' of this file is written there")
        if target.exists() or target.is_symlink():
            raise InvalidValue("--output", str(output), f"a folder without '{target.name}', which exists already and is not overwritten")
    texts = [yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=140) for content in tasks.values()]
    for target, text in zip(targets, texts, strict=True):
        target.write_text(text, encoding="utf-8")
        print(target)
    return 0
