"""Every word does what its name says, tick by tick."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from scripted import SKILLS, Bench

from skillkit.events import Started
from skillkit.option import Initiation, Situation
from skillkit.spaces import Outcome
from skillkit.trees import WORDS

Make = Callable[..., Bench]

SEMANTICS = [  # tree, outcome, leaves that ran with their outcomes
    ("{sequence: [{skill: s2S}, {skill: s3S}]}", "SUCCEEDED", "s2S S, s3S S"),
    ("{sequence: [{skill: s2S}, {skill: s1F}, {skill: s3S}]}", "FAILED", "s2S S, s1F F"),
    ("{sequence: [{skill: s0R}, {skill: s3S}]}", "FAILED", "s0R R"),
    ("{fallback: [{skill: s2F}, {skill: s0R}, {skill: s1T}, {skill: s3S}, {skill: s2S}]}", "SUCCEEDED", "s2F F, s0R R, s1T T, s3S S"),
    ("{fallback: [{skill: s2F}, {skill: s1T}]}", "FAILED", "s2F F, s1T T"),
    ("{retry: {times: 3, do: {skill: s1F}}}", "FAILED", "s1F F, s1F F, s1F F"),
    ("{retry: {times: 3, do: {skill: s1S}}}", "SUCCEEDED", "s1S S"),
    ("{retry: {times: 2, do: {sequence: [{skill: s1S}, {skill: s1T}]}}}", "FAILED", "s1S S, s1T T, s1S S, s1T T"),
    ("{retry: {times: 2, do: {retry: {times: 2, do: {skill: s1F}}}}}", "FAILED", "s1F F, s1F F, s1F F, s1F F"),
    ("{repeat: {times: 3, do: {skill: s1S}}}", "SUCCEEDED", "s1S S, s1S S, s1S S"),
    ("{repeat: {times: 3, do: {skill: s1F}}}", "FAILED", "s1F F"),
    ("{invert: {skill: s1S}}", "FAILED", "s1S S"),
    ("{invert: {skill: s1F}}", "SUCCEEDED", "s1F F"),
    ("{invert: {skill: s0R}}", "SUCCEEDED", "s0R R"),
    ("{force_success: {skill: s1T}}", "SUCCEEDED", "s1T T"),
    ("{force_success: {skill: s1S}}", "SUCCEEDED", "s1S S"),
    ("{force_failure: {skill: s1S}}", "FAILED", "s1S S"),
    ("{timeout: {after: 1 s, do: {skill: s2S}}}", "SUCCEEDED", "s2S S"),
    ("{timeout: {after: 1 s, do: {skill: s2F}}}", "FAILED", "s2F F"),
    ("{timeout: {after: 1 s, do: {skill: s100S}}}", "FAILED", "s100S P"),
    ("{fallback: [{timeout: {after: 1 s, do: {skill: s100S}}}, {skill: s1S}]}", "SUCCEEDED", "s100S P, s1S S"),
    ("{sequence: [{condition: 'true'}, {skill: s1S}]}", "SUCCEEDED", "s1S S"),
    ("{sequence: [{condition: 1 > 2}, {skill: s1S}]}", "FAILED", ""),
    ("{fallback: [{condition: 1 > 2}, {skill: s1S}]}", "SUCCEEDED", "s1S S"),
    ("{fallback: [{invert: {condition: 1 > 2}}, {skill: s1S}]}", "SUCCEEDED", ""),
    ("{sequence: [{wait: 0.5 s}, {skill: s1S}]}", "SUCCEEDED", "s1S S"),
    ("{reactive_sequence: [{condition: 'true'}, {skill: s3S}]}", "SUCCEEDED", "s3S S"),
    ("{reactive_fallback: [{condition: 1 > 2}, {skill: s3S}]}", "SUCCEEDED", "s3S S"),
    ("{reactive_fallback: [{condition: 1 > 2}, {skill: s3F}]}", "FAILED", "s3F F"),
]


def begun(bench: Make, tree: str, **arguments: object) -> Bench:
    """A tree that is asked to start whatever its first leaves say: a wait of no length stands in front."""
    return bench(f"{{sequence: [{{wait: 0 s}}, {tree}]}}", **arguments)


@pytest.mark.parametrize(("tree", "outcome", "runs"), SEMANTICS, ids=lambda value: str(value)[:60])
def test_a_word_ends_as_its_table_says(bench: Make, tree: str, outcome: str, runs: str) -> None:
    words = {"S": "SUCCEEDED", "F": "FAILED", "T": "TIMED_OUT", "R": "REFUSED", "P": "PREEMPTED"}
    one = begun(bench, tree)
    ending = one.run()
    assert ending is not None
    assert ending.outcome.value == outcome
    assert one.runs() == [(run.split()[0], words[run.split()[1]]) for run in runs.split(", ") if run]


def test_every_word_is_tested_here_or_beside() -> None:
    tests = "".join(path.read_text() for path in Path(__file__).parent.glob("test_*.py"))
    assert [word for word in WORDS if f"{{{word}: " not in tests and f'"{word}"' not in tests] == []


@pytest.mark.parametrize("script", ["2U", "2E", "2P", "0U", "0E", "0P"])
@pytest.mark.parametrize(
    "around",
    ["{X}", "fallback: [{X}, {skill: s1S}]", "retry: {times: 5, do: {X}}", "repeat: {times: 5, do: {X}}", "invert: {X}",
     "force_success: {X}", "force_failure: {X}", "timeout: {after: 9 s, do: {X}}", "reactive_fallback: [{X}, {skill: s1S}]",
     "reactive_sequence: [{condition: 'true'}, {X}]",
     "force_success: {retry: {times: 3, do: {fallback: [{invert: {X}}, {skill: s1S}]}}}"],
)  # fmt: skip
def test_unsafe_error_and_preempted_pass_through_every_word(bench: Make, around: str, script: str) -> None:
    tree = around.replace("{X}", f"{{skill: s{script}}}")
    one = bench(tree if tree.startswith("{") else f"{{{tree}}}")
    ending = one.run()
    assert ending is not None
    assert ending.outcome in (Outcome.UNSAFE, Outcome.ERROR, Outcome.PREEMPTED)
    assert one.runs() == [(f"s{script}", ending.outcome.value)]
    assert f"script {script}" in ending.reason


def test_unsafe_is_not_lost_when_a_watched_condition_fails_in_the_same_step(bench: Make) -> None:
    one = bench("{reactive_sequence: [{condition: signal(safe) > 0}, {skill: s2U}]}", signals=lambda t: {"safe": float(t < 0.095)})
    ending = one.run()
    assert ending is not None
    assert ending.outcome is Outcome.UNSAFE


def test_the_next_skill_starts_in_the_control_step_in_which_the_last_one_ended(bench: Make) -> None:
    one = bench("{sequence: [{skill: s3S}, {fallback: [{skill: s2F}, {skill: s5S}]}, {skill: s2S}]}")
    one.run()
    assert all(directives for directives in one.directives[:-1])
    assert not one.directives[-1]


def test_a_leafs_delta_keeps_the_length_of_its_policy_step(bench: Make) -> None:
    one = bench("{skill: s3S}")
    one.step()
    assert [directive.period for directive in one.directives[0].values()] == [0.05]


def test_a_timeout_ends_its_child_at_the_first_control_step_after_its_time(bench: Make) -> None:
    one = bench("{timeout: {after: 0.33 s, do: {skill: s100S}}}")
    ending = one.run()
    assert one.tick - 1 == 33
    assert ending is not None
    assert "TIMED_OUT: 0.33 s are over" in ending.reason


def test_a_wait_lasts_as_long_as_it_says_and_leaves_the_arm_alone(bench: Make) -> None:
    one = bench("{sequence: [{wait: 0.25 s}, {skill: s1S}]}")
    one.run()
    started = [event.time for event in one.events if isinstance(event, Started) and event.option == "s1S"]
    assert started == pytest.approx([0.25])
    assert not any(one.directives[:25])


def test_a_wait_until_ends_when_its_condition_holds(bench: Make) -> None:
    one = bench("{wait: {until: signal(go) > 0.5}}", signals=lambda t: {"go": float(t > 0.42)})
    one.run()
    assert 0.43 <= one.now <= 0.55


def test_a_watched_condition_stops_a_running_skill_within_one_decision(bench: Make) -> None:
    one = bench("{reactive_sequence: [{condition: signal(safe) > 0}, {skill: s100S}]}", signals=lambda t: {"safe": float(t < 0.42)})
    ending = one.run()
    assert one.runs() == [("s100S", "PREEMPTED")]
    assert 0.42 <= one.now <= 0.54
    assert ending is not None
    assert "signal(safe) = 0, not > 0" in ending.reason


def test_a_reactive_fallback_lets_an_earlier_child_take_over(bench: Make) -> None:
    one = bench("{reactive_fallback: [{sequence: [{condition: signal(go) > 0}, {skill: s2S}]}, {skill: s100S}]}", signals=lambda t: {"go": float(t > 0.3)})
    ending = one.run()
    assert ending is not None
    assert ending.outcome is Outcome.SUCCEEDED
    assert one.runs() == [("s100S", "PREEMPTED"), ("s2S", "SUCCEEDED")]


def test_a_memory_sequence_does_not_ask_a_done_condition_again(bench: Make) -> None:
    one = bench("{sequence: [{condition: signal(go) > 0}, {skill: s8S}]}", signals=lambda t: {"go": float(t < 0.1)})
    ending = one.run()
    assert ending is not None
    assert ending.outcome is Outcome.SUCCEEDED


def test_the_reason_of_a_failure_names_the_leaves_that_decided_it(bench: Make) -> None:
    ending = bench("{fallback: [{skill: {s1F: {}, label: first}}, {sequence: [{skill: s1S}, {skill: {s1T: {}, label: second}}]}]}").run()
    assert ending is not None
    assert ending.reason == "first: FAILED: script 1F; second: TIMED_OUT: script 1T"


def test_a_task_whose_goal_does_not_hold_at_the_end_failed(bench: Make) -> None:
    ending = bench("{skill: s1S}", "goal: signal(full) > 0.9", signals=lambda t: {"full": 0.25}).run()
    assert ending is not None
    assert ending.outcome is Outcome.FAILED
    assert "signal(full) = 0.25, not > 0.9" in ending.reason
    ending = bench("{skill: s1S}", "goal: signal(full) > 0.9", signals=lambda t: {"full": 1.0}).run()
    assert ending is not None
    assert ending.outcome is Outcome.SUCCEEDED


STARTS = [
    ("{sequence: [{skill: s1S}, {skill: s0R}]}", True),
    ("{sequence: [{skill: s0R}, {skill: s1S}]}", False),
    ("{sequence: [{condition: 'true'}, {skill: s0R}]}", False),
    ("{sequence: [{invert: {condition: 'true'}}, {skill: s1S}]}", False),
    ("{sequence: [{condition: 1 > 2}, {skill: s1S}]}", False),
    ("{fallback: [{skill: s0R}, {skill: s1S}]}", True),
    ("{fallback: [{skill: s0R}, {condition: 1 > 2}]}", False),
    ("{retry: {times: 3, do: {skill: s0R}}}", False),
    ("{timeout: {after: 3 s, do: {skill: s1S}}}", True),
    ("{force_success: {skill: s0R}}", True),
    ("{wait: 1 s}", True),
]


@pytest.mark.parametrize(("tree", "allowed"), STARTS)
def test_a_tree_may_start_where_its_first_leaves_may(bench: Make, tree: str, allowed: bool) -> None:
    one = bench(tree)
    assert (one.execution.ending is None) is allowed
    if not allowed:
        assert one.execution.ending is not None
        assert one.execution.ending.outcome is Outcome.REFUSED
        assert one.execution.ending.reason


def test_parameters_reach_the_leaf_and_wrong_ones_refuse_the_task(bench: Make) -> None:
    header = "parameters: {thing: {type: object}, far: {type: number, unit: m, default: 0.2}}"
    tree = "{sequence: [{skill: {s1S: {object: $thing, far: $far}}}, {skill: {s2S: {object: bowl, far: 30 cm}}}]}"
    one = bench(tree, header, thing="mug", far=0.4)
    one.run()
    assert [event.parameters for event in one.events if isinstance(event, Started) and event.path != "t"] == [
        {"object": "mug", "far": 0.4}, {"object": "bowl", "far": pytest.approx(0.3)},
    ]  # fmt: skip
    refused = bench(tree, header, thing="mug", far=7.0)
    assert refused.execution.ending is not None
    assert refused.execution.ending.outcome is Outcome.REFUSED


def test_a_skill_takes_the_arm_that_its_node_names(task: Callable[..., object]) -> None:
    made = task("{skill: s1S, arm: right}")
    option = made.option(SKILLS, roles=("left", "right"))  # type: ignore[attr-defined]
    assert option.initiation(Situation(None, {"left": "panda_l", "right": "panda_r"}, {})) == Initiation(True)  # type: ignore[arg-type]
    policy = option.policy()
    policy._build({}, {"left": "panda_l", "right": "panda_r"})
    assert policy.root.roles == {"arm": "panda_r"}
