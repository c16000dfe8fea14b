"""``skillkit show``: a task's tree as text, as a picture, as a graph, or as XML for other tools."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from skillkit.cli.arguments import SkillsFolder, TaskName, UseSkills, pairs, skills_folder
from skillkit.cli.output import say

EXAMPLE = "skillkit show prepare_coffee --format svg -o tree.svg"


class Format(str, Enum):
    """How a tree is drawn."""

    text = "text"
    svg = "svg"
    dot = "dot"
    mermaid = "mermaid"
    xml = "xml"


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
    draw = {Format.text: trees.show, Format.svg: trees.svg, Format.dot: trees.dot, Format.mermaid: trees.mermaid, Format.xml: trees.xml}[format]
    drawing = draw(loaded)
    if output is None:
        say(drawing)
    else:
        output.write_text(drawing + ("" if drawing.endswith("\n") else "\n"), encoding="utf-8")
    return 0
