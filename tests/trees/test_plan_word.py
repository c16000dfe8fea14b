"""``plan`` and ``recover``: what is asked of the world outside, and what is done with its answer."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from scripted import SKILLS, Bench, observation, scripted

from skillkit.execution import Execution
from skillkit.option import Initiation, Option
from skillkit.spaces import Answer, Observation
from skillkit.trees import Task, TreePolicy, check_task, load_task, no_plan_text, plan_text

GOAL = "signal(a) > 0.5"
PLAN = "t/plan"  # path of a plan that stands first in a sequence


class Asked(Bench):
    """A bench with answers: text by tick at which it is given, to the node at ``PLAN``."""

    def __init__(self, task: Task, answers: Mapping[int, str] | None = None, **more: Any) -> None:
        self.answers = dict(answers or {})
        super().__init__(task, **more)

    def _observation(self) -> Observation:
        given = [Answer(text, tick + 1) for tick, text in sorted(self.answers.items()) if tick <= self.tick]
        return replace(super()._observation(), answers={PLAN: given[-1]} if given else {})


def sequence(goal: str = GOAL, beside: str = "") -> str:
    return f"{{sequence: [{{plan: {goal}, label: plan{beside}}}, {{skill: s1S, label: last}}]}}"


def later(time: float) -> dict[str, float]:
    return {"a": 1.0 if time >= 0.3 else 0.0}


def test_a_goal_that_holds_needs_no_plan(task: Callable[..., Task]) -> None:
    one = Asked(task(sequence()), signals=lambda _: {"a": 1.0})
    one.step()
    assert one.policy.questions() == []
    one.run()
    assert one.runs() == [("last", "SUCCEEDED")]


def test_a_goal_is_a_question_with_its_parameters_filled_in(task: Callable[..., Task]) -> None:
    header = "parameters: {cup: {type: object}, far: {type: number, unit: m}}"
    one = Asked(task(sequence('"on($cup, tray) and distance($cup, tray) < $far"'), header), parameters={"cup": "mug", "far": 0.25})
    one.step()
    [question] = one.policy.questions()
    assert (question.path, question.since) == (PLAN, 0.0)
    assert question.wanted is not None
    assert (question.wanted.goal, question.wanted.arm) == ("on(mug, tray) and distance(mug, tray) < 0.25 m", "panda")


def test_the_plan_that_arrives_is_carried_out_and_the_goal_judged(task: Callable[..., Task]) -> None:
    plan = plan_text([("s8S", {"object": "cup"}), ("s1S", {})])
    one = Asked(task(sequence()), {7: plan}, signals=later)
    one.run()
    assert one.runs() == [("s8S", "SUCCEEDED"), ("s1S", "SUCCEEDED"), ("plan", "SUCCEEDED"), ("last", "SUCCEEDED")]
    nothing_changes = Asked(task(sequence()), {7: plan})
    ending = nothing_changes.run()
    assert ending is not None
    assert "the plan was carried out, but its goal does not hold" in ending.reason


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (no_plan_text("nothing leads there"), "plan: FAILED: nothing leads there"),
        (plan_text([("s1s", {})]), "unknown skill 's1s'"),
        ("yes", "what arrived is no plan: yes"),
        ("[]", "what arrived is no plan"),
        ('{"steps": [["s1S"]]}', "what arrived is no plan"),
        (plan_text([("s1S", {"speed": 3})]), "speed"),
        (plan_text([("s3F", {})]), "script 3F"),
        (plan_text([]), "its goal does not hold"),
    ],
)
def test_what_is_no_way_to_the_goal_is_a_failure_with_its_reason(task: Callable[..., Task], answer: str, says: str) -> None:
    one = Asked(task(sequence()), {3: answer})
    ending = one.run()
    assert ending is not None
    assert (ending.outcome.value, says in ending.reason) == ("FAILED", True), ending.reason


def test_a_plan_that_does_not_arrive_in_time_is_not_waited_for(task: Callable[..., Task]) -> None:
    one = Asked(task(sequence(beside=", budgets: {find: 0.5 s}")), {60: plan_text([])})
    ending = one.run()
    assert ending is not None
    assert "TIMED_OUT: no plan arrived within 0.5 s" in ending.reason
    assert one.now == pytest.approx(0.51)


def test_only_answers_that_come_after_the_question_count(task: Callable[..., Task]) -> None:
    one = Asked(task("{sequence: [{wait: 0.2 s}, {plan: signal(a) > 0.5, label: plan}]}"), {5: no_plan_text("old")}, signals=later)
    one.answers[40] = plan_text([("s1S", {})])
    one.run()
    assert one.runs()[0] == ("s1S", "SUCCEEDED")


@pytest.mark.parametrize("at", [4, 20])
def test_a_restored_plan_goes_on_as_the_original(task: Callable[..., Task], at: int) -> None:
    made = task(sequence())
    one = Asked(made, {7: plan_text([("s8S", {}), ("s1S", {})])}, signals=later)
    while one.tick < at:
        one.step()
    two = Asked(made, one.answers, signals=later)
    two.tick = one.tick
    two.execution.restore(json.loads(json.dumps(one.execution.snapshot())))
    assert [str(question) for question in one.policy.questions()] == [str(question) for question in two.policy.questions()]
    one.events.clear()
    two.events.clear()
    one.run()
    two.run()
    assert one.statuses() == two.statuses()
    assert (one.tick, one.runs()) == (two.tick, two.runs())


def test_the_live_view_shows_the_plan_below_its_node(task: Callable[..., Task]) -> None:
    one = Asked(task(sequence()), {3: plan_text([("s2S", {}), ("s100S", {})])})
    for _ in range(30):
        one.step()
    nodes = one.policy.nodes()
    assert [(node.name, node.parent, node.status) for node in nodes] == [
        ("sequence", -1, "RUNNING"), ("plan", 0, "RUNNING"), ("sequence", 1, "RUNNING"), ("s2S", 2, "SUCCESS"), ("s100S", 2, "RUNNING"), ("last", 0, "INVALID"),
    ]  # fmt: skip


def test_a_halted_plan_leaves_nothing_active(task: Callable[..., Task]) -> None:
    one = Asked(task("{sequence: [{timeout: {after: 0.3 s, do: {plan: signal(a) > 0.5, label: plan}}}]}"), {3: plan_text([("s100S", {})])})
    one.answers = {3: plan_text([("s100S", {})])}
    path = next(node.path for node in one.policy.nodes() if node.name == "plan")
    one._observation = lambda: replace(observation(one.now), answers={path: Answer(one.answers[3], 4)} if one.tick >= 3 else {})  # type: ignore[method-assign]
    ending = one.run()
    assert ending is not None
    assert ("s100S", "PREEMPTED") in one.runs()
    assert one.policy.run.active == {}


# -- recover -------------------------------------------------------------------------------------------------------------------------------


def needing(name: str, signal: str) -> Option:
    """A skill that may start where a signal is up."""
    return replace(scripted("s1S"), name=name, initiation=lambda s: Initiation(s.observation.signals.get(signal, 0.0) > 0.5, 1.0, f"{signal} is down"))


OPTIONS = {**SKILLS, "needs_a": needing("needs_a", "a")}


def recovering(tmp_path: Path, tree: str, signals: Callable[[float], Mapping[str, float]] = later) -> Bench:
    (tmp_path / "r.yaml").write_text(f"task: r\ntree: {tree}\n")
    return Bench(load_task(tmp_path / "r.yaml", OPTIONS), signals, skills=OPTIONS)


def test_the_declared_way_back_leads_into_the_initiation_set(tmp_path: Path) -> None:
    one = recovering(tmp_path, "{recover: {do: {skill: needs_a}, by: {skill: s8S}}}")
    one.run()
    assert one.runs() == [("needs_a", "REFUSED"), ("s8S", "SUCCEEDED"), ("needs_a", "SUCCEEDED")]


def test_ways_back_are_bounded_and_the_reason_says_how_many_there_were(tmp_path: Path) -> None:
    one = recovering(tmp_path, "{recover: {do: {skill: needs_a}, by: {skill: s1S}, times: 2}}", lambda _: {})
    ending = one.run()
    assert [name for name, _ in one.runs()] == ["needs_a", "s1S", "needs_a", "s1S", "needs_a"]
    assert ending is not None
    assert ending.reason == "needs_a: REFUSED: a is down, after 2 recoveries"


def test_a_way_back_that_fails_is_a_failure_with_both_reasons(tmp_path: Path) -> None:
    ending = recovering(tmp_path, "{recover: {do: {skill: needs_a}, by: {skill: s1F}}}").run()
    assert ending is not None
    assert ending.reason == "needs_a: REFUSED: a is down; no way back: s1F: FAILED: script 1F"


@pytest.mark.parametrize("script", ["s1F", "s1T"])
def test_a_skill_that_began_is_not_recovered(tmp_path: Path, script: str) -> None:
    one = recovering(tmp_path, f"{{recover: {{do: {{skill: {script}}}, by: {{skill: s1S}}}}}}")
    one.run()
    assert [name for name, _ in one.runs()] == [script]


def test_without_a_declared_way_back_one_is_asked_of_the_planner(tmp_path: Path) -> None:
    one = recovering(tmp_path, "{recover: {do: {skill: {needs_a: {object: mug}}}}}")
    one.step()
    assert isinstance(one.policy, TreePolicy)
    [question] = one.policy.questions()
    assert question.wanted is not None
    assert (question.path, question.wanted.goal, question.wanted.skill) == ("r/back_to_needs_a", "", "needs_a")
    assert dict(question.wanted.parameters) == {"object": "mug"}


@pytest.mark.parametrize(
    ("tree", "code"),
    [
        ("{recover: {do: {wait: 1 s}, by: {wait: 1 s}}}", "wrong-type"),
        ("{recover: {by: {wait: 1 s}}}", "missing"),
        ("{recover: {do: {skill: s1S}, times: 0}}", "out-of-range"),
        ("{recover: {do: {skill: s1S}, with: 2}}", "unknown-word"),
        ("{plan: distance(a, b)}", "expression"),
        ("{plan: on(a, b), budgets: {settle: 1 s}}", "unknown-word"),
        ("{parallel: [{plan: full(a)}, {skill: s1S}]}", "shared-arm"),
    ],
)
def test_what_is_wrong_is_told(tmp_path: Path, tree: str, code: str) -> None:
    (tmp_path / "w.yaml").write_text(f"task: w\ntree: {tree}\n")
    assert code in [problem.code for problem in check_task(tmp_path / "w.yaml", SKILLS)]


# -- budgets -------------------------------------------------------------------------------------------------------------------------------


def test_a_skill_waits_within_its_budget_to_be_accepted(tmp_path: Path) -> None:
    one = recovering(tmp_path, "{skill: needs_a, budgets: {accept: 1 s}}")
    one.run()
    assert one.execution.ending is not None
    assert one.execution.ending.outcome.value == "SUCCEEDED"
    late = recovering(tmp_path, "{skill: needs_a, budgets: {accept: 0.2 s}}").run()
    assert late is not None
    assert late.reason == "needs_a: REFUSED: not accepted within 0.2 s: a is down"


def test_a_skill_waits_within_its_budget_for_what_it_is_called_with(tmp_path: Path) -> None:
    late = recovering(tmp_path, "{skill: {s1S: {object: mug}, budgets: {find: 0.3 s}}}").run()
    assert late is not None
    assert late.reason == "s1S: REFUSED: not found within 0.3 s: mug is not seen"


class Moving(Bench):
    """A bench whose arm moves until a time [s]."""

    until = 0.0

    def _observation(self) -> Observation:
        seen = super()._observation()
        arm = seen.arms["panda"]
        return replace(seen, arms={"panda": replace(arm, velocity=arm.velocity + (0.5 if self.now < self.until else 0.0))})


@pytest.mark.parametrize(("until", "outcome", "at"), [(0.3, "SUCCEEDED", 0.41), (9.0, "FAILED", 0.55)])
def test_a_skill_that_settles_is_over_when_its_arm_rests(task: Callable[..., Task], until: float, outcome: str, at: float) -> None:
    one = Moving(task("{sequence: [{skill: s1S, budgets: {settle: 0.5 s}}]}"))
    one.until = until
    ending = one.run()
    assert ending is not None
    assert (ending.outcome.value, one.now) == (outcome, pytest.approx(at, abs=0.015))
    assert outcome == "SUCCEEDED" or ending.reason == "s1S: TIMED_OUT: not at rest within 0.5 s"


@pytest.mark.parametrize(("until", "outcome"), [(0.4, "SUCCEEDED"), (9.0, "UNSAFE")])
def test_an_arm_that_does_not_rest_in_time_after_a_halt_is_unsafe(task: Callable[..., Task], until: float, outcome: str) -> None:
    tree = "{sequence: [{force_success: {timeout: {after: 0.3 s, do: {skill: s100S, budgets: {cancel: 0.2 s}}}}}, {wait: 1 s}]}"
    one = Moving(task(tree))
    one.until = until
    ending = one.run()
    assert ending is not None
    assert ending.outcome.value == outcome
    assert outcome == "SUCCEEDED" or (ending.reason, one.now) == (
        "s100S: the arm 'panda' is not at rest in the time given after a halt", pytest.approx(0.51, abs=0.015),
    )  # fmt: skip


def test_what_two_skills_use_is_leased_to_one_at_a_time(tmp_path: Path) -> None:
    looks = {name: replace(scripted("s3S"), name=name, uses=("wrist_camera",)) for name in ("look", "watch")}
    (tmp_path / "w.yaml").write_text("task: w\ntree: {parallel: [{skill: look, arm: left}, {skill: watch, arm: right}]}\n")
    [problem] = check_task(tmp_path / "w.yaml", looks)
    assert (problem.code, problem.message) == ("shared-lease", "'watch' uses 'wrist_camera', which a node before it uses")
    unaware = {name: replace(option, uses=()) for name, option in looks.items()}
    made = load_task(tmp_path / "w.yaml", unaware).option(looks, ("left", "right"))
    still = observation(0.0)
    run = Execution(made, {}, {"left": "panda", "right": "ur5"})
    both = replace(still, arms={"panda": still.arms["panda"], "ur5": still.arms["panda"]})
    run.begin(both, 0.0)
    run.step(both, 0.0)
    assert run.ending is not None
    assert run.ending.reason == "watch: REFUSED: 'wrist_camera' is leased to look"
