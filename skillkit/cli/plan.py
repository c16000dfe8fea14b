"""``skillkit plan``: a goal in words becomes a task file that reaches it from the scene as it is."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from skillkit.cli.arguments import AsJson, SkillsFolder, UseSkills, pairs, skills_folder
from skillkit.cli.output import print_json, say
from skillkit.exceptions import InvalidValue

if TYPE_CHECKING:
    from skillkit.assembly.planned import PlannedTask

EXAMPLE = 'skillkit plan "on(cup_1, tray) and full(cup_1)" -o my_coffee.yaml'


def plan(
    goal: Annotated[str, typer.Argument(metavar="GOAL", help="What must hold at the end, an expression.")],
    output: Annotated[Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write the task there instead of to the terminal.")] = None,
    robot: Annotated[str, typer.Option("--robot", metavar="ROBOT", help="A robot model's name, or the path of its YAML.")] = "panda",
    scene: Annotated[str, typer.Option("--scene", metavar="SCENE", help="The simulated scene to start from.")] = "coffee",
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of the scene.")] = 0,
    options: Annotated[
        list[str] | None, typer.Option("--scene-option", metavar="NAME=VALUE", help="An option of the scene, such as cabinet_open=true.")
    ] = None,
    use: UseSkills = None,
    skills: SkillsFolder = None,
    as_json: AsJson = False,
) -> int:
    """Plan a task from the skills' declared conditions and effects. Exit 1 where no plan exists."""
    from skillkit.assembly import System
    from skillkit.assembly.planned import look, plan_task
    from skillkit.assembly.worlds import simulated_world
    from skillkit.cell import Cell

    name = output.stem if output is not None else "planned"
    if not re.fullmatch(r"[A-Za-z0-9_-]+", name):
        raise InvalidValue("--output", str(output), "a file name of letters, digits, '_' and '-': it names the task")
    cell, world = simulated_world(Cell.of_robot(robot), scene, seed, pairs(options, "--scene-option"))
    system = System.build(cell, skills=skills_folder(skills), use=pairs(use, "--use"))
    return _report(lambda: plan_task(system, goal, name, scene, look(system, world), {"arm": cell.arms[0].name}), goal, output, as_json)


def _report(make: Callable[[], PlannedTask], goal: str, output: Path | None, as_json: bool) -> int:
    from skillkit.planning import NoPlan

    try:
        planned = make()
    except NoPlan as error:
        if as_json:
            print_json({"goal": goal, "found": False, "reason": str(error), "unreachable": list(error.unreachable), "steps": [], "file": ""})
        else:
            say(f"skillkit: {error}", error=True)
        return 1
    if output is not None:
        output.write_text(planned.text, encoding="utf-8")
    if as_json:
        steps = [{"skill": step.skill, "with": dict(step.parameters)} for step in planned.steps]
        print_json({"goal": goal, "found": True, "reason": "", "unreachable": [], "steps": steps, "file": str(output or "")})
    elif output is None:
        print(planned.text, end="")
    else:
        print(f"{output}: {len(planned.steps)} skills; run it: skillkit run {output}")
    return 0
