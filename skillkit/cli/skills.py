"""``skillkit skills``: what the arms can be asked to do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from skillkit.cli.arguments import AsJson, SkillsFolder, UseSkills, pairs, skills_folder
from skillkit.cli.output import print_json, print_table

if TYPE_CHECKING:
    from skillkit.option import Parameter
    from skillkit.skill import Skill

EXAMPLE = "skillkit skills --json"


def skills(skills: SkillsFolder = None, use: UseSkills = None, as_json: AsJson = False) -> int:
    """List the skills: what each does, its parameters, rate and time limit."""
    from skillkit.library import load_skills

    loaded = load_skills(skills_folder(skills), pairs(use, "--use"))
    if as_json:
        print_json([_details(skill) for skill in loaded.values()])
    else:
        rows = [
            [skill.name, skill.description, ", ".join(map(_short, skill.parameters)), f"{skill.rate:g} Hz", f"{skill.time_limit:g} s"]
            for skill in loaded.values()
        ]
        print_table(("skill", "what it does", "parameters", "rate", "limit"), rows)
    return 0


def _short(parameter: Parameter) -> str:
    unit = f" {parameter.unit}" if parameter.unit else ""
    return parameter.name if parameter.default is None else f"{parameter.name}={parameter.default}{unit}"


def _details(skill: Skill) -> dict[str, Any]:
    return {
        "skill": skill.name,
        "description": skill.description,
        "parameters": [
            {
                "name": parameter.name,
                "type": parameter.type,
                "unit": parameter.unit,
                "minimum": parameter.minimum,
                "maximum": parameter.maximum,
                "default": parameter.default,
                "choices": list(parameter.choices),
                "description": parameter.description,
            }
            for parameter in skill.parameters
        ],
        "roles": list(skill.roles),
        "rate_hz": skill.rate,
        "time_limit_s": skill.time_limit,
        "initiation": skill.initiation.text if skill.initiation else "",
        "success": skill.success.text,
        "effects": [effect.text for effect in skill.effects],
        "folder": str(skill.folder),
        "digest": skill.digest,
    }
