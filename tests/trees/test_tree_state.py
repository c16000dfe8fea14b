"""The state of a running tree: bit-equal continuation, nothing left behind, stable paths."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scripted import ENDINGS, SKILLS, Bench

from skillkit.events import Started, StatusChange, Transition
from skillkit.execution import Execution
from skillkit.spaces import Outcome
from skillkit.trees import TreePolicy, load_task
from skillkit.trees.run import OptionLeaf, behaviours

leaves = st.one_of(
    st.builds(lambda n, letter: f"{{skill: s{n}{letter}}}", st.sampled_from((0, 1, 2, 3, 5, 8)), st.sampled_from("SSSSFFTRUE")),
    st.builds(lambda s: f"{{wait: {s} s}}", st.sampled_from((0, 0.05, 0.23, 0.4))),
    st.builds(lambda t: f"{{condition: {t} 0.5}}", st.sampled_from(("signal(beat) <", "signal(beat) >", "$n <", "$n >"))),
    st.builds(lambda value: f"{{set: {{n: {value}}}}}", st.sampled_from(("0", "1", "signal(beat)", "1 - $n", "$n + 3"))),
)


def _above(below: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    words = st.sampled_from(("sequence", "fallback", "reactive_sequence", "reactive_fallback"))
    return st.one_of(
        st.builds(lambda word, children: f"{{{word}: [{', '.join(children)}]}}", words, st.lists(below, min_size=1, max_size=4)),
        st.builds(lambda word, child: f"{{{word}: {child}}}", st.sampled_from(("invert", "force_success", "force_failure")), below),
        st.builds(lambda word, n, child: f"{{{word}: {{times: {n}, do: {child}}}}}", st.sampled_from(("retry", "repeat")), st.integers(1, 3), below),
        st.builds(lambda t, child: f"{{guard: {{when: signal(beat) {t} 0.5, do: {child}}}}}", st.sampled_from("<>"), below),
        st.builds(lambda word, do, then: f"{{{word}: {{do: {do}, then: {then}}}}}", st.sampled_from(("on_failure", "finally")), below, below),
        st.builds(lambda do, other: f"{{switch: {{cases: [{{when: signal(beat) > 0.5, do: {do}}}], otherwise: {other}}}}}", below, below),
        st.builds(lambda some, child: f"{{for_each: {{each: EACH, in: [{some}], do: {child}}}}}", st.sampled_from(("", "a", "a, b")), below),
        st.builds(lambda child, other: f"{{parallel: [{child}, {other}]}}", below, st.sampled_from(("{wait: 0.2 s}", "{condition: $n > 0.5}"))),
        st.builds(lambda after, child: f"{{timeout: {{after: {after} s, do: {child}}}}}", st.sampled_from((0.07, 0.3, 1.0)), below),
    )


trees = st.recursive(leaves, _above, max_leaves=10)
FOLDER = Path(tempfile.mkdtemp(prefix="skillkit-trees-"))


def begin(tree: str) -> Bench:
    path = FOLDER / "t.yaml"
    while "EACH" in tree:  # every loop has a variable of its own
        tree = tree.replace("EACH", f"each{tree.count('EACH')}", 1)
    path.write_text(f"task: t\nvariables: {{n: {{type: number, maximum: 3, default: 0}}}}\ntree: {{sequence: [{{wait: 0 s}}, {tree}]}}\n")
    return Bench(load_task(path, SKILLS), lambda t: {"beat": float(int(t * 7) % 2)})


def active(bench: Bench) -> list[str]:
    policy = bench.execution.policy
    if not isinstance(policy, TreePolicy):
        return []
    leaves = [node for node in behaviours(policy.root) if isinstance(node, OptionLeaf)]
    return [leaf.name for leaf in leaves if leaf.execution is not None and leaf.execution.ending is None]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(trees)
def test_two_runs_of_a_tree_are_equal(tree: str) -> None:
    one, two = begin(tree), begin(tree)
    for bench in (one, two):
        bench.run(4.0)
    assert [_told(event) for event in one.events] == [_told(event) for event in two.events]
    assert one.directives == two.directives
    assert one.execution.ending == two.execution.ending


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(trees, st.integers(0, 200))
def test_a_restored_tree_continues_as_the_original(tree: str, ticks: int) -> None:
    one = begin(tree)
    for _ in range(ticks):
        one.step()
    one.execution.drain()
    snapshot = json.loads(json.dumps(one.execution.snapshot()))
    two = begin(tree)
    two.execution = Execution(two.option, {}, {})
    two.execution.restore(snapshot)
    two.tick = one.tick
    one.events.clear()
    two.events.clear()
    for bench in (one, two):
        for _ in range(150):
            bench.step()
    assert two.directives == one.directives[ticks:]
    assert [_told(event) for event in two.events] == [_told(event) for event in one.events]
    assert two.execution.ending == one.execution.ending
    assert json.dumps(two.execution.snapshot()) == json.dumps(one.execution.snapshot())


def _told(event: object) -> object:
    """An event without the observation its run began in, which is not part of a snapshot."""
    return (event.path, event.start, event.steps, event.reward, event.ending) if isinstance(event, Transition) else event


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(trees, st.integers(0, 120), st.sampled_from((Outcome.PREEMPTED, Outcome.UNSAFE)))
def test_nothing_runs_after_a_halt_and_every_start_has_its_end(tree: str, ticks: int, outcome: Outcome) -> None:
    bench = begin(tree)
    for _ in range(ticks):
        bench.step()
    before = bench.execution.ending
    bench.halt(outcome)
    assert active(bench) == []
    assert bench.execution.ending is not None
    assert bench.execution.ending.outcome is (outcome if before is None else before.outcome)
    started = sorted(event.path for event in bench.events if isinstance(event, Started))
    ended = sorted(event.path for event in bench.events if isinstance(event, Transition))
    assert started == ended
    assert bench.policy.run.active == {}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(trees)
def test_a_tree_that_ended_leaves_nothing_running_and_never_swallows_what_may_not_be(tree: str) -> None:
    bench = begin(tree)
    ending = bench.run(20.0)
    assert ending is None or active(bench) == []
    fatal = [outcome for _, outcome in bench.runs() if outcome in ("UNSAFE", "ERROR")]
    assert not fatal or (ending is not None and ending.outcome.value == fatal[0])
    assert len(fatal) <= 1


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(trees)
def test_paths_are_unique_and_the_events_tell_the_statuses(tree: str) -> None:
    bench = begin(tree)
    bench.run(2.0)
    nodes = bench.policy.nodes()
    paths = [node.path for node in nodes]
    assert len(set(paths)) == len(paths)
    assert all(node.parent < index for index, node in enumerate(nodes))
    told: dict[str, str] = {}
    for event in bench.events:
        if isinstance(event, StatusChange):
            told[event.path] = event.status
    assert {node.path: node.status for node in nodes} == {path: told.get(path, "INVALID") for path in paths}


def test_siblings_of_one_name_are_told_apart_by_their_index(bench: object) -> None:
    one = bench("{sequence: [{skill: s1S}, {skill: s1S}, {retry: {times: 2, do: {skill: {s2S: {}, label: twice}}}}]}")  # type: ignore[operator]
    one.run()
    assert [node.path for node in one.policy.nodes()] == ["t", "t/0:s1S", "t/1:s1S", "t/2:retry", "t/2:retry/twice"]


def test_a_control_step_without_a_decision_does_not_tick_the_tree(bench: object) -> None:
    one = bench("{skill: s100S}")  # type: ignore[operator]
    one.step()
    ticks: list[float] = []
    tick = one.policy.root.tick
    one.policy.root.tick = lambda: (ticks.append(one.now), tick())[1]
    for _ in range(100):
        one.step()
    assert len(ticks) == 10
    assert ticks == pytest.approx([0.1 * k for k in range(1, 11)])


def test_every_letter_of_a_script_is_an_outcome() -> None:
    assert set(ENDINGS.values()) == set(Outcome)


def test_a_live_view_tells_what_runs_with_which_parameters_and_why_the_rest_ended(bench: object) -> None:
    one = bench("{fallback: [{skill: s2F}, {skill: {s100S: {object: $cup}}}]}", "parameters: {cup: {type: object, default: mug}}", cup="bowl")  # type: ignore[operator]
    for _ in range(12):
        one.step()
    assert [(node.name, node.type, node.status, node.parent, node.detail) for node in one.policy.nodes()] == [
        ("fallback", "fallback", "RUNNING", -1, ""),
        ("s2F", "skill", "FAILURE", 0, "s2F: FAILED: script 2F"),
        ("s100S", "skill", "RUNNING", 0, "s100S(object=bowl, far=0.5)"),
    ]
