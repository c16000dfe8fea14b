"""``skillkit schema``: JSON Schema of a task, skill or robot file, for editors; made from the words that the readers check."""

from __future__ import annotations

from enum import Enum
from typing import Annotated, Any

import typer

from skillkit.cli.arguments import SkillsFolder, skills_folder
from skillkit.cli.output import print_json

EXAMPLE = "skillkit schema task > task.schema.json"


class Kind(str, Enum):
    """What kind of file."""

    task = "task"
    skill = "skill"
    robot = "robot"


def schema(kind: Annotated[Kind, typer.Argument(help="Whose schema.")], skills: SkillsFolder = None) -> int:
    """Print the JSON Schema of a kind of file."""
    print_json(_task(skills) if kind is Kind.task else document(kind))
    return 0


def _task(skills: Any) -> dict[str, Any]:
    from skillkit.library import load_skills
    from skillkit.trees import task_schema

    return task_schema({name: skill.option() for name, skill in load_skills(skills_folder(skills)).items()})


def document(kind: Kind) -> dict[str, Any]:
    """The schema of a skill or robot file."""
    from skillkit import embodiment
    from skillkit.skill_schema import skill_schema

    return skill_schema() if kind is Kind.skill else embodiment.robot_schema()
