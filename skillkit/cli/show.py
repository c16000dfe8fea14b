"""``skillkit show``: a task's tree as text or as an SVG picture."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from skillkit.cli.arguments import SkillsFolder, TaskName, UseSkills, pairs, skills_folder

EXAMPLE = "skillkit show prepare_coffee --format svg -o tree.svg"


class Format(str, Enum):
    """How a tree is drawn."""

    text = "text"
    svg = "svg"


def show(
    task: TaskName,
    format: Annotated[Format, typer.Option("--format", help="How to draw it.")] = Format.text,
    output: Annotated[Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write there instead of to the terminal.")] = None,
    use: UseSkills = None,
    skills: SkillsFolder = None,
) -> int:
    """Draw a task's tree."""
    from skillkit import share, trees
    from skillkit.library import load_skills

    folder = skills_folder(skills)
    options = {name: skill.option() for name, skill in load_skills(folder, pairs(use, "--use")).items()}
    loaded = trees.load_task(share.find("tasks", task), options)
    drawing = trees.svg(loaded) if format is Format.svg else trees.show(loaded)
    if output is None:
        print(drawing)
    else:
        output.write_text(drawing + ("" if drawing.endswith("\n") else "\n"), encoding="utf-8")
    return 0
