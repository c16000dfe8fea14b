"""The words beyond py_trees' own, and the variables of a task: what each does, tick by tick."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scripted import SKILLS, Bench, observation

from skillkit.events import Started, Transition
from skillkit.exceptions import InvalidFile
from skillkit.execution import Execution
from skillkit.pose import Pose
from skillkit.spaces import Answer, ArmState, ObjectState, Observation, Outcome
from skillkit.trees import Task, check_task

Make = Callable[..., Bench]
SizeHeader = "variables: {size: {type: word, default: small}, count: {type: integer, default: 0}, colour: {type: word}}"


def begun(bench: Make, tree: str, header: str = "", **arguments: Any) -> Bench:
    return bench(f"{{sequence: [{{wait: 0 s}}, {tree}]}}", header, **arguments)


SWITCH = "{switch: {cases: [{when: $size == large, do: {skill: s1S}}, {when: signal(go) > 0.5, do: {skill: s2S}}], otherwise: {skill: s3F}}}"


@pytest.mark.parametrize(
    ("before", "go", "runs"),
    [("{set: {size: large}}", 0.0, [("s1S", "SUCCEEDED")]), ("{wait: 0 s}", 1.0, [("s2S", "SUCCEEDED")]), ("{wait: 0 s}", 0.0, [("s3F", "FAILED")])],
)
def test_a_switch_does_the_first_case_that_holds(bench: Make, before: str, go: float, runs: list[tuple[str, str]]) -> None:
    one = bench(f"{{sequence: [{before}, {SWITCH}]}}", SizeHeader, signals=lambda t: {"go": go})
    one.run()
    assert one.runs() == runs


def test_a_switch_without_a_case_that_holds_fails(bench: Make) -> None:
    ending = begun(bench, "{switch: {cases: [{when: 1 > 2, do: {skill: s1S}}]}}").run()
    assert ending is not None
    assert (ending.outcome, ending.reason) == (Outcome.FAILED, "no case of the switch holds")


def test_a_switch_does_not_choose_again_while_its_child_runs(bench: Make) -> None:
    tree = "{switch: {cases: [{when: signal(go) > 0.5, do: {skill: s8S}}], otherwise: {skill: s1S}}}"
    one = bench(tree, signals=lambda t: {"go": float(t < 0.1)})
    one.run()
    assert one.runs() == [("s8S", "SUCCEEDED")]


@pytest.mark.parametrize("after", [0.0, 0.23])
def test_a_guard_stops_its_child_in_the_control_step_in_which_it_breaks(bench: Make, after: float) -> None:
    one = begun(bench, "{guard: {when: signal(safe) > 0, do: {skill: s100S}}}", signals=lambda t: {"safe": float(t < after)})
    ending = one.run()
    assert one.runs() == ([("s100S", "PREEMPTED")] if after else [])
    assert one.now == pytest.approx(after + 0.01)
    assert ending is not None
    assert "signal(safe) = 0, not > 0" in ending.reason


@pytest.mark.parametrize(("letter", "word", "runs"), [
    ("F", "on_failure", ["s1F", "s2S"]), ("S", "on_failure", ["s1S"]), ("F", "finally", ["s1F", "s2S"]), ("S", "finally", ["s1S", "s2S"]),
])  # fmt: skip
def test_cleanup_is_done_when_its_word_says_and_changes_no_outcome(bench: Make, letter: str, word: str, runs: list[str]) -> None:
    for cleanup in ("s2S", "s2F"):
        one = begun(bench, f"{{{word}: {{do: {{skill: s1{letter}}}, then: {{skill: {cleanup}}}}}}}")
        ending = one.run()
        assert [name for name, _ in one.runs()] == [name.replace("s2S", cleanup) for name in runs]
        assert ending is not None
        assert ending.outcome is (Outcome.SUCCEEDED if letter == "S" else Outcome.FAILED)
        assert letter == "S" or "s1F: FAILED: script 1F" in ending.reason
        assert ("the cleanup failed" in ending.reason and "script 2F" in ending.reason) == (cleanup == "s2F" and "s2S" in runs)


def moving(speed: Callable[[float], float]) -> Callable[[Bench], Observation]:
    def look(bench: Bench) -> Observation:
        still = observation(bench.now).arms["panda"]
        velocity = np.full(7, speed(bench.now))
        arm = ArmState(still.position, velocity, still.tool, still.target, still.base, 0.08, 0.08, 0.0, 0.0, 0.0, still.residual)
        return Observation(bench.now, {"panda": arm}, {}, {})

    return look


def test_cleanup_begins_only_once_the_arm_has_come_to_rest(bench: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Bench, "_observation", moving(lambda t: 0.5 if t < 0.8 else 0.0))
    one = begun(bench, "{finally: {do: {skill: s2S}, then: {skill: s1S}}}")
    one.run()
    [begin] = [event.time for event in one.events if isinstance(event, Started) and event.option == "s1S"]
    assert begin == pytest.approx(0.89)
    assert not any(one.directives[12:88])


@pytest.mark.parametrize("script", ["2U", "2E", "2P"])
@pytest.mark.parametrize("word", ["on_failure", "finally"])
def test_after_a_safety_stop_nothing_moves_any_more(bench: Make, word: str, script: str) -> None:
    one = begun(bench, f"{{{word}: {{do: {{skill: s{script}}}, then: {{skill: s1S}}}}}}")
    one.run()
    assert [name for name, _ in one.runs()] == [f"s{script}"]


def test_a_timeout_inside_lets_the_cleanup_begin_and_one_outside_does_not(bench: Make) -> None:
    inside = begun(bench, "{finally: {do: {timeout: {after: 0.2 s, do: {skill: s100S}}}, then: {skill: s1S}}}")
    inside.run()
    assert [name for name, _ in inside.runs()] == ["s100S", "s1S"]
    outside = begun(bench, "{timeout: {after: 0.2 s, do: {finally: {do: {skill: s100S}, then: {skill: s1S}}}}}")
    outside.run()
    assert [name for name, _ in outside.runs()] == ["s100S"]


# ---- variables -----------------------------------------------------------------------------------------------------------------------


def test_variables_count_and_reach_conditions(bench: Make) -> None:
    one = bench("{sequence: [{repeat: {times: 3, do: {set: {count: $count + 1}}}}, {condition: $count == 3}, {skill: s1S}]}", SizeHeader)
    ending = one.run()
    assert ending is not None
    assert ending.outcome is Outcome.SUCCEEDED


def test_a_variable_keeps_to_its_range_at_run_time(bench: Make) -> None:
    ending = bench("{sequence: [{repeat: {times: 5, do: {set: {n: $n + 1}}}}]}", "variables: {n: {type: integer, default: 0, maximum: 3}}").run()
    assert ending is not None
    assert ending.outcome is Outcome.FAILED
    assert "$n would be 4; allowed: from -inf to 3" in ending.reason


def test_two_runs_of_a_task_share_no_variable(task: Callable[..., Task]) -> None:
    made = task("{sequence: [{set: {count: $count + 1}}, {condition: $count == 1}]}", SizeHeader)
    for _ in range(3):
        ending = Bench(made).run()
        assert ending is not None
        assert ending.outcome is Outcome.SUCCEEDED


def test_outputs_of_a_task_reach_the_variables_of_its_caller_and_only_on_success(task: Callable[..., Task]) -> None:
    for name, end in (("finds", "{skill: s1S}"), ("loses", "{skill: s1F}")):
        task(f"{{sequence: [{{set: {{found: mug}}}}, {end}]}}", "outputs: {found: {type: object}}", name=name)
    tree = "{sequence: [{task: finds, into: {found: $cup}}, {force_success: {task: loses, into: {found: $other}}}, {skill: {s2S: {object: $cup}}}]}"
    bench = Bench(task(tree, "variables: {cup: {type: object}, other: {type: object, default: none}}"))
    bench.run()
    assert [event.parameters["object"] for event in bench.events if isinstance(event, Started) and event.option == "s2S"] == ["mug"]
    assert bench.policy.run.parameters == {"cup": "mug", "other": "none"}


def test_an_inner_task_does_not_see_the_variables_of_the_outer(task: Callable[..., Task], tmp_path: Path) -> None:
    (tmp_path / "inner.yaml").write_text("task: inner\ntree: {skill: {s1S: {object: $cup}}}\n")
    (tmp_path / "t.yaml").write_text("task: t\nvariables: {cup: {type: object, default: mug}}\ntree: {task: inner}\n")
    assert [problem.code for problem in check_task(tmp_path / "t.yaml", SKILLS)] == ["unknown-parameter", "broken-task"]


def seeing(*names: str) -> Callable[[Bench], Observation]:
    def look(bench: Bench) -> Observation:
        seen = {name: ObjectState(Pose.from_vector((0.1 * len(name), 0.0, 0.0)), np.full(3, 0.1), 0.0, 0.0) for name in names}
        return Observation(bench.now, observation(bench.now).arms, seen, {})

    return look


def test_for_each_goes_over_what_is_seen_and_wanted_in_the_order_of_names(bench: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Bench, "_observation", seeing("cup", "bowl", "a", "platter"))
    one = begun(bench, "{for_each: {each: thing, where: 'distance($thing, a) > 15 cm', do: {skill: {s1S: {object: $thing}}}}}")
    one.run()
    assert [event.parameters["object"] for event in one.events if isinstance(event, Started) and event.option == "s1S"] == ["bowl", "cup", "platter"]


def test_for_each_over_a_list_fails_with_the_first_failure(bench: Make) -> None:
    one = begun(bench, "{for_each: {each: x, in: [a, b, c], do: {sequence: [{invert: {condition: $x == b}}, {skill: {s1S: {object: $x}}}]}}}")
    ending = one.run()
    assert ending is not None
    assert ending.outcome is Outcome.FAILED
    assert one.runs() == [("s1S", "SUCCEEDED")]


def test_for_each_over_nothing_succeeds_without_doing_anything(bench: Make) -> None:
    one = begun(bench, "{for_each: {each: x, where: 1 > 2, do: {skill: s1S}}}")
    ending = one.run()
    assert ending is not None
    assert (ending.outcome, one.runs()) == (Outcome.SUCCEEDED, [])


# ---- operators -----------------------------------------------------------------------------------------------------------------------


def answering(*answers: tuple[float, str, str]) -> Callable[[Bench], Observation]:
    def look(bench: Bench) -> Observation:
        given = {name: Answer(text, count + 1) for count, (time, name, text) in enumerate(answers) if bench.now >= time}
        return Observation(bench.now, observation(bench.now).arms, {}, {}, given)

    return look


@pytest.mark.parametrize(
    ("answers", "outcome", "at"),
    [
        ([(0.5, "", "yes")], Outcome.SUCCEEDED, 0.5),
        ([(0.5, "clean", "no")], Outcome.FAILED, 0.5),
        ([(0.5, "t/clean", "yes")], Outcome.SUCCEEDED, 0.5),
        ([(0.5, "other", "yes")], None, 3.0),
        ([(0.0, "clean", "yes")], None, 3.0),  # given before the question was asked
        ([(0.5, "clean", "perhaps"), (0.9, "", "yes")], Outcome.SUCCEEDED, 0.9),
    ],
)
def test_a_question_waits_for_an_answer_that_was_given_to_it(
    bench: Make, monkeypatch: pytest.MonkeyPatch, answers: list[tuple[float, str, str]], outcome: Outcome | None, at: float
) -> None:
    monkeypatch.setattr(Bench, "_observation", answering(*answers))
    one = begun(bench, "{ask: 'Is the cup clean?', label: clean}")
    ending = one.run(3.0)
    assert (None if ending is None else ending.outcome) is outcome
    assert at <= one.now <= at + 0.12


def test_an_answer_can_be_kept_in_a_variable(bench: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Bench, "_observation", answering((0.3, "", "blue")))
    tree = "{sequence: [{ask: {question: 'Which?', answers: [red, blue], into: $colour}}, {condition: $colour == blue}, {skill: s1S}]}"
    one = bench(tree, SizeHeader)
    ending = one.run(3.0)
    assert ending is not None
    assert ending.outcome is Outcome.SUCCEEDED


# ---- several arms --------------------------------------------------------------------------------------------------------------------

ARMS = {"left": "panda_l", "right": "panda_r"}


class TwoArms(Bench):
    """A task that holds two arms."""

    def __init__(self, task: Task, roles: dict[str, str] = ARMS) -> None:
        self.option, self.signals, self.tick = task.option(SKILLS, roles=tuple(roles)), lambda _: {}, 0
        self.execution = Execution(self.option, {}, roles)
        self.events, self.directives = [], []
        self.execution.begin(self._observation(), 0.0)

    def _observation(self) -> Observation:
        return Observation(self.now, {name: observation(0.0).arms["panda"] for name in ARMS.values()}, {}, {})


def test_two_skills_in_parallel_move_their_own_arms(task: Callable[..., Task]) -> None:
    one = TwoArms(task("{parallel: [{skill: s3S, arm: left}, {skill: s5S, arm: right}]}"))
    ending = one.run()
    assert ending is not None
    assert ending.outcome is Outcome.SUCCEEDED
    assert set(one.directives[0]) == set(ARMS.values())
    assert one.runs() == [("s3S", "SUCCEEDED"), ("s5S", "SUCCEEDED")]


@pytest.mark.parametrize(
    ("succeed", "outcome", "runs"),
    [
        ("1", Outcome.SUCCEEDED, [("s2S", "SUCCEEDED"), ("s100S", "PREEMPTED")]),
        ("all", Outcome.SUCCEEDED, [("s2S", "SUCCEEDED"), ("s100S", "SUCCEEDED")]),
    ],
)
def test_a_parallel_ends_when_enough_have_succeeded(task: Callable[..., Task], succeed: str, outcome: Outcome, runs: list[tuple[str, str]]) -> None:
    one = TwoArms(task(f"{{parallel: {{succeed: {succeed}, do: [{{skill: s2S, arm: left}}, {{skill: s100S, arm: right}}]}}}}"))
    ending = one.run()
    assert ending is not None
    assert (ending.outcome, one.runs()) == (outcome, runs)


def test_a_parallel_fails_as_soon_as_too_many_have_failed(task: Callable[..., Task]) -> None:
    one = TwoArms(task("{parallel: [{skill: s2F, arm: left}, {skill: s100S, arm: right}]}"))
    ending = one.run()
    assert ending is not None
    assert (ending.outcome, ending.reason) == (Outcome.FAILED, "s2F: FAILED: script 2F")
    assert one.runs() == [("s2F", "FAILED"), ("s100S", "PREEMPTED")]


@pytest.mark.parametrize("letter", "UEP")
def test_what_may_not_be_swallowed_ends_both_arms(task: Callable[..., Task], letter: str) -> None:
    one = TwoArms(task(f"{{force_success: {{parallel: {{succeed: 1, do: [{{skill: s2{letter}, arm: left}}, {{skill: s100S, arm: right}}]}}}}}}"))
    ending = one.run()
    assert ending is not None
    assert not ending.outcome.swallowable
    assert one.runs()[0][0] == f"s2{letter}"
    assert one.runs()[1:] == [("s100S", "PREEMPTED")]


@pytest.mark.parametrize(
    "children",
    ["{skill: s1S}, {skill: s2S}", "{skill: s1S, arm: left}, {skill: s2S, arm: left}", "{skill: s1S, arm: left}, {retry: {times: 2, do: {skill: s2S}}}"],
)
def test_two_skills_on_one_arm_are_refused_when_the_task_is_read(task: Callable[..., Task], children: str) -> None:
    with pytest.raises(InvalidFile, match="shared-arm"):
        task(f"{{parallel: [{children}]}}")


def test_two_names_for_one_arm_are_refused_when_the_second_skill_begins(task: Callable[..., Task]) -> None:
    one = TwoArms(task("{parallel: [{skill: s5S, arm: left}, {skill: s8S, arm: right}]}"), {"left": "panda_l", "right": "panda_l"})
    ending = one.run()
    assert ending is not None
    assert ending.outcome is Outcome.FAILED
    assert "the arm 'panda_l' is leased to s5S" in ending.reason
    assert one.runs() == [("s8S", "REFUSED"), ("s5S", "PREEMPTED")]


def test_a_skill_that_takes_over_begins_only_after_the_other_has_ended(bench: Make) -> None:
    one = bench("{reactive_fallback: [{sequence: [{condition: signal(go) > 0}, {skill: s2S}]}, {skill: s100S}]}", signals=lambda t: {"go": float(t > 0.3)})
    one.run()
    told = [(type(event).__name__, event.option) for event in one.events if isinstance(event, (Started, Transition)) and event.option != "t"]
    assert told == [("Started", "s100S"), ("Transition", "s100S"), ("Started", "s2S"), ("Transition", "s2S")]


# ---- budgets and includes ------------------------------------------------------------------------------------------------------------


def test_a_budget_for_execution_times_a_skill_out(bench: Make) -> None:
    one = bench("{skill: {s100S: {}, budgets: {execute: 0.3 s}}}")
    one.run()
    assert one.runs() == [("s100S", "TIMED_OUT")]
    assert one.now == pytest.approx(0.31)


def test_a_task_in_another_folder_is_included(tmp_path: Path, task: Callable[..., Task]) -> None:
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "part.yaml").write_text("task: part\ntree: {skill: s1S}\n")
    made = task("{task: part}", "include: [parts/part.yaml]")
    assert [Path(file).name for file in made.files] == ["t.yaml", "part.yaml"]
    (tmp_path / "parts" / "part.yaml").rename(tmp_path / "part.yaml")
    assert Bench(task("{task: part}", "include: [parts/part.yaml]")).run() is not None
