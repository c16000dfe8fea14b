"""Names → a system: the arms of a cell, the skills, the tasks, and the runtime over them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from skillkit import compiled, share, teleop
from skillkit.arm import ArmLoop
from skillkit.braking import JointLimits
from skillkit.cell import Cell, CellArm
from skillkit.kinematics import ArmKinematics, CartesianController, Collisions
from skillkit.library import load_skills
from skillkit.option import Option
from skillkit.pose import Array
from skillkit.runtime import Runtime
from skillkit.safety import SafetyGate
from skillkit.skill import Skill
from skillkit.spaces import NOTHING
from skillkit.trees import Task, load_task
from skillkit.wrench import Touch


@dataclass
class System:
    """Everything a runtime is made of.

    Attributes:
        skills: by name; every one of them is an option that a goal may name.
        tasks: by name, as loaded so far; options too.
        compiled: controllers and gates run in machine code, see :mod:`skillkit.compiled`.
    """

    cell: Cell
    skills: Mapping[str, Skill]
    tasks: dict[str, Task] = field(default_factory=dict)
    compiled: bool = field(default_factory=compiled.chosen)

    @classmethod
    def build(
        cls,
        cell: Cell,
        *tasks: str | Path,
        skills: str | Path | Sequence[Path] | None = None,
        use: Mapping[str, str | Path] = NOTHING,
        also: Sequence[str | Path] = (),
    ) -> System:
        """A system for a cell with the tasks of these names or files.

        Args:
            also: further tasks, left out where the cell lacks an arm that they name.
            skills: the folder of skill folders; all that are found, if left out.
            use: skill name → another folder to take it from.

        Raises:
            UnknownName, InvalidFile: with everything that is wrong.
        """
        system = cls(cell, load_skills(skills or share.folders("skills"), use))
        for task in tasks:
            system.add_task(task)
        for task in also:
            name = system.add_task(task).name
            if not set(system.tasks[name].arms) <= set(system.roles):
                del system.tasks[name]
        return system

    def digests(self) -> tuple[dict[str, str], dict[str, str]]:
        """Of the folders of all skills, and of the files of all tasks."""
        return {name: skill.digest for name, skill in self.skills.items()}, {name: task.digest for name, task in self.tasks.items()}

    @property
    def roles(self) -> tuple[str, ...]:
        """See :func:`roles_of`."""
        return roles_of(self.cell)

    def add_task(self, name_or_file: str | Path) -> Task:
        """Load and check a task against the skills that are there."""
        task = load_task(share.find("tasks", name_or_file), self.skill_options())
        self.tasks[task.name] = task
        return task

    def skill_options(self) -> dict[str, Option]:
        """Every skill as an option."""
        return {name: skill.option() for name, skill in self.skills.items()}

    def options(self) -> dict[str, Option]:
        """Every skill and task as an option."""
        skills = self.skill_options()
        by_hand = teleop.options([arm.name for arm in self.cell.arms])
        return {**skills, **by_hand, **{name: task.option(skills, task.held_of(self.roles)) for name, task in self.tasks.items()}}

    def runtime(self, sizes: Mapping[str, Array] = NOTHING, second_goal: str = "refuse") -> Runtime:
        """A fresh runtime; ``sizes`` are the full extents (3,) [m] of the objects that will be seen; for ``second_goal`` see :class:`Runtime`."""
        return Runtime([arm_loop(arm, self.compiled) for arm in self.cell.arms], self.options(), sizes, second_goal)


def roles_of(cell: Cell) -> tuple[str, ...]:
    """What tasks call the arms of a cell: ``arm`` where there is one, else their names."""
    return ("arm",) if len(cell.arms) == 1 else tuple(arm.name for arm in cell.arms)


def arm_loop(arm: CellArm, fast: bool = False) -> ArmLoop:
    """The control loop of one arm of a cell; ``fast``: in machine code, but for a controller that has to keep clear of things."""
    model, rate, limits = arm.embodiment, arm.embodiment.control_rate, JointLimits
    if arm.avoid is None:
        controller = CartesianController(model, rate)
    else:
        around = arm.avoid
        controller = CartesianController(model, rate, Collisions(model, around.boxes, around.workspace, around.touching), around.margin)
    if fast:
        from skillkit.compiled.limits import CompiledLimits as limits
        from skillkit.kinematics.compiled_control import CompiledController

        controller = CompiledController(model, rate) if arm.avoid is None else controller
    gate, touch = SafetyGate(model, rate, limits=limits), Touch(arm.hardware.wrench)
    return ArmLoop(arm.name, model, arm.base, ArmKinematics(model), controller, gate, touch)
