"""Declared parts of β: each fires when it should, not before, remembers what it must, and says why."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from skillkit import documents
from skillkit.execution import Execution
from skillkit.expressions import parse
from skillkit.library import check_skill
from skillkit.option import Option, Situation
from skillkit.pose import Pose, frozen
from skillkit.skill_schema import skill_schema
from skillkit.spaces import ArmState, CartesianDelta, Ending, ObjectState, Observation, Outcome
from skillkit.termination import Clause

PERIOD = 0.05


def situation(time: float, x: float = 0.0, force: float = 0.0, signal: float | None = None) -> Situation:
    six, pose = frozen([0.0] * 6), Pose.from_vector((x, 0.0, 0.0))
    arm = ArmState(six, six, pose, pose, Pose.from_vector(), 0.08, 0.08, 0.0, force, 0.0, six)
    cup = ObjectState(Pose.from_vector((1.0, 0.0, 0.0)), frozen([0.1] * 3), 0.0, 0.0)
    return Situation(Observation(time, {"panda": arm}, {"cup": cup}, {} if signal is None else {"s": signal}), {"arm": "panda"}, {}, time)


def fires(clause: Clause, **values: Any) -> tuple[float, str] | None:
    """When and why, over 10 s; each value is a function of time."""
    memory: dict[str, Any] = {}
    for step in range(200):
        time = round(step * PERIOD, 9)
        ending = clause.judge(situation(time, **{name: value(time) for name, value in values.items()}), memory)
        memory = json.loads(json.dumps(memory))  # plain JSON values, or this would fail
        if ending is not None:
            return time, ending.reason
    return None


def test_time_is_over_at_its_time() -> None:
    assert fires(Clause("time", 2.0)) == (2.0, "2 s are over")


def test_contact_needs_its_force_so_many_steps_in_a_row() -> None:
    clause = Clause("contact", 10.0, steps=3)
    assert fires(clause, force=lambda t: 12.0 if t >= 1.0 and round(t / PERIOD) % 3 else 0.0) is None
    assert fires(clause, force=lambda t: 12.0 if t >= 1.0 else 0.0) == (1.1, "contact: 10 N or more 3 steps in a row")


def test_progress_fires_only_when_the_quantity_no_longer_falls() -> None:
    clause = Clause("progress", expression=parse("distance(tool, cup)"), by=0.01, within=1.0)
    assert fires(clause, x=lambda t: 0.05 * t) is None
    found = fires(clause, x=lambda t: min(0.05 * t, 0.1))
    assert found is not None
    assert found[0] == pytest.approx(3.0, abs=0.21)
    assert "distance(tool, cup) did not fall by 0.01 in 1 s" in found[1]


def test_progress_of_what_is_not_seen_does_not_fire() -> None:
    assert fires(Clause("progress", expression=parse("signal(s)"), by=0.1, within=0.5)) is None


def test_a_hand_that_creeps_slower_than_allowed_stalls() -> None:
    clause = Clause("stall", 0.01, seconds=2.0)
    assert fires(clause, x=lambda t: 0.02 * t) is None
    found = fires(clause, x=lambda t: min(0.02 * t, 0.04))
    assert found is not None
    assert 3.0 <= found[0] <= 4.1  # the two slow seconds end somewhere after the stop at 2 s


def test_a_condition_must_hold_without_a_break() -> None:
    clause = Clause("when", expression=parse("signal(s) > 0.5"), seconds=1.0, reason="high")
    assert fires(clause, signal=lambda t: float(t % 0.8 < 0.6)) is None
    assert fires(clause, signal=lambda t: float(t >= 2.0)) == (3.0, "high")


def test_hysteresis_keeps_a_condition_until_the_other_one_holds() -> None:
    jitter = {"signal": lambda t: 0.9 if t < 0.1 else 0.6 if round(t / PERIOD) % 2 else 0.3}
    bare = Clause("when", expression=parse("signal(s) > 0.5"), seconds=1.0)
    latched = Clause("when", expression=parse("signal(s) > 0.5"), seconds=1.0, until=parse("signal(s) < 0.1"))
    assert fires(bare, **jitter) is None
    assert fires(latched, **jitter) is not None
    assert fires(latched, signal=lambda t: 0.9 if t < 0.5 else 0.05) is None


class Still:
    def start(self, situation: Situation) -> None: ...

    def act(self, situation: Situation) -> dict[str, CartesianDelta]:
        return {"arm": CartesianDelta((0.0, 0.0, 0.0))}

    def snapshot(self) -> dict[str, Any]:
        return {}

    def restore(self, snapshot: dict[str, Any]) -> None: ...


def run(execution: Execution, begin: int, end: int) -> Ending | None:
    for step in range(begin, end):
        if execution.ending is None:
            execution.step(situation(step * PERIOD).observation, step * PERIOD)
    return execution.ending


def test_the_clause_that_fired_is_the_reason_of_the_run_and_its_memory_is_part_of_the_snapshot() -> None:
    option = Option("still", Still, rate=20.0, watches=(Clause("stall", 0.001, seconds=1.0), Clause("time", 5.0, outcome=Outcome.TIMED_OUT)))
    execution = Execution(option, {}, {"arm": "panda"})
    execution.begin(situation(0.0).observation, 0.0)
    assert run(execution, 0, 10) is None
    again = Execution(option, {}, {"arm": "panda"})
    again.restore(json.loads(json.dumps(execution.snapshot())))
    for one in (execution, again):
        ending = run(one, 10, 40)
        assert ending is not None
        assert (ending.outcome, one.steps) == (Outcome.FAILED, execution.steps)
        assert ending.reason.startswith("stalled")


# -- in skill.yaml ---------------------------------------------------------------------------------------------------------------------------

SKILL = """skill: touch
description: Move the tool to an object.
parameters: {object: {type: object}}
action: {space: cartesian_delta, rate: 20 Hz}
INITIATION
success: distance(tool, $object) < 1 cm
TERMINATION
time_limit: 10 s
policy: {python: "policy:Touch"}
"""
POLICY = "class Touch:\n    def start(self, s): pass\n    def act(self, s): return {}\n    def snapshot(self): return {}\n    def restore(self, s): pass\n"


def folder(path: Path, initiation: str = "", termination: str = "") -> Path:
    (path / "touch").mkdir(exist_ok=True)
    (path / "touch" / "policy.py").write_text(POLICY)
    (path / "touch" / "skill.yaml").write_text(SKILL.replace("INITIATION", initiation).replace("TERMINATION", termination))
    return path / "touch"


def test_clauses_are_read_with_their_units(tmp_path: Path) -> None:
    text = """termination:
  - {progress: "distance(tool, $object)", by: 0.01 m, within: 2 s}
  - {stall: 0.002 m/s, for: 3 s, reason: stuck}
  - {contact: 20 N, steps: 3, outcome: SUCCEEDED}
  - {time: 8 s}
  - {when: "signal(s) > 0.5", until: "signal(s) < 0.1", for: 1 s}"""
    skill, problems = check_skill(folder(tmp_path, termination=text))
    assert skill is not None, problems
    heads = [(clause.head, clause.value, clause.outcome.value) for clause in skill.clauses]
    assert heads == [
        ("progress", 0.0, "FAILED"), ("stall", 0.002, "FAILED"), ("contact", 20.0, "SUCCEEDED"), ("time", 8.0, "TIMED_OUT"), ("when", 0.0, "FAILED"),
    ]  # fmt: skip
    assert skill.option().watches == skill.clauses


def test_the_schema_for_editors_knows_clauses_and_graded_initiations(tmp_path: Path) -> None:
    validator = pytest.importorskip("jsonschema").Draft7Validator(skill_schema())
    text = "termination:\n  - {progress: 'distance(tool, $object)', by: 0.01 m, within: 2 s, reason: stuck}\n  - {time: 8 s}"
    good = documents.load(folder(tmp_path, "initiation: {when: exists($object), score: '0.5', threshold: 0.2}", text) / "skill.yaml").data
    assert list(validator.iter_errors(good)) == []
    bad = documents.load(folder(tmp_path, termination="termination: [{progress: 'distance(tool, $object)'}]") / "skill.yaml").data
    assert [error.path[0] for error in validator.iter_errors(bad)] == ["termination"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("termination: {time: 3 s}", "wrong-type"),
        ("termination: [{tim: 3 s}]", "wrong-type"),
        ("termination: [{time: 3 s, contact: 3 N}]", "wrong-type"),
        ("termination: [{time: 3 m}]", "wrong-type"),
        ("termination: [{stall: 0.01 m/s}]", "missing"),
        ("termination: [{progress: 'distance(tool, $object)', by: 0.01 m}]", "missing"),
        ("termination: [{progress: 'grasped($object)', by: 0.01 m, within: 1 s}]", "wrong-type"),
        ("termination: [{when: 'distance(tool, $object)'}]", "wrong-type"),
        ("termination: [{when: 'graspd($object)'}]", "expression"),
        ("termination: [{time: 3 s, outcome: UNSAFE}]", "unknown-word"),
        ("termination: [{time: 3 s, steps: 0}]", "wrong-type"),
    ],
)
def test_a_wrong_clause_is_found(tmp_path: Path, text: str, code: str) -> None:
    skill, problems = check_skill(folder(tmp_path, termination=text))
    assert skill is None
    assert [problem.code for problem in problems] == [code]
    assert problems[0].line == 7


def test_initiation_has_a_score_and_a_threshold(tmp_path: Path) -> None:
    text = "initiation: {when: exists($object), score: '1 - distance(tool, $object) / 2 m', threshold: 0.6}"
    skill, problems = check_skill(folder(tmp_path, initiation=text))
    assert skill is not None, problems

    def ask(x: float, name: str = "cup") -> tuple[bool, float, str]:
        found = situation(0.0, x)
        answer = skill.option().initiation(Situation(found.observation, found.roles, {"object": name}))
        return answer.allowed, answer.score, answer.reason

    assert ask(0.5)[:2] == (True, 0.75)
    assert ask(0.0)[:2] == (False, 0.5)
    assert "score 0.50 is below 0.6" in ask(0.0)[2]
    assert ask(0.5, "mug")[:2] == (False, 0.0)
