"""Executions are call-and-return: I once, β before every step of π, seven endings, and a state that lies open."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from skillkit.directives import directive_from_values, directive_values
from skillkit.events import NOTES, Started, Transition
from skillkit.exceptions import InvalidValue, UnknownName
from skillkit.execution import Execution
from skillkit.option import Initiation, Option, Parameter, Situation, fill_parameters
from skillkit.spaces import CartesianDelta, Delegated, Directive, Ending, Hold, JointTarget, Observation, Outcome

RATE = 20.0


def observe(time: float, **signals: float) -> Observation:
    return Observation(time, {}, {}, signals)


class Count:
    """Moves 1 mm along x in step 0, 2 mm in step 1, …; the state is the number of steps."""

    def __init__(self) -> None:
        self.done = 0

    def start(self, situation: Situation) -> None:
        self.done = 0

    def act(self, situation: Situation) -> Mapping[str, Directive] | Ending:
        self.done += 1
        return {"arm": CartesianDelta((0.001 * self.done, 0.0, 0.0))}

    def snapshot(self) -> dict[str, Any]:
        return {"done": self.done}

    def restore(self, snapshot: dict[str, Any]) -> None:
        self.done = snapshot["done"]


def ready(situation: Situation) -> Initiation:
    allowed = situation.observation.signals.get("ready", 1.0) > 0.5
    return Initiation(allowed, 1.0 if allowed else 0.0, "" if allowed else "not ready")


def judge(situation: Situation) -> Ending | None:
    if situation.observation.signals.get("done", 0.0) > 0.5:
        return Ending(Outcome.SUCCEEDED, "done")
    if situation.observation.signals.get("broken", 0.0) > 0.5:
        return Ending(Outcome.FAILED, "broken")
    return None


def execution(**changes: Any) -> Execution:
    option = Option(**{"name": "count", "policy": Count, "initiation": ready, "termination": judge, "rate": RATE, "time_limit": 5.0, **changes})
    return Execution(option, {}, {"arm": "panda"})


def run(running: Execution, ticks: int, **signals: float) -> list[Mapping[str, Directive]]:
    running.begin(observe(0.0), 0.0)
    return [running.step(observe(k * 0.01, **signals), k * 0.01) for k in range(ticks)]


def test_a_policy_is_asked_at_its_own_rate_and_not_at_every_control_tick() -> None:
    running = execution()
    run(running, 100)
    assert running.steps == 20


def test_a_directive_names_its_policy_step_so_that_it_is_never_replayed() -> None:
    steps = run(execution(), 10)
    directive = steps[7]["panda"]
    assert isinstance(directive, CartesianDelta)
    assert (directive.period, directive.start) == (0.05, 0.05)


def test_outside_the_initiation_set_it_is_refused_with_the_reason() -> None:
    running = execution()
    running.begin(observe(0.0, ready=0.0), 0.0)
    assert running.ending == Ending(Outcome.REFUSED, "not ready")
    assert running.step(observe(0.0), 0.0) == {}


@pytest.mark.parametrize(("signal", "outcome"), [("done", Outcome.SUCCEEDED), ("broken", Outcome.FAILED)])
def test_termination_is_checked_before_every_policy_step(signal: str, outcome: Outcome) -> None:
    running = execution()
    run(running, 1, **{signal: 1.0})
    assert running.ending is not None
    assert running.ending.outcome is outcome
    assert running.steps == 0


def test_reaching_the_time_limit_is_timed_out_and_truncated() -> None:
    running = execution(time_limit=0.2)
    run(running, 30)
    transition = next(event for event in running.drain() if isinstance(event, Transition))
    assert transition.ending.outcome is Outcome.TIMED_OUT
    assert transition.truncated
    assert not transition.terminated
    assert transition.duration == pytest.approx(0.2)


def test_success_must_hold_without_a_break() -> None:
    running = execution(hold_success=0.2)
    running.begin(observe(0.0), 0.0)
    for k in range(40):
        running.step(observe(k * 0.05, done=float(k % 3 != 0)), k * 0.05)
    assert running.ending is None
    for k in range(40, 46):
        running.step(observe(k * 0.05, done=1.0), k * 0.05)
    assert running.ending == Ending(Outcome.SUCCEEDED, "done")


def test_a_policy_that_says_success_does_not_overrule_its_success_condition() -> None:
    class Boaster(Count):
        def act(self, situation: Situation) -> Ending:
            return Ending(Outcome.SUCCEEDED, "I think so")

    running = execution(policy=Boaster)
    run(running, 1)
    assert running.ending is not None
    assert running.ending.outcome is Outcome.FAILED


@pytest.mark.parametrize("answer", [None, {"leg": Hold()}, {"arm": 3.0}, ZeroDivisionError("oops")])
def test_a_bug_in_a_policy_ends_the_run_with_error_and_does_not_raise(answer: Any) -> None:
    class Buggy(Count):
        def act(self, situation: Situation) -> Any:
            if isinstance(answer, Exception):
                raise answer
            return answer

    running = execution(policy=Buggy)
    run(running, 3)
    assert running.ending is not None
    assert running.ending.outcome is Outcome.ERROR


def test_preempting_ends_it_once_and_for_good() -> None:
    running = execution()
    run(running, 5)
    running.preempt(observe(0.05), 0.05, "cancelled")
    running.preempt(observe(0.06), 0.06, "again", Outcome.UNSAFE)
    assert running.ending == Ending(Outcome.PREEMPTED, "cancelled")
    assert sum(isinstance(event, Transition) for event in running.drain()) == 1


def test_the_transition_is_discounted_by_the_duration_of_the_run() -> None:
    running = execution()
    running.begin(observe(0.0), 0.0)
    running.step(observe(0.0), 0.0)
    running.step(observe(2.0, done=1.0), 2.0)
    started, transition = (event for event in running.drain() if not isinstance(event, NOTES))
    assert isinstance(started, Started)
    assert isinstance(transition, Transition)
    assert transition.reward == pytest.approx(0.99**2)
    assert transition.state is not None
    assert transition.next_state is not None
    assert (transition.state.time, transition.next_state.time) == (0.0, 2.0)


@pytest.mark.parametrize("cut", [0, 1, 3, 7, 12])
def test_restore_continues_bit_for_bit_through_json(cut: int) -> None:
    whole, first, second = execution(), execution(), execution()
    expected = run(whole, 30)
    run(first, cut)
    second.restore(json.loads(json.dumps(first.snapshot())))
    again = [second.step(observe(k * 0.01), k * 0.01) for k in range(cut, 30)]
    assert again == expected[cut:]
    assert second.snapshot() == whole.snapshot()


@pytest.mark.parametrize(
    "directive", [CartesianDelta((0.1, 0.2, 0.3), (0.0, 1e-17, 0.0), "tool", 0.5, 0.05, 1.25), JointTarget((0.1, 0.2), 1.0), Hold(), Delegated("other")]
)
def test_directives_survive_json(directive: Directive) -> None:
    assert directive_from_values(json.loads(json.dumps(directive_values(directive)))) == directive


DECLARED = (
    Parameter("object", "object"),
    Parameter("depth", "number", "m", 0.0, 0.2, 0.05),
    Parameter("times", "integer", minimum=1, maximum=9, default=3),
    Parameter("side", "word", choices=("left", "right"), default="left"),
)


def test_defaults_are_filled_in() -> None:
    assert fill_parameters(DECLARED, {"object": "cup_1"}, "grasp") == {"object": "cup_1", "depth": 0.05, "times": 3, "side": "left"}


@pytest.mark.parametrize(
    ("given", "words"),
    [({"object": "cup_1", "depth": 0.3}, "0 to 0.2 m"), ({}, "a word"), ({"object": "c", "times": 1.5}, "whole number"),
        ({"object": "c", "depth": float("nan")}, "number in m"),
     ({"object": "c", "side": "up"}, "left, right"), ({"object": "c", "depth": True}, "number")],
)  # fmt: skip
def test_a_wrong_value_says_what_is_allowed(given: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidValue, match=words):
        fill_parameters(DECLARED, given, "grasp")


def test_an_unknown_parameter_gets_the_nearest_name() -> None:
    with pytest.raises(UnknownName, match="did you mean 'object'"):
        fill_parameters(DECLARED, {"objekt": "cup_1"}, "grasp")


@pytest.mark.parametrize(
    ("answer", "word"),
    [
        (None, "NoneType"),
        ("abc", "str"),
        ({"arm": CartesianDelta((0.0,) * 5, (0.0, 0.0))}, "5 and 2"),  # type: ignore[arg-type]
        (Ending("SUCCEEDED", ""), "SUCCEEDED"),  # type: ignore[arg-type]
        (SystemExit(0), "SystemExit"),
        (GeneratorExit(), "GeneratorExit"),
    ],
)
def test_what_a_policy_may_not_answer_or_throw_ends_its_run_with_an_error_that_says_so(answer: Any, word: str) -> None:
    class Wrong(Count):
        def act(self, situation: Situation) -> Mapping[str, Directive] | Ending:
            if isinstance(answer, BaseException):
                raise answer
            return answer

    run = Execution(Option("wrong", Wrong, rate=RATE), {}, {"arm": "arm"})
    run.begin(observe(0.0), 0.0)
    run.step(observe(0.0), 0.0)
    assert run.ending is not None
    assert run.ending.outcome is Outcome.ERROR
    assert word in run.ending.reason


def test_arrays_of_a_policy_become_plain_numbers() -> None:
    class Arrays(Count):
        def act(self, situation: Situation) -> Mapping[str, Directive] | Ending:
            return {"arm": CartesianDelta(np.array([1e-3, 0.0, 0.0]), np.zeros(3))}  # type: ignore[arg-type]

    run = Execution(Option("arrays", Arrays, rate=RATE), {}, {"arm": "arm"})
    run.begin(observe(0.0), 0.0)
    assert run.step(observe(0.0), 0.0)["arm"] == CartesianDelta((1e-3, 0.0, 0.0), (0.0, 0.0, 0.0), period=1.0 / RATE)
    json.dumps(run.snapshot())
