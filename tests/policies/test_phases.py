"""The runner of phases: order, passing through, reasons, and its whole state in the open."""

from __future__ import annotations

from typing import Any

import numpy as np

from skillkit.option import Situation
from skillkit.policies.phases import Move, Phases
from skillkit.pose import Pose, frozen
from skillkit.spaces import ArmState, CartesianDelta, Ending, Observation, Outcome

FORWARD = Pose.from_vector((0.2, 0.0, 0.0))


def situation(tool: Pose, elapsed: float) -> Situation:
    arm = ArmState(frozen([0.0]), frozen([0.0]), tool, tool, Pose.from_vector(), 0.08, 0.08, 0.0, 0.0, 0.0, frozen(np.zeros(6)))
    return Situation(Observation(elapsed, {"a": arm}, {}, {}), {"arm": "a"}, {}, elapsed)


class There(Phases):
    order = ("already", "go", "wait", "go_back")

    def already(self, situation: Situation) -> Move:
        return Move(done=True)

    def go(self, situation: Situation) -> Move:
        return Move(FORWARD, time_limit=2.0, failure="something is in the way")

    def wait(self, situation: Situation) -> Move:
        return Move(closure=1.0, done=self.lasted(situation) >= 0.3)

    def go_back(self, situation: Situation) -> Move:
        return Move(Pose.from_vector())


def play(policy: Phases, stuck: bool = False) -> tuple[list[int], Any]:
    """The phase at each step, and the ending."""
    tool, phases, elapsed = Pose.from_vector(), [], 0.0
    policy.start(situation(tool, 0.0))
    while elapsed < 20.0:
        answer = policy.act(situation(tool, elapsed))
        if isinstance(answer, Ending):
            return phases, answer
        delta = answer["arm"]
        assert isinstance(delta, CartesianDelta)
        phases.append(policy.index)
        tool = tool if stuck else Pose(frozen(tool.position + delta.translation), tool.rotation)
        elapsed += policy.PERIOD
    return phases, None


def test_phases_run_in_order_and_the_last_one_ends_the_run() -> None:
    phases, ending = play(There())
    assert sorted(phases) == phases
    assert set(phases) == {1, 2, 3}  # the first was done before it began
    assert ending == Ending(Outcome.SUCCEEDED)


def test_a_phase_that_takes_too_long_fails_with_its_own_reason() -> None:
    phases, ending = play(There(), stuck=True)
    assert ending == Ending(Outcome.FAILED, "something is in the way")
    assert len(phases) * Phases.PERIOD <= 2.1


def test_a_phase_without_a_reason_is_named() -> None:
    class Nameless(Phases):
        order = ("reach_out",)

        def reach_out(self, situation: Situation) -> Move:
            return Move(FORWARD, time_limit=0.5)

    assert play(Nameless(), stuck=True)[1].reason == "the tool did not get through the phase 'reach_out'"


def test_waiting_stays_where_the_phase_began() -> None:
    policy = There()
    policy.start(situation(Pose.from_vector(), 0.0))
    policy.act(situation(FORWARD, 1.0))  # arrived: on to the next phase
    assert policy.recall("began") == FORWARD
    drifted = policy.act(situation(Pose.from_vector((0.21, 0.0, 0.0)), 1.05))
    assert not isinstance(drifted, Ending)
    delta = drifted["arm"]
    assert isinstance(delta, CartesianDelta)
    assert delta.translation[0] < 0.0
    assert delta.closure == 1.0
