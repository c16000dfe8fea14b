"""Makes the pictures in ``docs/images``: the coffee scene after a run, and the task's tree.

python docs/generate.py
"""

from __future__ import annotations

import os
from pathlib import Path

os.environ.setdefault("MUJOCO_GL", "egl")

from skillkit import trees
from skillkit.assembly import System, run_episode
from skillkit.assembly.worlds import simulated_world
from skillkit.cell import Cell

IMAGES = Path(__file__).resolve().parent / "images"
TASK, SCENE, SEED = "prepare_coffee", "coffee", 3


def main() -> None:
    """Run the task once; draw what it left, and its tree."""
    IMAGES.mkdir(exist_ok=True)
    cell, world = simulated_world(Cell.of_robot("panda"), SCENE, SEED)
    system = System.build(cell, TASK)
    episode = run_episode(system, world, TASK, seed=SEED)
    if not episode.success:
        raise SystemExit(f"seed {SEED} of {TASK} is no success: {episode.ending}")
    world.picture(IMAGES / "coffee.png", width=800, height=600)
    (IMAGES / f"{TASK}.svg").write_text(trees.svg(system.tasks[TASK]) + "\n", encoding="utf-8")
    for path in sorted(IMAGES.iterdir()):
        print(f"{path.relative_to(IMAGES.parent.parent)}: {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
