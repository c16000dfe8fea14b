"""The tasks that come with skillkit: one arm's in physics, the handover over skills that do at once what they promise."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from skillkit.assembly import System, run_episode
from skillkit.assembly.worlds import simulated_world
from skillkit.cell import Cell
from skillkit.events import Started, Transition
from skillkit.execution import Execution
from skillkit.library import load_skills
from skillkit.option import Option, Situation, anywhere, never
from skillkit.pose import Pose
from skillkit.spaces import ArmState, CartesianDelta, Directive, Ending, ObjectState, Observation, Outcome
from skillkit.trees import Task, load_task

ROOT = Path(__file__).resolve().parents[2]
SKILLS = {name: skill.option() for name, skill in load_skills(ROOT / "skills").items()}
STEPS = 4


@dataclass
class Shelf:
    """Boxes at places; a skill moves what it promises to move when it ends."""

    places: dict[str, tuple[float, float, float]]
    sizes: dict[str, tuple[float, float, float]]
    held: dict[str, str] = field(default_factory=dict)  # arm → object

    def observation(self, time: float, arms: tuple[str, ...]) -> Observation:
        objects = {
            name: ObjectState(Pose.from_vector(place), np.array(self.sizes.get(name, (0.06, 0.06, 0.1))), 0.0, 0.0) for name, place in self.places.items()
        }
        return Observation(time, {arm: self._arm(arm) for arm in arms}, objects, {})

    def _arm(self, arm: str) -> ArmState:
        at = Pose.from_vector(self.places[self.held[arm]]) if arm in self.held else Pose.from_vector()
        opening, closure = (0.06, 1.0) if arm in self.held else (0.08, 0.0)
        return ArmState(np.zeros(7), np.zeros(7), at, at, Pose.from_vector(), opening, 0.08, closure, 0.0, 0.0, np.zeros(6))

    def done(self, skill: str, situation: Situation) -> None:
        arm, given = situation.roles["arm"], situation.parameters
        if skill == "grasp":
            self.held[arm] = given["object"]
        if skill in ("release", "set_down"):
            self.held.pop(arm, None)
        if skill in ("transport", "set_down"):
            x, y, z = self.places[given["to" if skill == "transport" else "on"]]
            top = z + 0.5 * self.sizes[given["to" if skill == "transport" else "on"]][2]
            self.places[given["object"]] = (x, y, top + 0.05 + (0.1 if skill == "transport" else 0.0))


class Prompt:
    """π that ends after some steps with what its skill promises done."""

    def __init__(self, skill: str, shelf: Shelf) -> None:
        self.skill, self.shelf, self.left = skill, shelf, STEPS

    def start(self, situation: Situation) -> None: ...

    def act(self, situation: Situation) -> Mapping[str, Directive] | Ending:
        self.left -= 1
        if not self.left:
            return Ending(Outcome.SUCCEEDED)
        if self.left == 1:  # so that it is seen when the skill ends
            self.shelf.done(self.skill, situation)
        return {"arm": CartesianDelta((0.001, 0.0, 0.0))}

    def snapshot(self) -> dict[str, Any]:
        return {"left": self.left}

    def restore(self, snapshot: Mapping[str, Any]) -> None:
        self.left = snapshot["left"]


def prompt(shelf: Shelf) -> dict[str, Option]:
    def made(name: str) -> Callable[[], Prompt]:
        return lambda: Prompt(name, shelf)

    return {name: replace(option, policy=made(name), initiation=anywhere, termination=never, hold_success=0.0) for name, option in SKILLS.items()}


def run(task: Task, shelf: Shelf, roles: Mapping[str, str]) -> tuple[Execution, list[Any]]:
    execution = Execution(task.option(prompt(shelf), tuple(roles)), {p.name: p.default for p in task.parameters}, roles)
    arms = tuple(roles.values())
    execution.begin(shelf.observation(0.0, arms), 0.0)
    events: list[Any] = []
    for tick in range(3000):
        execution.step(shelf.observation(tick * 0.01, arms), tick * 0.01)
        events.extend(execution.drain())
        if execution.ending is not None:
            break
    return execution, events


def test_pick_and_place_moves_a_cup_in_physics() -> None:
    cell, world = simulated_world(Cell.of_robot("panda"), "coffee", 3, {"cabinet_open": "true"})
    episode = run_episode(System.build(cell, "pick_and_place"), world, "pick_and_place", seed=3)
    assert episode.ending.outcome is Outcome.SUCCEEDED, episode.ending
    assert episode.success, episode.checks
    assert episode.checks == {"on(cup_1, tray)": True, "upright(cup_1)": True, "not grasped(cup_1)": True}


def test_tidy_table_puts_every_cup_on_the_tray_in_physics_and_leaves_furniture_alone() -> None:
    cell, world = simulated_world(Cell.of_robot("panda"), "table", 3)
    episode = run_episode(System.build(cell, "tidy_table"), world, "tidy_table", seed=3)
    assert episode.ending.outcome is Outcome.SUCCEEDED, episode.ending
    assert episode.success, episode.checks
    assert {check for check in episode.checks if check.startswith("on(")} == {"on(cup_1, tray)", "on(cup_2, tray)", "on(block, table)"}


def test_the_handover_uses_both_arms_in_order_and_neither_twice_at_once() -> None:
    places = {"table": (0.0, 0.0, 0.0), "tray": (0.4, 0.4, 0.02), "cup_1": (0.5, 0.0, 0.06), "cabinet": (0.5, 0.0, 0.2)}
    shelf = Shelf(places, {"table": (1.2, 1.2, 0.02), "tray": (0.3, 0.3, 0.02)})
    task = load_task(ROOT / "tasks" / "two_arm_handover.yaml", SKILLS)
    execution, events = run(task, shelf, {"left": "panda_l", "right": "panda_r"})
    assert execution.ending is not None
    assert execution.ending.outcome is Outcome.SUCCEEDED, execution.ending
    runs = [(event.path.rpartition("/")[2], event.start, event.start + event.duration) for event in events if isinstance(event, Transition)][:-1]
    arms = {event.path.rpartition("/")[2]: event.roles["arm"] for event in events if isinstance(event, Started) and event.option != task.name}
    assert [name for name, _, _ in runs] == ["take", "hold_out", "come", "take_over", "let_go", "carry_on", "set_down"]
    assert {name for name, arm in arms.items() if arm == "panda_l"} == {"take", "hold_out", "let_go"}
    for index, (name, begin, _) in enumerate(runs):
        others = [other for other, start, end in runs[:index] if start <= begin < end - 1e-9]
        assert all(arms[other] != arms[name] for other in others)
    assert shelf.held == {}


@pytest.mark.parametrize("path", sorted((ROOT / "tasks").glob("*.yaml")), ids=lambda path: path.stem)
def test_every_task_is_tested_here_or_with_the_skills(path: Path) -> None:
    tests = "".join(file.read_text() for folder in ("tasks", "skills") for file in (ROOT / "tests" / folder).glob("test_*.py"))
    assert path.stem in tests


def test_a_cell_of_one_arm_is_not_offered_a_task_for_two() -> None:
    cell = Cell.of_robot("panda")
    assert set(System.build(cell, also=("pick_and_place", "two_arm_handover")).options()) & {"pick_and_place", "two_arm_handover"} == {"pick_and_place"}


def test_a_task_whose_calls_all_name_their_arms_holds_only_these(tmp_path: Path) -> None:
    call = "skill: {reach: {object: table}}"
    for tree, held in ((f"{{{call}, arm: right}}", ("right",)), (f"{{sequence: [{{{call}, arm: right}}, {{{call}}}]}}", ("left", "right"))):
        (tmp_path / "one.yaml").write_text(f"task: one\ntree: {tree}\n")
        assert load_task(tmp_path / "one.yaml", SKILLS).held_of(("left", "right")) == held
