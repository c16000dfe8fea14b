"""The fifty manipulation tasks of Meta-World (Yu et al., "Meta-World: A Benchmark and Evaluation for Multi-Task and Meta Reinforcement Learning",
CoRL 2019), and the scripted experts that come with them.

Observations and actions are free of arms already: tool position and closure, poses of up to two objects, the same one step earlier, and the goal
[m]; an action is a Cartesian delta of the tool in units of the task's own scale and a gripper command, each in [−1, 1].
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from skillkit.exceptions import SkillkitError, UnknownName

if TYPE_CHECKING:
    from skillkit.pose import Array

MISSING = "metaworld is not installed; run: pip install 'skillkit[metaworld]' && pip install --no-deps metaworld==3.1.1"
LIMIT = 500  # steps of an episode
RATE = 80.0  # [Hz] five physics steps of 2.5 ms each
EXPERT = "scripted expert of Meta-World"
LICENCE = "MIT"
SIZE, ACTIONS = 39, 4
_FRAME = (
    "tool_x", "tool_y", "tool_z", "closure", *(f"first_{word}" for word in ("x", "y", "z", "qx", "qy", "qz", "qw")),
    *(f"second_{word}" for word in ("x", "y", "z", "qx", "qy", "qz", "qw")),
)  # fmt: skip
NAMES = (*_FRAME, *(f"before_{word}" for word in _FRAME), "goal_x", "goal_y", "goal_z")
ACTION_NAMES = ("dx", "dy", "dz", "closure")
MT10 = (
    "reach-v3", "push-v3", "pick-place-v3", "door-open-v3", "drawer-open-v3", "drawer-close-v3", "button-press-topdown-v3",
    "peg-insert-side-v3", "window-open-v3", "window-close-v3",
)  # fmt: skip
INSTRUCTIONS = {
    "assembly-v3": "pick up the wrench and put its ring over the peg",
    "basketball-v3": "throw the ball into the basket",
    "bin-picking-v3": "take the object out of one bin and put it into the other",
    "box-close-v3": "grasp the lid and close the box with it",
    "button-press-topdown-v3": "press the button from above",
    "button-press-topdown-wall-v3": "press the button from above, over the wall",
    "button-press-v3": "press the button from the front",
    "button-press-wall-v3": "press the button behind the wall from the front",
    "coffee-button-v3": "press the button of the coffee machine",
    "coffee-pull-v3": "pull the mug away from the coffee machine",
    "coffee-push-v3": "push the mug under the coffee machine",
    "dial-turn-v3": "turn the dial half way round",
    "disassemble-v3": "pick the ring off the peg",
    "door-close-v3": "push the door shut",
    "door-lock-v3": "lock the door by turning its lock",
    "door-open-v3": "pull the door open by its handle",
    "door-unlock-v3": "unlock the door by turning its lock back",
    "drawer-close-v3": "push the drawer shut",
    "drawer-open-v3": "pull the drawer open by its handle",
    "faucet-close-v3": "turn the handle of the faucet to close it",
    "faucet-open-v3": "turn the handle of the faucet to open it",
    "hammer-v3": "pick up the hammer and drive the nail in with it",
    "hand-insert-v3": "put the gripper down into the hole",
    "handle-press-side-v3": "press the handle down from the side",
    "handle-press-v3": "press the handle down",
    "handle-pull-side-v3": "pull the handle up from the side",
    "handle-pull-v3": "pull the handle up",
    "lever-pull-v3": "pull the lever up",
    "peg-insert-side-v3": "pick up the peg and insert it into the hole at the side",
    "peg-unplug-side-v3": "pull the peg out of the hole at the side",
    "pick-out-of-hole-v3": "pick the object out of the hole",
    "pick-place-v3": "pick up the object and bring it to the goal",
    "pick-place-wall-v3": "pick up the object and bring it over the wall to the goal",
    "plate-slide-back-side-v3": "slide the plate back out of the cabinet, sideways",
    "plate-slide-back-v3": "slide the plate back out of the cabinet",
    "plate-slide-side-v3": "slide the plate into the cabinet, sideways",
    "plate-slide-v3": "slide the plate into the cabinet",
    "push-back-v3": "pull the object back to the goal",
    "push-v3": "push the object to the goal",
    "push-wall-v3": "push the object round the wall to the goal",
    "reach-v3": "reach the goal",
    "reach-wall-v3": "reach the goal behind the wall",
    "shelf-place-v3": "pick up the object and place it on the shelf",
    "soccer-v3": "kick the ball into the goal",
    "stick-pull-v3": "pick up the stick and pull the box with it",
    "stick-push-v3": "pick up the stick and push the box with it",
    "sweep-into-v3": "sweep the object into the hole",
    "sweep-v3": "sweep the object off the table",
    "window-close-v3": "slide the window shut",
    "window-open-v3": "slide the window open",
}
MT50 = tuple(INSTRUCTIONS)
SETS = {"mt10": MT10, "mt50": MT50}


class Reached(NamedTuple):
    """What one step led to."""

    observation: Array  # (39,)
    success: bool


class BenchmarkTask:
    """One task, made once and reset to any number of seeds; the seed draws its objects and its goal.

    Raises:
        UnknownName: no such task. SkillkitError: metaworld is not installed.
    """

    def __init__(self, name: str) -> None:
        if name not in INSTRUCTIONS:
            raise UnknownName("task of Meta-World", name, INSTRUCTIONS)
        warnings.filterwarnings("ignore", module=r"metaworld\.|gymnasium\.")  # one at every step of some experts
        try:
            from metaworld.env_dict import ALL_V3_ENVIRONMENTS_GOAL_OBSERVABLE
            from metaworld.policies import ENV_POLICY_MAP
        except ImportError:
            raise SkillkitError(MISSING) from None
        self.name = name
        self._made: Any = ALL_V3_ENVIRONMENTS_GOAL_OBSERVABLE[f"{name}-goal-observable"](seed=0)
        self._made._freeze_rand_vec, self._made.seeded_rand_vec = False, True
        self._expert: Any = ENV_POLICY_MAP[name]()

    def reset(self, seed: int) -> Array:
        """(39,) the first observation of an episode."""
        self._made.seed(seed)
        observation, _ = self._made.reset()
        return np.asarray(observation, dtype=np.float64)

    def step(self, action: Array) -> Reached:
        """One step with an action (4,), cut to [−1, 1]."""
        observation, _, _, _, details = self._made.step(np.clip(action, -1.0, 1.0))
        return Reached(np.asarray(observation, dtype=np.float64), bool(details["success"] >= 1.0))

    def expert(self, observation: Array) -> Array:
        """(4,) what the scripted expert does here, cut to [−1, 1]."""
        own = observation.copy()  # some experts move the things they see about in place
        return np.clip(np.asarray(self._expert.get_action(own), dtype=np.float64), -1.0, 1.0)


def task_names(word: str) -> tuple[str, ...]:
    """``mt10``, ``mt50``, or names joined by commas, with or without their ``-v3``.

    Raises:
        UnknownName: one of them is no task.
    """
    if word in SETS:
        return SETS[word]
    names = tuple(name if name.endswith("-v3") else f"{name}-v3" for name in word.split(","))
    for name in names:
        if name not in INSTRUCTIONS:
            raise UnknownName("task of Meta-World", name, (*INSTRUCTIONS, *SETS))
    return names
