"""Goals become task files: the planned coffee is the hand-written one; what is not needed is left out; what cannot be is named."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("unified_planning")

from skillkit import expressions, share, trees
from skillkit.assembly import System
from skillkit.assembly.planned import PlannedTask, look, plan_task
from skillkit.assembly.worlds import simulated_world
from skillkit.cell import Cell
from skillkit.exceptions import InvalidFile, InvalidValue, UnknownName
from skillkit.expressions import parse
from skillkit.option import Parameter, Situation
from skillkit.planning import Action, Knowledge, Literal, NoPlan, Problem, ground_problem, load_knowledge, plan
from skillkit.pose import Pose, frozen
from skillkit.skill import Skill
from skillkit.spaces import ArmState, ObjectState, Observation

COFFEE = "on(cup_1, tray) and full(cup_1)"
BY_HAND = ["open_door", "grasp", "place", "press", "retreat", "grasp", "transport", "set_down"]


def planned(goal: str, options: Mapping[str, str] | None = None, without: tuple[str, str] = ("", "")) -> PlannedTask:
    """A plan for the nominal coffee scene; ``without`` is a skill and the text of an effect that it loses."""
    cell, world = simulated_world(Cell.of_robot("panda"), "coffee", None, options or {})
    system = System.build(cell)
    name, effect = without
    if name:
        skill = system.skills[name]
        system.skills = {**system.skills, name: replace(skill, effects=tuple(one for one in skill.effects if effect not in one.text))}
    return plan_task(system, goal, "planned", "coffee", look(system, world), {"arm": cell.arms[0].name})


def names(task: PlannedTask) -> list[str]:
    return [step.skill for step in task.steps]


def test_the_planned_coffee_takes_the_steps_of_the_hand_written_one() -> None:
    assert names(planned(COFFEE)) == BY_HAND


def test_with_the_cabinet_open_the_door_is_left_alone() -> None:
    assert names(planned(COFFEE, {"cabinet_open": "true"})) == BY_HAND[1:]


def test_a_goal_that_holds_already_needs_no_skill() -> None:
    task = planned("inside(cup_1, cabinet)")
    assert task.steps == ()
    assert "condition:" in task.text


def test_without_the_effect_that_fills_the_cup_there_is_no_plan_and_it_says_so() -> None:
    with pytest.raises(NoPlan, match=r"full\(cup_1\)") as found:
        planned(COFFEE, without=("press", "pressed"))
    assert found.value.unreachable == ("full(cup_1)",)


def test_a_goal_whose_parts_exclude_each_other_has_no_plan() -> None:
    with pytest.raises(NoPlan, match="cannot hold together"):
        planned("on(cup_1, tray) and grasped(cup_1)")


def test_a_goal_about_something_unseen_offers_what_is_seen() -> None:
    with pytest.raises(UnknownName, match="did you mean 'tray'"):
        planned("on(cup_1, tra)")


@pytest.mark.parametrize("goal", ["distance(cup_1, tray) < 5 cm", "distance(cup_1, tray)", "full("])
def test_a_goal_the_planner_cannot_use_is_refused_with_what_is_allowed(goal: str) -> None:
    with pytest.raises(InvalidValue, match="goal"):
        planned(goal)


def test_the_task_file_is_a_correct_task(tmp_path: Path) -> None:
    file = tmp_path / "planned.yaml"
    file.write_text(planned(COFFEE).text)
    options = {name: skill.option() for name, skill in System.build(Cell.of_robot("panda")).skills.items()}
    assert trees.check_task(file, options) == []
    assert trees.load_task(file, options).skills == tuple(dict.fromkeys(BY_HAND))


def test_the_plan_does_not_depend_on_the_order_of_hashes(tmp_path: Path) -> None:
    texts = set()
    for seed in ("1", "2"):
        file = tmp_path / "planned.yaml"
        command = [sys.executable, "-m", "skillkit", "plan", COFFEE, "-o", str(file)]
        subprocess.run(command, check=True, capture_output=True, env={**os.environ, "PYTHONHASHSEED": seed}, timeout=100)
        texts.add(file.read_text())
    assert len(texts) == 1


# -- the translation ------------------------------------------------------------------------------------------------------------------------


def observed(*things: str) -> Observation:
    six, pose = frozen([0.0] * 6), Pose.from_vector()
    arm = ArmState(six, six, pose, pose, pose, 0.08, 0.08, 0.0, 0.0, 0.0, six)
    seen = {name: ObjectState(Pose.from_vector((float(i), 0.0, 0.0)), frozen([0.1] * 3), 0.0, 0.0) for i, name in enumerate(things)}
    return Observation(0.0, {"panda": arm}, seen, {})


def toy(base: Skill, name: str, effects: list[str], preconditions: list[str]) -> Skill:
    parameter = Parameter("a", "object")
    read = {"a": parameter}
    return replace(
        base, name=name, parameters=(parameter,), initiation=None,
        preconditions=tuple(parse(text, read) for text in preconditions), effects=tuple(parse(text, read) for text in effects),
    )  # fmt: skip


@pytest.fixture(scope="module")
def base() -> Skill:
    return System.build(Cell.of_robot("panda")).skills["reach"]


def solve(skills: list[Skill], goal: str, *things: str, knowledge: Knowledge | None = None) -> list[tuple[str, str]]:
    found = ground_problem({one.name: one for one in skills}, parse(goal, {}), observed(*things), {"arm": "panda"}, knowledge or Knowledge())
    return [(step.skill, step.parameters["a"]) for step in plan(found)]


def test_any_under_not_means_none(base: Skill) -> None:
    press, release = toy(base, "press", ["pressed($a)"], []), toy(base, "release", ["not pressed($a)"], [])
    fill = toy(base, "fill", ["full($a)"], ["not pressed(any)"])
    assert solve([press, release, fill], "full(x)", "x", "y") == [("fill", "x")]
    needs = toy(base, "fill", ["full($a)"], ["pressed(any)"])
    assert solve([press, release, needs], "full(x) and not pressed(x) and not pressed(y)", "x", "y")[-1][0] == "release"


def test_an_effect_with_any_is_about_everything(base: Skill) -> None:
    fill, spill = toy(base, "fill", ["full($a)"], []), toy(base, "spill", ["not full(any)", "pressed($a)"], [])
    steps = solve([fill, spill], "full(x) and full(y) and pressed(x)", "x", "y")
    assert steps[0][0] == "spill"
    assert sorted(steps[1:]) == [("fill", "x"), ("fill", "y")]


def test_kinds_and_parts_come_from_the_scene(base: Skill) -> None:
    press = toy(base, "press", ["pressed($a)"], ["is_a($a, button)"])
    assert solve([press], "pressed(x)", "x", knowledge=Knowledge({"x": frozenset(["button"])})) == [("press", "x")]
    with pytest.raises(NoPlan):
        solve([press], "pressed(x)", "x")


def test_a_plan_is_no_longer_than_it_must_be() -> None:
    a, b, c = (Literal(name, True) for name in "abc")
    actions = [
        Action("long", {"a": "1"}, frozenset(), frozenset([a])),
        Action("on", {}, frozenset([a]), frozenset([b])),
        Action("short", {}, frozenset(), frozenset([b])),
    ]
    steps = plan(Problem((*actions, Action("last", {}, frozenset([b]), frozenset([c]))), frozenset(), (frozenset([c]),)))
    assert [step.skill for step in steps] == ["short", "last"]


def test_the_scene_file_that_came_with_us_is_correct() -> None:
    found = load_knowledge(share.find("scenes", "coffee"))
    assert found.holds("is_a", ("tray", "surface"))
    assert found.holds("part_of", ("dispenser_spot", "dispenser"))
    assert found.holds("on", ("cup_1", "tray")) is None


def test_every_fault_of_a_scene_file_is_found_at_its_place(tmp_path: Path) -> None:
    file = tmp_path / "s.yaml"
    file.write_text("scene: s\nkind: {}\nparts: {a: 3}\nconsequences:\n  - {when: full(any)}\n  - {when: 'ful(any)', then: 'full(any)'}\n")
    with pytest.raises(InvalidFile) as found:
        load_knowledge(file)
    assert [(p.line, p.code) for p in found.value.problems] == [(2, "unknown-word"), (3, "wrong-type"), (5, "wrong-type"), (6, "expression")]


def test_what_a_thing_is_cannot_be_asked_at_run_time() -> None:
    asked = expressions.parse("is_a(x, cup)")
    situation = Situation(observed("x"), {"arm": "panda"})
    assert not asked.truth(situation)
    assert "declared by the scene" in asked.explain(situation)


def test_the_command_exits_1_without_a_plan_and_2_for_a_wrong_goal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from skillkit.cli.app import call

    skills = tmp_path / "skills"
    shutil.copytree(share.folders("skills")[0], skills)
    text = (skills / "press" / "skill.yaml").read_text()
    (skills / "press" / "skill.yaml").write_text(text.replace("effects: [pressed($button)]\n", ""))
    assert call(["plan", COFFEE, "--skills", str(skills)]) == 1
    assert "full(cup_1)" in capsys.readouterr().err
    assert call(["plan", "on(cup_1, trai)"]) == 2
    assert call(["plan", "full(cup_1)", "-o", str(tmp_path / "mine.yaml"), "--json"]) == 0
    assert (tmp_path / "mine.yaml").read_text().startswith("task: mine\n")
