"""A person takes an arm over: through the same gate, for as long as they speak, and the bag says who, when and why."""

from __future__ import annotations

import json
from itertools import pairwise

import numpy as np
import pytest
from test_runtime import PERIOD, Bench, goal, outcome, tool

from skillkit import teleop
from skillkit.cell import Cell
from skillkit.events import Started, Transition
from skillkit.records import input_from_record, input_record
from skillkit.spaces import CancelInput, Outcome, TeleopInput

UP = (0.0, 0.0, 0.05, 0.0, 0.0, 0.0)


def bench_with_teleop() -> Bench:
    bench = Bench()
    bench.runtime.options[teleop.NAME] = teleop.OPTION
    bench.tick()
    return bench


def says(bench: Bench, twist: tuple[float, ...] = UP, **words: object) -> TeleopInput:
    return TeleopInput("panda", 0.0, bench.now, twist=twist, who="ana", why="the cup slips", **words)  # type: ignore[arg-type]


def speed_of(bench: Bench) -> float:
    return float(np.abs(bench.v["panda"]).max())


def interventions(bench: Bench) -> list[Transition]:
    return [e for _, result in bench.log for e in result.events if isinstance(e, Transition) and e.option == teleop.NAME and e.path == "teleop/panda"]


def test_a_person_moves_the_tool_at_the_speed_they_ask_for() -> None:
    bench = bench_with_teleop()
    bench.tick(goal(option="teleop"))
    start = tool(bench).position
    for _ in range(100):
        bench.tick(says(bench))
    np.testing.assert_allclose(tool(bench).position - start, [0.0, 0.0, 0.05], atol=0.003)


def test_an_arm_that_nobody_leased_is_not_moved_by_a_person() -> None:
    bench = bench_with_teleop()
    assert all(not bench.tick(says(bench)).commands for _ in range(10))


def test_silence_stops_the_arm_within_the_command_time_out() -> None:
    bench = bench_with_teleop()
    bench.tick(goal(option="teleop"))
    for _ in range(50):
        bench.tick(says(bench))
    bench.run(round(teleop.FRESH / PERIOD) + 15)
    still = tool(bench).position
    bench.run(50)
    np.testing.assert_allclose(tool(bench).position, still, atol=1e-6)


def test_no_speed_above_the_reduced_one_can_be_asked_for() -> None:
    bench = bench_with_teleop()
    bench.tick(goal(option="teleop"))
    places = []
    for _ in range(60):
        bench.tick(says(bench, (0.0, 0.0, 5.0, 0.0, 0.0, 0.0)))
        places.append(tool(bench).position)
    assert max(np.linalg.norm(b - a) for a, b in pairwise(places)) / PERIOD <= 0.25


@pytest.mark.parametrize("twist", [(float("nan"),) * 6, (1e9,) * 6, (0.1,) * 5, ()])
def test_a_command_that_is_no_twist_is_passed_over(twist: tuple[float, ...]) -> None:
    bench = bench_with_teleop()
    bench.tick(goal(option="teleop"))
    start = bench.q["panda"].copy()
    for _ in range(20):
        bench.tick(says(bench, twist))
    np.testing.assert_array_equal(bench.q["panda"], start)


def test_a_pose_is_gone_to_and_reached() -> None:
    bench = bench_with_teleop()
    bench.tick(goal(option="teleop"))
    here = tool(bench)
    wanted = here.position + np.array([0.03, -0.02, 0.04])
    for _ in range(150):
        bench.tick(TeleopInput("panda", 0.0, bench.now, pose=(*wanted.tolist(), *here.quaternion.tolist())))
    np.testing.assert_allclose(tool(bench).position, wanted, atol=1e-3)


def test_a_takeover_replaces_the_skill_and_then_hands_back_to_it() -> None:
    bench = bench_with_teleop()
    bench.tick(goal())
    bench.run(20)
    begun, driven = bench.now, speed_of(bench)
    for _ in range(30):
        bench.tick(says(bench, (0.0,) * 6))
    assert speed_of(bench) < 0.05 * driven
    assert outcome(bench.until_ended()) is Outcome.SUCCEEDED
    bench.run(1)
    (found,) = interventions(bench)
    assert found.parameters == {"who": "ana", "why": "the cup slips", "during": "line"}
    assert found.start == pytest.approx(begun)


def test_an_intervention_begins_and_ends_as_events_with_its_duration() -> None:
    bench = bench_with_teleop()
    bench.tick(goal(option="teleop"))
    for _ in range(30):
        bench.tick(says(bench))
    bench.run(round(teleop.HANDED_BACK / PERIOD) + 5)
    started = [e for _, result in bench.log for e in result.events if isinstance(e, Started) and e.path == "teleop/panda"]
    (ended,) = interventions(bench)
    assert len(started) == 1
    assert ended.duration == pytest.approx(30 * PERIOD + teleop.HANDED_BACK, abs=2 * PERIOD)


def test_a_cancel_ends_it_with_the_arm_at_rest() -> None:
    bench = bench_with_teleop()
    bench.tick(goal(option="teleop"))
    for _ in range(30):
        bench.tick(says(bench))
    bench.tick(CancelInput("", bench.now), says(bench))
    result = bench.until_ended()
    assert outcome(result) is Outcome.PREEMPTED
    assert speed_of(bench) < 0.01


@pytest.mark.parametrize("given", [says(Bench()), TeleopInput("left", 1.0, 2.0, pose=(0.1, 0.2, 0.3, 0.0, 0.0, 0.0, 1.0), closure=0.25)])
def test_what_a_person_said_survives_the_bag_exactly(given: TeleopInput) -> None:
    assert input_from_record(json.loads(json.dumps(input_record(given)))) == given


def test_a_snapshot_in_the_middle_of_a_takeover_continues_bit_for_bit() -> None:
    one, other = bench_with_teleop(), bench_with_teleop()
    for bench in (one, other):
        bench.tick(goal(option="teleop"))
        for _ in range(10):
            bench.tick(says(bench))
    kept = json.loads(json.dumps(one.runtime.snapshot()))
    one.runtime.restore(kept)
    for _ in range(150):
        assert [c.position.tolist() for c in one.tick().commands.values()] == [c.position.tolist() for c in other.tick().commands.values()]
    assert [(e.start, e.duration, e.parameters) for e in interventions(one)] == [(e.start, e.duration, e.parameters) for e in interventions(other)]


def test_each_of_several_arms_can_be_taken_by_its_own_option() -> None:
    bench = Bench(Cell.load("two_pandas"))
    bench.runtime.options.update(teleop.options(["left", "right"]))
    bench.tick()
    bench.tick(goal(option="teleop_right"))
    start = tool(bench, "right").position
    for _ in range(60):
        bench.tick(TeleopInput("right", 0.0, bench.now, twist=UP), TeleopInput("left", 0.0, bench.now, twist=UP))
    assert set(bench.log[-1][1].commands) == {"right"}
    assert tool(bench, "right").position[2] - start[2] > 0.02
