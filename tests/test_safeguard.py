"""What a skill declares for its own safety, and an operator's deadman and speed, through runtime, controller and gate."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from skillkit.arm import ArmLoop
from skillkit.embodiment import Embodiment
from skillkit.kinematics import ArmKinematics, CartesianController
from skillkit.library import check_skill
from skillkit.option import Option, Parameter, Situation
from skillkit.pose import Pose
from skillkit.runtime import Runtime, StepResult
from skillkit.safeguard import NO_SAFEGUARD, Safeguard, Stale
from skillkit.safety import SafetyGate
from skillkit.spaces import CartesianDelta, ControlInput, Directive, GoalInput, Input, JointInput, ObjectInput, Outcome

ARM = Embodiment.load("panda")
PERIOD = 0.01
CUP = Parameter("object", "object", default="cup")


class Slide:
    """Moves the tool along y at 0.2 m/s, and closes the gripper."""

    delta = (0.0, 0.01, 0.0)

    def start(self, situation: Situation) -> None: ...

    def act(self, situation: Situation) -> Mapping[str, Directive]:
        return {"arm": CartesianDelta(self.delta, closure=1.0)}

    def snapshot(self) -> dict[str, Any]:
        return {}

    def restore(self, snapshot: dict[str, Any]) -> None: ...


class Bench:
    """One Panda that follows exactly, and a skill with a safeguard."""

    def __init__(self, safeguard: Safeguard = NO_SAFEGUARD, time_limit: float = 60.0) -> None:
        self.loop = ArmLoop("panda", ARM, Pose.from_vector(), ArmKinematics(ARM), CartesianController(ARM, 100.0), SafetyGate(ARM, 100.0))
        option = Option("slide", Slide, parameters=(CUP,), safeguard=safeguard, time_limit=time_limit)
        self.runtime = Runtime([self.loop], {"slide": option}, {"cup": np.ones(3)})
        self.q, self.now, self.force, self.sees = ARM.home.copy(), 0.0, 0.0, True
        self.tick(GoalInput("g", 0.0, "slide"))

    def tick(self, *extra: Input, after: float = PERIOD, hears: bool = True) -> StepResult:
        self.now += after
        inputs: list[Input] = [JointInput("panda", self.now, self.now, tuple(self.q.tolist()), (0.0,) * ARM.n, 0.04, self.force)] if hears else []
        inputs += [ObjectInput("cup", self.now, self.now, (0.5, 0.0, 0.2), (0.0, 0.0, 0.0, 1.0))] if self.sees else []
        result = self.runtime.step([*inputs, *extra], self.now)
        self.speed = 0.0
        for command in result.commands.values():
            self.speed, self.q = float(np.abs(command.velocity).max()), command.position
        return result

    def run(self, seconds: float, *each: Input) -> list[StepResult]:
        return [self.tick(*each) for _ in range(round(seconds / PERIOD))]

    @property
    def tool(self) -> Pose:
        return self.loop.kinematics.forward(self.q)


def endings(results: list[StepResult]) -> list[tuple[Outcome, str]]:
    return [(goal.ending.outcome, goal.ending.reason) for result in results for goal in result.ended]


def test_an_arm_holds_while_an_object_of_its_skill_is_not_seen_and_goes_on_when_it_is() -> None:
    bench = Bench(Safeguard(observation=Stale(0.2, "hold")))
    bench.run(0.5)
    assert bench.speed > 0.1
    bench.sees = False
    assert endings(bench.run(1.0)) == []
    assert bench.speed == 0.0
    bench.sees = True
    assert endings(bench.run(0.5)) == []
    assert bench.speed > 0.1


def test_who_holds_for_ever_is_timed_out() -> None:
    bench = Bench(Safeguard(observation=Stale(0.2, "hold")), time_limit=1.0)
    bench.sees = False
    assert endings(bench.run(2.0))[0][0] is Outcome.TIMED_OUT


def test_a_skill_may_brake_and_end_where_an_object_is_not_seen() -> None:
    bench = Bench(Safeguard(observation=Stale(0.2, "brake")))
    bench.run(0.5)
    bench.sees = False
    ((outcome, reason),) = endings(bench.run(1.0))
    assert outcome is Outcome.UNSAFE
    assert reason.startswith("stale observation: cup is 0.2")
    assert bench.speed == 0.0


def test_a_skill_may_draw_its_tool_back_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Slide, "delta", (0.0, 0.0, 0.0))
    bench = Bench(Safeguard(observation=Stale(0.2, "retract"), retract=(0.06, 0.1)))
    bench.run(0.3)
    bench.sees = False
    seen = []
    for _ in range(200):
        result = bench.tick()
        seen.append(bench.tool)
        if result.ended:
            break
    assert result.ended[0].ending.outcome is Outcome.UNSAFE
    assert result.ended[0].ending.reason.endswith("drew back")
    path = np.array([(pose.position - seen[0].position) @ seen[0].rotation[:, 2] for pose in seen])
    assert path[-1] == pytest.approx(-0.06, abs=2e-3)


def test_a_joint_state_that_is_late_makes_an_arm_hold_long_before_its_gate_would_stop_it() -> None:
    bench = Bench(Safeguard(observation=Stale(0.03, "hold")))
    bench.run(0.5)
    fast = bench.speed
    results = [bench.tick(hears=False) for _ in range(7)]
    assert bench.speed < 0.7 * fast
    assert endings([*results, *bench.run(0.5)]) == []
    assert bench.speed > 0.1


@pytest.mark.parametrize(("do", "expected"), [("hold", []), ("brake", [Outcome.UNSAFE])])
def test_a_decision_that_is_too_old_is_not_obeyed(do: str, expected: list[Outcome]) -> None:
    bench = Bench(Safeguard(command=Stale(0.1, do)))
    bench.run(0.5)
    fast = bench.speed
    result = bench.tick(after=0.4)
    assert bench.speed < fast
    assert [outcome for outcome, _ in endings([result, *bench.run(0.5)])] == expected
    assert (bench.speed == 0.0) is (do == "brake")


def test_a_skill_that_declares_its_force_closes_no_further_once_the_gripper_feels_it() -> None:
    assert ARM.gripper is not None
    bench = Bench(Safeguard(force=0.5))
    bench.force = 0.4 * ARM.gripper.force
    bench.run(0.2)
    assert bench.loop.closure == 1.0
    bench.force = 0.6 * ARM.gripper.force
    bench.run(0.1)
    assert bench.loop.closure == pytest.approx(1.0 - 0.04 / ARM.gripper.width)
    bench.force = 0.0
    bench.run(0.1)
    assert bench.loop.closure == pytest.approx(1.0 - 0.04 / ARM.gripper.width)


def test_a_released_deadman_stands_the_arm_and_the_clock_of_its_skill_still_and_latches_nothing() -> None:
    bench = Bench(time_limit=1.5)
    results = bench.run(0.5, ControlInput("deadman held", bench.now + 0.5))
    assert bench.speed > 0.1
    results += [bench.tick(ControlInput("deadman released", bench.now)), *bench.run(2.0)]
    assert bench.speed == 0.0
    assert endings(results) == []
    assert bench.loop.protective_stop is None
    for _ in range(50):
        results.append(bench.tick(ControlInput("deadman held", bench.now)))
    assert bench.speed > 0.1
    assert endings(results) == []
    assert endings(bench.run(0.5)) == []
    assert bench.speed == 0.0, "of a deadman nothing is heard any more: it counts as released"


def test_an_operator_slows_every_arm_down_and_a_word_that_means_nothing_changes_nothing() -> None:
    bench = Bench()
    bench.run(0.5)
    bench.run(0.5, *(ControlInput(word, 0.0) for word in ("speed 0.02", "speed nan", "speed 2", "speed 0", "speed", "speed x")))
    assert 0.0 < bench.speed <= 0.02 * ARM.velocity.max() * (1.0 + 1e-9)
    assert bench.loop.gate.speed_share == 0.02


def test_speed_deadman_and_safeguards_are_part_of_a_snapshot() -> None:
    bench, other = (Bench(Safeguard(speed=0.3, observation=Stale(0.2, "retract"))) for _ in range(2))
    bench.run(0.3, ControlInput("speed 0.2", 0.0))
    bench.sees = False
    bench.run(0.35)
    other.runtime.restore(json.loads(json.dumps(bench.runtime.snapshot())))
    other.q, other.now, other.sees = bench.q, bench.now, False
    for _ in range(60):
        assert repr(bench.tick().commands) == repr(other.tick().commands)


def test_a_protective_stop_is_reported_until_the_next_goal() -> None:
    bench = Bench()
    bench.run(0.3)
    for _ in range(30):
        bench.tick(hears=False)
    bench.run(0.3)
    report = bench.loop.protective_stop
    assert report is not None
    assert (report.cause, report.at_rest, report.still, report.torque) == ("stale", True, True, True)
    assert report.residual is not None
    assert report.residual.shape == (ARM.n,)
    bench.tick(GoalInput("h", 0.0, "slide"))
    bench.tick()
    assert bench.loop.protective_stop is None


SKILL = """skill: slide
description: Slides.
action: {space: cartesian_delta, rate: 20 Hz}
success: elapsed() > 5 s
time_limit: 10 s
policy: {python: "policy:Slide"}
safety:
  speed: 0.5
  stale_observation: {after: 300 ms, do: hold}
  stale_command: {after: 0.2 s, do: retract}
  retract: {distance: 0.1 m, speed: 0.05 m/s}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "policy.py").write_text("class Slide:\n    def start(self, s): ...\n    act = snapshot = restore = start\n")
    return tmp_path


def test_a_skill_file_declares_its_safety(folder: Path) -> None:
    (folder / "skill.yaml").write_text(SKILL)
    skill, problems = check_skill(folder)
    assert problems == []
    assert skill is not None
    assert skill.option().safeguard == Safeguard(0.5, 1.0, Stale(0.3, "hold"), Stale(0.2, "retract"), (0.1, 0.05))


@pytest.mark.parametrize(
    ("old", "new", "code", "line"),
    [
        ("speed: 0.5", "speed: 1.5", "out-of-range", 8),
        ("speed: 0.5", "sped: 0.5", "unknown-word", 8),
        ("do: hold", "do: nothing", "unknown-word", 9),
        ("do: hold", "then: hold", "wrong-type", 9),
        ("after: 300 ms", "after: 300 m", "wrong-type", 9),
        ("distance: 0.1 m", "distance: 10 m", "out-of-range", 11),
    ],
)
def test_a_fault_in_it_is_found_at_its_line(folder: Path, old: str, new: str, code: str, line: int) -> None:
    (folder / "skill.yaml").write_text(SKILL.replace(old, new, 1))
    skill, problems = check_skill(folder)
    assert skill is None
    assert (problems[0].code, problems[0].line) == (code, line)


@pytest.mark.parametrize(
    "bad", [{"speed": float("nan")}, {"speed": -1.0}, {"speed": 0.0}, {"speed": 2.0}, {"force": "hard"}, {"force": 0.0}, {"force_limit": -5.0}]
)
def test_a_policy_that_asks_for_a_share_that_means_nothing_ends_in_error_and_the_arm_rests(bad: dict, monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench()
    bench.run(0.3)
    monkeypatch.setattr(Slide, "act", lambda self, situation: {"arm": CartesianDelta((0.0, 0.01, 0.0), **bad)})
    results = bench.run(1.0)
    assert [outcome for outcome, _ in endings(results)] == [Outcome.ERROR]
    assert bench.speed == 0.0


@pytest.mark.parametrize("speed", [float("nan"), -1.0, 0.0, float("inf"), "fast", None])
def test_an_arm_that_is_told_nonsense_brakes_and_raises_nothing(speed: object) -> None:
    bench = Bench()
    bench.run(0.3)
    moving = bench.speed
    told = CartesianDelta((0.0, 0.01, 0.0), speed=speed)  # type: ignore[arg-type]
    speeds = []
    for _ in range(100):
        bench.now += PERIOD
        bench.loop.take(JointInput("panda", bench.now, bench.now, tuple(bench.q.tolist()), (0.0,) * ARM.n, 0.04, 0.0))
        command = bench.loop.command(told, {}, bench.now, bench.now)
        assert command is not None
        bench.q = command.position
        speeds.append(float(np.abs(command.velocity).max()))
    assert moving > 0.1
    assert speeds[-1] == 0.0 or speed == float("inf")  # more than everything is everything
