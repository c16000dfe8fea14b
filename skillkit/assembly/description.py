"""What a run was made of, as files: attached to every bag, and enough, with the skills, to build the same runtime again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from skillkit import __version__
from skillkit.assembly.system import System
from skillkit.bags import BagError
from skillkit.cell import Cell, CellArm
from skillkit.embodiment import Embodiment
from skillkit.pose import Array, Pose, frozen
from skillkit.spaces import NOTHING
from skillkit.surroundings import Surroundings
from skillkit.trees import load_task

RUN_FILE = "run.json"


@dataclass(frozen=True)
class Description:
    """A run's make-up.

    Attributes:
        run: task, cell, sizes, skill digests, seed …: plain JSON values.
        files: name → content of URDF, robot model, task and skill files.
    """

    run: Mapping[str, Any]
    files: Mapping[str, bytes]

    @classmethod
    def of(cls, system: System, sizes: Mapping[str, Array], **details: Any) -> Description:
        """The description of a system; ``details`` (seed, scene …) are kept as they are."""
        files: dict[str, bytes] = {}
        for arm in system.cell.arms:
            files.update(_robot_files(arm.embodiment))
        for task in system.tasks.values():
            files.update({f"tasks/{Path(path).name}": Path(path).read_bytes() for path in task.files})
        files.update(cls.skill_files(system))
        skills, tasks = system.digests()
        run = {
            "skillkit": __version__,
            "cell": {"name": system.cell.name, "arms": [_plain(arm) for arm in system.cell.arms]},
            "tasks": {name: Path(task.files[0]).name for name, task in system.tasks.items()},
            "task_digests": tasks,
            "skills": skills,
            "sizes": {name: np.asarray(size).tolist() for name, size in sizes.items()},
            **details,
        }
        return cls(run, files)

    @staticmethod
    def skill_files(system: System) -> dict[str, bytes]:
        """The text files of every skill, by the name of their attachment."""
        files: dict[str, bytes] = {}
        for name, skill in system.skills.items():
            for path in sorted(skill.folder.glob("*")):
                if path.suffix in (".yaml", ".py", ".md"):
                    files[f"skills/{name}/{path.name}"] = path.read_bytes()
        return files

    def attachments(self) -> dict[str, bytes]:
        """Everything as files, ``run.json`` first."""
        return {RUN_FILE: json.dumps(self.run, indent=1, sort_keys=True).encode(), **self.files}

    @classmethod
    def from_attachments(cls, attachments: Mapping[str, bytes]) -> Description:
        """The inverse of :meth:`attachments`.

        Raises:
            BagError: the bag does not say what it was made of.
        """
        try:
            run = json.loads(attachments[RUN_FILE])
            _ = run["cell"]["arms"], run["tasks"], run["skills"], run["sizes"]
        except (KeyError, ValueError, TypeError):
            raise BagError(
                "this bag holds no usable run.json: it was not recorded by skillkit, or its beginning is lost; 'skillkit info', 'find' and 'play' read it"
            ) from None
        return cls(run, {name: data for name, data in attachments.items() if name != RUN_FILE})

    def sizes(self) -> dict[str, Array]:
        """Full extents of the objects (3,) [m]."""
        return {name: frozen(size) for name, size in self.run["sizes"].items()}

    def write_to(self, folder: Path) -> None:
        """Lay the files out below ``folder``; names that would leave it are refused."""
        for name, data in self.files.items():
            parts = PurePosixPath(name).parts
            if not parts or ".." in parts or name.startswith("/") or "\\" in name or ":" in name:
                raise BagError(f"the attachment '{name}' has a name that leaves its folder")
            target = folder.joinpath(*parts)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)

    def cell_in(self, folder: Path) -> Cell:
        """The cell, from files laid out by :meth:`write_to`."""
        arms = [_arm(arm, Embodiment.load(folder / "urdf" / f"{arm['model']}.yaml")) for arm in self.run["cell"]["arms"]]
        return Cell(str(self.run["cell"]["name"]), tuple(arms))

    def tasks_in(self, folder: Path, system: System) -> None:
        """Load the recorded tasks into a system."""
        options = system.skill_options()
        for name, file in self.run["tasks"].items():
            system.tasks[name] = load_task(folder / "tasks" / PurePosixPath(file).name, options)


def _plain(arm: CellArm) -> dict[str, Any]:
    avoid = {} if arm.avoid is None else {"avoid": arm.avoid.plain()}
    return {"name": arm.name, "model": arm.embodiment.name, "base": list(arm.base.values()), **avoid}


def _arm(arm: Mapping[str, Any], embodiment: Embodiment) -> CellArm:
    avoid = Surroundings.from_plain(arm["avoid"]) if "avoid" in arm else None
    return CellArm(str(arm["name"]), embodiment, Pose.from_values(arm["base"]), avoid=avoid)


def _robot_files(model: Embodiment) -> dict[str, bytes]:
    if model.model_file is None:
        return {}
    return {f"urdf/{model.name}.yaml": model.model_file.read_bytes(), f"urdf/{model.urdf.name}": model.urdf.read_bytes()}


def changed_skills(recorded: Mapping[str, str], now: Mapping[str, str] = NOTHING) -> list[str]:
    """Skills whose folder is not what it was when the bag was recorded."""
    return sorted(name for name, digest in recorded.items() if now.get(name) != digest)
