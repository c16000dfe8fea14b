"""Grippers: what is asked of them, and what their answers mean."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("rclpy")
pytestmark = pytest.mark.ros

from rclpy.node import Node  # noqa: E402
from ros_pair import spun, until  # noqa: E402
from std_srvs.srv import Trigger  # noqa: E402

from skillkit.embodiment import Embodiment  # noqa: E402
from skillkit.hardware import GripperHardware  # noqa: E402
from skillkit.ros.drivers.franka_hand import FrankaHand, franka_goal, franka_grip  # noqa: E402
from skillkit.ros.drivers.gripper import FAULTY, ActionGripper  # noqa: E402
from skillkit.ros.drivers.hand import Wishes, held, opening_of  # noqa: E402
from skillkit.ros.drivers.readiness import Readiness  # noqa: E402
from skillkit.ros.emulator import MANNERS  # noqa: E402
from skillkit.spaces import DriverInput, Input, SignalInput  # noqa: E402

FR3 = Embodiment.load("fr3")
HAND = FR3.gripper
assert HAND is not None
GRASPS = GripperHardware("franka", "franka_gripper", force=20.0, speed=0.05, homing=True)
CUP = 0.05  # [m], what lies between the emulated fingers
SPEED = 0.4  # [m/s] of the emulated fingers
real = pytest.mark.skipif(find_spec("franka_msgs") is None, reason="franka_msgs is not installed")


# ---- what is asked, without a gripper ------------------------------------------------------------------------------------------------


def test_the_first_closure_is_where_the_gripper_is_and_asks_nothing() -> None:
    wishes = Wishes()
    wishes.want(0.375)
    assert not wishes.news
    wishes.want(1.0)
    assert wishes.news
    assert wishes.take() == 1.0
    assert not wishes.news


@given(closures=st.lists(st.sampled_from([0.0, 0.375, 1.0]), min_size=1, max_size=30))
def test_goals_go_out_on_change_only(closures: list[float]) -> None:
    wishes, asked = Wishes(), []
    for closure in closures:
        wishes.want(closure)
        asked += [wishes.take()] if wishes.news else []
    assert asked == [now for before, now in pairwise(closures) if before != now]


def test_after_a_fault_the_next_command_is_news_again() -> None:
    wishes = Wishes()
    wishes.want(1.0)
    wishes.forget()
    assert not wishes.news
    wishes.want(1.0)
    assert wishes.news


@given(closure=st.floats(0.0, 1.0), before=st.floats(0.0, 0.08))
def test_a_franka_hand_grasps_to_close_and_moves_to_open(closure: float, before: float) -> None:
    goal = franka_goal(HAND, GRASPS, closure, before)
    assert goal.width == opening_of(HAND, closure)
    assert goal.action == ("grasp" if goal.width < before else "move")
    assert goal.speed == 0.05
    assert (goal.force, goal.outer) == ((20.0, HAND.width) if goal.action == "grasp" else (0.0, 0.0))


def test_a_declared_epsilon_is_asked_for() -> None:
    goal = franka_goal(HAND, GripperHardware("franka", epsilon=(0.003, 0.004)), 0.5, 0.08)
    assert (goal.width, goal.inner, goal.outer) == (0.04, 0.003, 0.004)
    assert (goal.speed, goal.force) == (HAND.speed, HAND.force)


@pytest.mark.parametrize(
    ("success", "width", "stalled", "holds"),
    [(True, 0.05, True, True), (True, 0.0, False, False), (False, 0.05, True, False), (True, 0.08, True, False), (True, float("nan"), False, False)],
    ids=["a cup", "nothing", "something of another width", "fingers that never moved", "no word of the width"],
)
def test_a_grasp_holds_something_where_it_succeeded_and_the_fingers_stand_apart(success: bool, width: float, stalled: bool, holds: bool) -> None:
    grip = franka_grip(HAND, franka_goal(HAND, GRASPS, 1.0, 0.08), success, "", width)
    assert (grip.stalled, grip.holds) == (stalled, holds)


def test_opening_fingers_that_stall_hold_nothing() -> None:
    assert franka_grip(HAND, franka_goal(HAND, GRASPS, 0.0, 0.02), False, "", 0.03) == (0.03, True, False, "")
    assert not held(HAND, 0.0799, 0.0)


# ---- the driver against the emulated hand, with the real messages over DDS ---------------------------------------------------------------


class Scene:
    """A driver, the emulated hand with a cup between its fingers, and what the driver said."""

    def __init__(self, node: Node, hardware: GripperHardware) -> None:
        from skillkit.ros.emulator_franka_gripper import EmulatedFrankaGripper

        manners = {name: default for name, (default, _) in MANNERS.items()} | {"gripper_goals": 0, "homings": 0}
        self.arm = SimpleNamespace(manners=manners, model=FR3, closure=0.0, measured=SimpleNamespace(opening=0.08))
        self.cup, self.said = 0.0, list[Input]()
        self.emulated = EmulatedFrankaGripper(node, self.arm, "franka_gripper")
        readiness = Readiness("right", self.said.append, time.monotonic)
        self.driver = ActionGripper(node, "right", lambda own: FrankaHand(own, HAND, hardware, "franka_gripper"), readiness)
        self.home = node.create_client(Trigger, "runtime/home/right")
        self.wanted: float | None = None
        self.least = 0.08

    def step(self) -> None:
        """10 ms of a runtime and of the physics."""
        if self.wanted is not None:
            self.driver.send(self.wanted)
        target = max(self.cup, HAND.width * (1.0 - self.arm.closure))
        way = target - self.arm.measured.opening
        self.arm.measured.opening += max(-0.01 * SPEED, min(0.01 * SPEED, way))
        self.least = min(self.least, self.arm.measured.opening)

    @property
    def goals(self) -> int:
        return int(self.arm.manners["gripper_goals"])

    def signals(self, name: str) -> list[float]:
        return [given.value for given in self.said if isinstance(given, SignalInput) and given.name == f"right_gripper_{name}"]

    def states(self) -> list[tuple[str, str]]:
        return [(given.state, given.reason) for given in self.said if isinstance(given, DriverInput)]

    def until(self, condition: Any, what: str, within: float = 30.0) -> None:
        until(condition, what, within, self.step)

    def rest(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        self.until(lambda: time.monotonic() > end, "")


@contextmanager
def scene(hardware: GripperHardware = GRASPS) -> Iterator[Scene]:
    with spun("cell") as node:
        made = Scene(node, hardware)
        try:
            yield made
        finally:
            made.driver.close()
            made.emulated.close()


@real
def test_a_cup_is_grasped_held_and_let_go_by_three_goals_and_its_width_is_told() -> None:
    with scene() as seen:
        seen.cup, seen.wanted = CUP, 0.0
        seen.rest(0.5)
        assert seen.goals == 0  # the first command is where the fingers are
        seen.wanted = 1.0
        seen.until(lambda: seen.signals("holds"), "it holds something")
        assert (seen.signals("holds"), seen.signals("stalled")) == ([1.0], [1.0])
        assert seen.signals("width") == [pytest.approx(CUP, abs=1e-3)]
        seen.rest(0.5)
        assert seen.goals == 1  # on change only
        seen.wanted = 0.0
        seen.until(lambda: len(seen.signals("holds")) == 2, "it lets go")
        assert (seen.signals("holds")[1], seen.signals("stalled")[1]) == (0.0, 0.0)
        assert (seen.goals, seen.arm.manners["homings"]) == (2, 0)  # homing never comes by itself
        assert seen.states() == []


@real
def test_a_driver_that_starts_while_the_hand_holds_a_cup_does_not_let_go_of_it() -> None:
    with scene() as seen:
        seen.cup, seen.arm.closure = CUP, 1.0
        seen.rest(0.3)
        assert seen.arm.measured.opening == pytest.approx(CUP)
        seen.wanted = 1.0 - seen.arm.measured.opening / HAND.width  # an arm's closure begins at what is measured
        seen.rest(0.6)
        assert (seen.goals, seen.arm.closure) == (0, 1.0)


@real
def test_another_wish_cancels_the_running_goal_before_it_is_asked() -> None:
    with scene() as seen:
        seen.wanted = 0.0
        seen.rest(0.5)
        seen.wanted = 1.0
        seen.until(lambda: seen.goals == 1 and seen.least < 0.07, "it closes")
        seen.wanted = 0.0
        seen.until(lambda: seen.signals("width"), "it opens again")
        assert seen.least > 0.01  # it did not close first
        assert seen.signals("width") == [pytest.approx(0.08, abs=2e-3)]
        assert (seen.goals, seen.states()) == (2, [])  # none was broken off by the other


@real
def test_fingers_that_stall_open_hold_nothing() -> None:
    with scene() as seen:
        seen.arm.manners["gripper_stuck"], seen.wanted = True, 0.0
        seen.rest(0.5)
        seen.wanted = 1.0
        seen.until(lambda: seen.signals("stalled"), "it stalls")
        assert (seen.signals("stalled"), seen.signals("holds")) == ([1.0], [0.0])


@real
def test_a_rejected_goal_is_a_fault_and_is_not_asked_again_before_the_arm_is_commanded_again() -> None:
    with scene() as seen:
        seen.arm.manners["gripper_rejects"], seen.wanted = True, 0.0
        seen.rest(0.5)
        seen.wanted = 1.0
        seen.until(lambda: seen.states(), "a fault")
        seen.wanted = None  # the arm's goal has ended
        assert seen.states() == [("fault", "the gripper's controller rejected its goal")]
        seen.rest(FAULTY + 0.3)
        assert (seen.goals, seen.states()[-1]) == (1, ("ready", ""))


@real
def test_homing_is_an_operators_request_and_blocks_the_arm_meanwhile() -> None:
    with scene() as seen:
        seen.until(lambda: seen.home.service_is_ready(), "the service")
        asked = seen.home.call_async(Trigger.Request())
        seen.until(asked.done, "an answer")
        assert (asked.result().success, asked.result().message) == (True, "")
        seen.until(lambda: len(seen.states()) == 2, "it is homed")
        assert seen.states() == [("blocked", "the gripper is homing"), ("ready", "")]
        assert seen.arm.manners["homings"] == 1


@real
def test_a_gripper_is_not_homed_while_a_goal_holds_the_arm_or_it_holds_something() -> None:
    with scene() as seen:
        seen.cup, seen.wanted = CUP, 0.0
        seen.rest(0.3)
        asked = seen.home.call_async(Trigger.Request())
        seen.until(asked.done, "an answer")
        assert "a goal holds the arm" in asked.result().message
        seen.wanted = 1.0
        seen.until(lambda: seen.signals("holds"), "it holds something")
        seen.wanted = None
        seen.rest(0.3)
        asked = seen.home.call_async(Trigger.Request())
        seen.until(asked.done, "an answer")
        assert (asked.result().success, asked.result().message) == (False, "the gripper holds something")
        assert seen.arm.manners["homings"] == 0


@real
def test_nobody_can_home_a_gripper_whose_cell_does_not_say_so() -> None:
    with scene(GripperHardware("franka", "franka_gripper")) as seen:
        assert not seen.home.wait_for_service(0.5)
