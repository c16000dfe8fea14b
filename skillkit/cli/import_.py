"""``skillkit import``: a tree of BehaviorTree.CPP as task files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from skillkit.cli.arguments import SkillsFolder, skills_folder
from skillkit.exceptions import SkillkitError

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
    for number, (name, content) in enumerate(tasks.items()):
        target = output if number == 0 else output.with_name(f"{name}.yaml")
        target.write_text(yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=140), encoding="utf-8")
        print(target)
    return 0
