"""What a task's judge says of the true scene, which no part of the running system sees or touches."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from skillkit.assembly.system import arm_loop, roles_of
from skillkit.cell import Cell
from skillkit.option import Situation
from skillkit.runtime import Runtime
from skillkit.sim import World
from skillkit.sim.scene import Verdict
from skillkit.spaces import Observation
from skillkit.trees import Judge


def judged(judge: Judge, cell: Cell, world: World, parameters: Mapping[str, Any], elapsed: float = 0.0) -> Verdict:
    """The verdict on a scene as it is now.

    Args:
        parameters: those that the task ran with.
        elapsed: for how long it did [s].

    Raises:
        UnknownName: the scene has no such test.
    """
    if judge.when is None:
        return world.verdict(judge.test)
    roles = dict(zip(roles_of(cell), (arm.name for arm in cell.arms), strict=True))
    situation = Situation(truth(cell, world), roles, parameters, elapsed)
    reasons = {part.root.show(situation): bool(part.value(situation)) for part in judge.when.conjuncts}
    text = "; ".join(f"{part}: {'yes' if holds else 'NO'}" for part, holds in reasons.items())
    return Verdict(all(reasons.values()), reasons, text)


def truth(cell: Cell, world: World) -> Observation:
    """A simulated cell as skills would see it if they saw everything exactly."""
    seen = Runtime([arm_loop(arm) for arm in cell.arms], {}, world.sizes).step(world.inputs(0.0), 0.0).observation
    arms = {name: replace(arm, closure=world.drivers[name].closure) for name, arm in seen.arms.items()}
    objects = {name: replace(state, pose=world.object_pose(name), speed=world.object_speed(name)) for name, state in seen.objects.items()}
    return replace(seen, arms=arms, objects=objects)
