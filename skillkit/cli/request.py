"""What one episode is made of, in words: small enough to hand to another process."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Request:
    """One episode to run.

    Attributes:
        robot: name or YAML of a robot model; used where ``cell`` is empty.
        task_name, cell_name: what they are called, once they were looked up.
        use: skill name → folder to take it from.
        parameters: of the task.
        scene: the scene's options by name.
        hardware: on the real arms of the cell; speed: share of their velocity limits.
        answers: of the operator, by label or path of the question; typed: others may be asked for at the terminal.
        bag, picture, checkpoint: where to write them; empty for not at all. also: patterns of topics that the bag is to hold too.
        resume: checkpoint of a run to go on with; empty to begin one.
    """

    task: str
    robot: str
    cell: str
    seed: int
    use: Mapping[str, str] = field(default_factory=dict)
    skills: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    scene: Mapping[str, str] = field(default_factory=dict)
    bag: str = ""
    also: tuple[str, ...] = ()
    picture: str = ""
    checkpoint: str = ""
    resume: str = ""
    task_name: str = ""
    cell_name: str = ""
    hardware: bool = False
    speed: float = 1.0
    answers: Mapping[str, str] = field(default_factory=dict)
    typed: bool = False


def bag_paths(wanted: str, seeds: list[int]) -> list[str]:
    """The bag of each episode: ``wanted`` for one, ``wanted`` with ``-seedN`` for more; empty when none is wanted."""
    if not wanted or len(seeds) == 1:
        return [wanted] * len(seeds)
    path = Path(wanted)
    return [str(path.with_name(f"{path.stem}-seed{seed}{path.suffix or '.mcap'}")) for seed in seeds]


PICTURE, PAGE = ".png", ".html"  # what stands beside a bag, under its name


def free_path(folder: Path, stem: str, suffix: str) -> Path:
    """``stem`` in ``folder``, or ``stem-2``, ``stem-3`` … : bags are never overwritten."""
    path, number = folder / f"{stem}{suffix}", 2
    while any(path.with_suffix(kind).exists() for kind in (suffix, PICTURE, PAGE)):
        path, number = folder / f"{stem}-{number}{suffix}", number + 1
    return path
