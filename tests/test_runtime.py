"""The step: leases, rates, endings at rest, and a state that lies open. Real kinematics and gate; the arm is a mock that does what it is told."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest

from skillkit.arm import ArmLoop
from skillkit.cell import Cell
from skillkit.embodiment import Embodiment
from skillkit.events import Transition
from skillkit.exceptions import InvalidValue
from skillkit.kinematics import ArmKinematics, CartesianController
from skillkit.option import Option, Parameter, Situation
from skillkit.pose import Pose
from skillkit.protocols import Policy
from skillkit.records import input_from_record, input_record, inputs_from_record, result_record, step_record
from skillkit.runtime import Runtime, StepResult
from skillkit.safety import SafetyGate
from skillkit.spaces import CancelInput, CartesianDelta, ControlInput, Directive, Ending, GoalInput, Input, JointInput, ObjectInput, Outcome, SignalInput

PERIOD = 0.01


class Line:
    """Moves along world x at a steady speed [m/s]; after ``length`` metres it is done."""

    def __init__(self, speed: float = 0.1, length: float = 0.1) -> None:
        self.speed, self.length, self.gone = speed, length, 0.0

    def start(self, situation: Situation) -> None:
        self.gone = 0.0

    def act(self, situation: Situation) -> Mapping[str, Directive] | Ending:
        if self.gone >= self.length - 1e-12:
            return Ending(Outcome.SUCCEEDED, "arrived")
        self.gone += self.speed / 20.0
        return {"arm": CartesianDelta((self.speed / 20.0, 0.0, 0.0), closure=0.5)}

    def snapshot(self) -> dict[str, Any]:
        return {"gone": self.gone}

    def restore(self, snapshot: dict[str, Any]) -> None:
        self.gone = snapshot["gone"]


class Bench:
    """A runtime and mock arms that follow every command exactly within one tick."""

    def __init__(self, cell: Cell | None = None, policy: type[Policy] | None = None) -> None:
        self.cell = cell or Cell.of_robot("panda")
        loops = [
            ArmLoop(a.name, a.embodiment, a.base, ArmKinematics(a.embodiment), CartesianController(a.embodiment, 100.0), SafetyGate(a.embodiment, 100.0))
            for a in self.cell.arms
        ]
        line = Option("line", policy or Line, parameters=(Parameter("note", "word", default="x"),))
        self.runtime = Runtime(loops, {"line": line})
        self.q = {a.name: a.embodiment.home.copy() for a in self.cell.arms}
        self.v = {a.name: np.zeros(a.embodiment.n) for a in self.cell.arms}
        self.silent: set[str] = set()
        self.log: list[tuple[dict[str, Any], StepResult]] = []

    @property
    def now(self) -> float:
        return len(self.log) * PERIOD

    def tick(self, *extra: Input) -> StepResult:
        inputs: list[Input] = [
            JointInput(name, self.now, self.now, tuple(q.tolist()), tuple(self.v[name].tolist()), 0.08) for name, q in self.q.items() if name not in self.silent
        ]
        inputs += extra
        result = self.runtime.step(inputs, self.now)
        self.log.append((step_record(result.tick, self.now, inputs), result))
        for name, command in result.commands.items():
            self.v[name] = (command.position - self.q[name]) / PERIOD
            self.q[name] = command.position.copy()
        return result

    def run(self, ticks: int) -> list[StepResult]:
        return [self.tick() for _ in range(ticks)]

    def until_ended(self, limit: int = 1000) -> StepResult:
        for _ in range(limit):
            result = self.tick()
            if result.ended:
                return result
        raise TimeoutError("no goal ended")


def goal(name: str = "g", option: str = "line", **parameters: Any) -> GoalInput:
    return GoalInput(name, 0.0, option, parameters)


def tool(bench: Bench, arm: str = "panda") -> Pose:
    loop = bench.runtime.arms[arm]
    return loop.base @ loop.kinematics.forward(bench.q[arm])


def outcome(result: StepResult) -> Outcome:
    return result.ended[0].ending.outcome


def test_the_tool_moves_by_the_sum_of_the_deltas() -> None:
    bench = Bench()
    bench.tick()
    start = tool(bench)
    bench.tick(goal())
    bench.until_ended()
    moved = tool(bench).position - start.position
    assert moved == pytest.approx([0.1, 0.0, 0.0], abs=2e-3)


def test_an_ending_is_reported_only_when_the_arm_is_at_rest() -> None:
    bench = Bench()
    bench.tick()
    bench.tick(goal())
    result = bench.until_ended()
    assert outcome(result) is Outcome.SUCCEEDED
    ended = next(r for _, r in bench.log if any(isinstance(event, Transition) for event in r.events))
    assert result.tick > ended.tick, "the option ended while the arm was still moving"
    assert np.max(np.abs(bench.v["panda"])) < 0.01


def test_idle_arms_are_sent_nothing() -> None:
    bench = Bench()
    assert not any(result.commands for result in bench.run(5))
    bench.tick(goal())
    bench.until_ended()
    assert not any(result.commands for result in bench.run(5))


def test_a_cancel_ends_preempted_with_the_arm_at_rest_within_its_braking_time() -> None:
    bench = Bench()
    bench.tick()
    bench.tick(goal())
    bench.run(50)
    speed = np.max(np.abs(bench.v["panda"]))
    assert speed > 0.05
    bench.tick(CancelInput("g", bench.now, "operator"))
    cancelled = bench.now
    result = bench.until_ended()
    assert result.ended[0].ending == Ending(Outcome.PREEMPTED, "operator")
    assert bench.now - cancelled < 0.3


def test_a_cancel_in_the_same_step_as_its_goal_is_not_lost() -> None:
    bench = Bench()
    bench.tick()
    result = bench.tick(goal(), CancelInput("g", 0.0))
    result = result if result.ended else bench.until_ended()
    assert outcome(result) is Outcome.PREEMPTED


@pytest.mark.parametrize(
    ("request_", "words"),
    [(goal(option="lien"), "did you mean 'line'"), (goal(nte="x"), "did you mean 'note'"), (goal(note=3), "a word"),
        (GoalInput("g", 0.0, "line", {}, {"arm": "left"}), "unknown arm")],
)  # fmt: skip
def test_a_goal_that_cannot_be_served_is_refused_with_the_reason(request_: GoalInput, words: str) -> None:
    bench = Bench()
    bench.tick()
    result = bench.tick(request_)
    assert outcome(result) is Outcome.REFUSED
    assert words in result.ended[0].ending.reason


def test_a_goal_before_the_first_joint_state_is_refused() -> None:
    bench = Bench()
    bench.silent.add("panda")
    assert outcome(bench.tick(goal())) is Outcome.REFUSED


def test_an_arm_is_leased_to_one_goal_at_a_time() -> None:
    bench = Bench()
    bench.tick()
    bench.tick(goal("first"))
    result = bench.tick(goal("second"))
    assert (result.ended[0].goal, outcome(result)) == ("second", Outcome.REFUSED)
    assert "leased to the goal 'first'" in result.ended[0].ending.reason


def test_two_arms_serve_two_goals_at_once() -> None:
    bench = Bench(Cell.load("two_pandas"))
    bench.tick()
    bench.tick(*(GoalInput(side, 0.0, "line", {}, {"arm": side}) for side in ("left", "right")))
    ended = {goal.goal: goal.ending.outcome for result in bench.run(300) for goal in result.ended}
    assert ended == {"left": Outcome.SUCCEEDED, "right": Outcome.SUCCEEDED}


def test_a_silent_arm_is_stopped_and_ends_unsafe_within_a_tenth_of_a_second() -> None:
    bench = Bench()
    bench.tick()
    bench.tick(goal())
    bench.run(50)
    bench.silent.add("panda")
    silent_since = bench.now
    result = bench.until_ended(60)
    assert outcome(result) is Outcome.UNSAFE
    stopped = next(r.time for _, r in bench.log if any(not c.safe for c in r.commands.values()))
    assert stopped - silent_since <= 0.1
    assert np.max(np.abs(bench.v["panda"])) < 1e-6


def test_after_an_unsafe_stop_the_next_goal_starts_from_where_the_arm_is() -> None:
    bench = Bench()
    bench.tick()
    bench.tick(goal())
    bench.run(50)
    bench.silent.add("panda")
    bench.until_ended()
    bench.silent.clear()
    bench.q["panda"] = bench.q["panda"] + 0.2
    bench.tick()
    bench.tick(goal("again"))
    assert np.max(np.abs(bench.v["panda"])) < 1.0
    assert outcome(bench.until_ended()) is Outcome.SUCCEEDED


def test_pause_holds_the_arm_and_the_time_and_resume_goes_on() -> None:
    bench = Bench()
    bench.tick()
    start = tool(bench)
    bench.tick(goal())
    bench.run(30)
    bench.tick(ControlInput("pause", bench.now))
    bench.run(200)
    assert np.max(np.abs(bench.v["panda"])) < 1e-6
    bench.tick(ControlInput("resume", bench.now))
    bench.until_ended()
    transition = next(event for _, r in bench.log for event in r.events if isinstance(event, Transition))
    assert transition.duration < 1.2
    assert (tool(bench).position - start.position)[0] == pytest.approx(0.1, abs=6e-3)


def test_a_bug_in_a_policy_stops_the_arm_and_ends_in_error() -> None:
    class Buggy(Line):
        def act(self, situation: Situation) -> Mapping[str, Directive]:
            if self.gone > 0.05:
                raise KeyError("cup")
            return super().act(situation)  # type: ignore[return-value]

    bench = Bench(policy=Buggy)
    bench.tick()
    bench.tick(goal())
    result = bench.until_ended()
    assert outcome(result) is Outcome.ERROR
    assert "KeyError" in result.ended[0].ending.reason


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), 1e300, -1e9])
def test_whatever_a_policy_asks_the_arm_stays_inside_its_limits(bad: float) -> None:
    class Wild(Line):
        def act(self, situation: Situation) -> Mapping[str, Directive]:
            return {"arm": CartesianDelta((bad, 0.0, bad), (0.0, bad, 0.0), frame="tool", closure=bad)}

    bench = Bench(policy=Wild)
    arm = Embodiment.load("panda")
    bench.tick()
    bench.tick(goal())
    velocity = np.zeros(arm.n)
    for result in bench.run(200):
        for command in result.commands.values():
            assert np.all(np.isfinite(command.position))
            assert np.all((command.position >= arm.lower) & (command.position <= arm.upper))
            assert 0.0 <= command.closure <= 1.0
        assert np.all(np.abs(bench.v["panda"]) <= arm.velocity * (1 + 1e-9))
        assert np.all(np.abs(bench.v["panda"] - velocity) / PERIOD <= arm.acceleration * (1 + 1e-6))
        velocity = bench.v["panda"]


def test_hostile_inputs_never_raise() -> None:
    bench = Bench()
    nan = float("nan")
    bench.tick(
        JointInput("panda", nan, nan, (nan,) * 7, (nan,) * 7, nan),
        JointInput("panda", 0.0, 0.0, (0.0,), (), 0.0),
        JointInput("nobody", 0.0, 0.0, (), (), 0.0),
        ObjectInput("cup", nan, nan, (nan, 0.0, 0.0), (0.0, 0.0, 0.0, 0.0)),
        SignalInput("x", nan, nan, nan),
        ControlInput("explode", nan),
        CancelInput("nobody", nan),
        goal(),
    )
    bench.run(20)


def test_the_same_inputs_give_the_same_results_bit_for_bit_through_records() -> None:
    bench = Bench()
    bench.tick()
    bench.tick(goal(), ObjectInput("cup", 0.0, 0.0, (0.1, 0.2, 0.3), (0.0, 0.0, 0.6, 0.8)), SignalInput("button", 0.0, 0.0, 0.3))
    bench.run(120)
    again = Bench().runtime
    for record, result in bench.log:
        repeated = again.step(inputs_from_record(json.loads(json.dumps(record))), record["now"])
        assert repr(result_record(repeated)) == repr(result_record(result))


@pytest.mark.parametrize("cut", [1, 2, 40, 90, 125])
def test_a_restored_runtime_continues_bit_for_bit(cut: int) -> None:
    bench = Bench()
    bench.tick()
    bench.tick(goal())
    bench.run(140)
    first, second = Bench().runtime, Bench().runtime
    for record, _ in bench.log[:cut]:
        first.step(inputs_from_record(record), record["now"])
    second.restore(json.loads(json.dumps(first.snapshot())))
    for record, result in bench.log[cut:]:
        assert repr(result_record(second.step(inputs_from_record(record), record["now"]))) == repr(result_record(result))


INPUTS: Sequence[Input] = (
    JointInput("a", 0.1, 0.2, (1.0, 2.0), (0.1, 1e-300), 0.08, 3.0),
    ObjectInput("cup", 0.1, 0.2, (1.0, 2.0, 3.0), (0.0, 0.0, 0.0, 1.0)),
    SignalInput("button", 0.1, 0.2, 0.5),
    GoalInput("g", 0.2, "line", {"note": "ü", "depth": 0.1}, {"arm": "a"}),
    CancelInput("g", 0.2, "because"),
    ControlInput("pause", 0.2),
)


@pytest.mark.parametrize("given", INPUTS, ids=lambda given: type(given).__name__)
def test_every_input_survives_its_record(given: Input) -> None:
    assert input_from_record(json.loads(json.dumps(input_record(given)))) == given


# -- a second goal, breakpoints --------------------------------------------------------------------------------------------------------------


def endings(bench: Bench, ticks: int) -> list[tuple[str, str]]:
    found = []
    for _ in range(ticks):
        found += [(one.goal, one.ending.outcome.value) for one in bench.tick().ended]
    return found


def second(rule: str) -> Bench:
    bench = Bench()
    bench.runtime.second_goal = rule
    bench.tick()
    bench.tick(GoalInput("first", bench.now, "line"))
    for _ in range(30):
        bench.tick()
    return bench


def test_a_second_goal_is_refused_where_the_rule_says_so() -> None:
    bench = second("refuse")
    result = bench.tick(GoalInput("second", bench.now, "line"))
    assert [(one.goal, one.ending.outcome) for one in result.ended] == [("second", Outcome.REFUSED)]
    assert endings(bench, 300) == [("first", "SUCCEEDED")]


def test_a_second_goal_waits_in_a_queue_and_runs_when_its_arm_is_free() -> None:
    bench = second("queue")
    bench.tick(GoalInput("second", bench.now, "line"), GoalInput("third", bench.now, "line"))
    assert endings(bench, 600) == [("first", "SUCCEEDED"), ("second", "SUCCEEDED"), ("third", "SUCCEEDED")]


def test_a_goal_that_waits_can_be_cancelled_and_is_part_of_the_snapshot() -> None:
    bench = second("queue")
    bench.tick(GoalInput("second", bench.now, "line"))
    again = Bench()
    again.runtime.restore(json.loads(json.dumps(bench.runtime.snapshot())))
    assert [one.goal for one in again.runtime.waiting] == ["second"]
    result = bench.tick(CancelInput("second", bench.now))
    assert [(one.goal, one.ending.outcome) for one in result.ended] == [("second", Outcome.PREEMPTED)]
    assert endings(bench, 300) == [("first", "SUCCEEDED")]


def test_a_second_goal_preempts_the_first_and_starts_when_its_arm_is_at_rest() -> None:
    bench = second("preempt")
    bench.tick(GoalInput("second", bench.now, "line"), GoalInput("third", bench.now, "line"))
    ended = endings(bench, 600)
    assert sorted(ended) == [("first", "PREEMPTED"), ("third", "SUCCEEDED")]
    assert [(one.goal, one.ending.outcome) for _, result in bench.log for one in result.ended if one.goal == "second"] == [("second", Outcome.PREEMPTED)]


def test_a_wrong_rule_is_refused_with_the_right_ones() -> None:
    with pytest.raises(InvalidValue, match="queue"):
        Runtime([], {}, second_goal="wait")


def test_at_a_breakpoint_the_runtime_pauses_before_anything_moves_and_goes_on_when_resumed() -> None:
    bench = Bench()
    bench.tick(ControlInput("break line", 0.0))
    bench.tick(GoalInput("g", bench.now, "line"))
    before = bench.q["panda"].copy()
    for _ in range(100):
        assert not bench.tick().ended
    assert bench.runtime.paused
    assert np.array_equal(before, bench.q["panda"])
    bench.tick(ControlInput("unbreak line", bench.now), ControlInput("resume", bench.now))
    assert endings(bench, 300) == [("g", "SUCCEEDED")]
    assert bench.runtime.breakpoints == set()


def test_a_rehearsal_leaves_no_trace() -> None:
    rehearsing, plain = Bench(), Bench()
    for bench in (rehearsing, plain):
        bench.tick()
        bench.tick(goal())
    for _ in range(200):
        expected = rehearsing.runtime.rehearse(rehearsing.now)
        assert repr(rehearsing.runtime.rehearse(rehearsing.now)) == repr(expected)
        assert repr(result_record(rehearsing.tick())) == repr(result_record(plain.tick()))
    assert rehearsing.runtime.snapshot() == plain.runtime.snapshot()
