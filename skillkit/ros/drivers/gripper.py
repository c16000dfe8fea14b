"""Grippers: a forward topic, or actions that are asked only when the command changes.

What an action is asked, and how its result reads, is a *hand*'s: ``control_msgs`` in ``control_hand``, Franka's in ``franka_hand``.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from action_msgs.msg import GoalStatus
from rclpy.node import Node
from std_msgs.msg import Float64MultiArray
from std_srvs.srv import Trigger

from skillkit.embodiment import Embodiment
from skillkit.exceptions import SkillkitError
from skillkit.ros.conversions import gripper_command
from skillkit.ros.drivers.hand import Grip, Hand, Wishes
from skillkit.ros.drivers.readiness import Readiness
from skillkit.ros.names import NEWEST
from skillkit.ros.node_thread import NodeThread

AGAIN = 10  # commands after which the same one is published again on a topic, for a controller that came later
FAULTY = 0.5  # [s] that a rejected or failed goal is a fault, which ends the arm's goals; the next of them may ask again
LOOK_EVERY = 0.02  # [s]
ENDS = 2.0  # [s] in which a cancelled goal has ended
SPOKEN_TO = 0.2  # [s] since the last command, within which a goal holds the arm


class TopicGripper:
    """``std_msgs/Float64MultiArray`` to a forward controller: one position per finger joint."""

    def __init__(self, node: Node, wire: Embodiment, topic: str) -> None:
        self.topics: tuple[str, ...] = (node.resolve_topic_name(topic),)
        self._wire, self._wishes = wire, Wishes()
        self._publisher = node.create_publisher(Float64MultiArray, topic, NEWEST)
        self._said, self._left = False, 0

    def send(self, closure: float) -> None:
        """Publish, when it is new or was not said for a while."""
        self._left -= 1
        self._wishes.want(closure)
        if self._wishes.news or (self._said and self._left <= 0):
            self._said, self._left = True, AGAIN
            self._publisher.publish(Float64MultiArray(data=gripper_command(self._wire, self._wishes.take())))

    def close(self) -> None:
        """Nothing to end."""


class ActionGripper:
    """Asks a hand's actions, in a thread of its own.

    A goal that is rejected or breaks is a fault, and is not asked again before the next goal of the arm. How one ends becomes the arm's signals
    ``<arm>_gripper_width`` [m], ``<arm>_gripper_stalled`` and ``<arm>_gripper_holds``.

    Args:
        hand: makes the hand, on the node that it is given.
        arm: name of the arm; ``runtime/home/<arm>`` homes a gripper that may be homed, and nothing else does.

    Raises:
        SkillkitError: the package of its actions is not installed.
    """

    def __init__(self, node: Node, arm: str, hand: Callable[[Node], Hand], readiness: Readiness) -> None:
        self.topics: tuple[str, ...] = ()
        self._thread = NodeThread(node, f"{arm}_gripper_client")
        try:
            self._hand = hand(self._thread.node)
        except SkillkitError:
            self._thread.close()
            raise
        self._readiness, self._wishes = readiness, Wishes()
        self._number, self._waiting = 0, False
        self._running: Any = None  # handle of the goal under way
        self._result: Any = None  # of the goal that has ended and is not read yet
        self._homing, self._holds, self._commanded = False, False, float("-inf")
        self._since: dict[str, float] = {}  # moments [s, monotonic clock] of what is going on: a fault, a cancel
        self._looking = self._thread.node.create_timer(LOOK_EVERY, self._look)
        if self._hand.homing() is not None:
            self._thread.node.create_service(Trigger, f"runtime/home/{arm}", self._home)
        self._thread.start()

    def send(self, closure: float) -> None:
        """Note what is wanted; the executor asks for it."""
        self._commanded = time.monotonic()
        self._wishes.want(closure)

    def close(self) -> None:
        """Ask no more; what it holds it goes on holding."""
        self._thread.close()

    def _look(self) -> None:
        now = time.monotonic()
        if self._result is not None and (grip := self._hand.read(self._result)) is not None:
            self._result = None
            self._tell(grip)
        if now - self._since.get("cancel", now) > ENDS:
            self._break("the gripper's goal was cancelled and does not end")
        if "fault" not in self._since:
            self._ask()
        elif now - self._since["fault"] > FAULTY:
            del self._since["fault"]
            self._wishes.forget()
            self._readiness.tell("gripper", "ready")

    def _ask(self) -> None:
        if not self._wishes.news or self._waiting or self._homing or "cancel" in self._since:
            return
        if self._running is not None and not self._hand.preempts:
            self._since["cancel"] = time.monotonic()
            self._running.cancel_goal_async()
            return
        client, goal = self._hand.goal(self._wishes.wanted)
        if client.server_is_ready():
            self._wishes.take()
            self._holds = False
            self._start(client, goal)

    def _start(self, client: Any, goal: Any) -> None:
        self._waiting, self._result, self._number = True, None, self._number + 1
        number = self._number
        asked = client.send_goal_async(goal, feedback_callback=lambda message: self._hand.feedback(message.feedback))
        asked.add_done_callback(lambda future: self._answered(future.result(), number))

    def _answered(self, handle: Any, number: int) -> None:
        self._waiting = False
        if not handle.accepted:
            self._break("the gripper's controller rejected its goal")
            return
        self._running = handle
        handle.get_result_async().add_done_callback(lambda future: self._finished(future.result(), number))

    def _finished(self, answer: Any, number: int) -> None:
        if number != self._number:  # another goal has taken its place
            return
        self._running = None
        self._since.pop("cancel", None)
        if answer.status == GoalStatus.STATUS_CANCELED:
            self._homed()
        else:
            self._result = answer.result

    def _tell(self, grip: Grip) -> None:
        homed = self._homing
        self._homed()
        if grip.error:
            self._break(f"the gripper failed: {grip.error}")
        if homed or grip.error:
            return
        self._holds = grip.holds
        for name, value in (("gripper_stalled", grip.stalled), ("gripper_holds", grip.holds), ("gripper_width", grip.width)):
            self._readiness.signal(name, float(value))
        if grip.stalled and not grip.holds:
            self._thread.node.get_logger().warning(f"the gripper stalled: its fingers stand {1e3 * grip.width:.1f} mm apart and hold nothing")

    def _break(self, reason: str) -> None:
        self._running, self._since = None, {"fault": time.monotonic()}
        self._number += 1  # whatever the broken goal still says is of no interest
        self._homed()
        self._readiness.tell("gripper", "fault", reason)

    # -- homing ------------------------------------------------------------------------------------------------------------------------

    def _home(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        asked = self._hand.homing()
        reasons = {
            "a goal holds the arm; end it first": time.monotonic() - self._commanded < SPOKEN_TO,
            "the gripper holds something": self._holds,
            "the gripper is moving": self._running is not None or self._waiting or self._homing,
            "the gripper's driver is not there": asked is None or not asked[0].server_is_ready(),
        }
        response.message = next((reason for reason, holds in reasons.items() if holds), "")
        response.success = not response.message
        if asked is not None and response.success:
            self._homing = True
            self._readiness.tell("homing", "blocked", "the gripper is homing")
            self._start(*asked)
        return response

    def _homed(self) -> None:
        if self._homing:
            self._homing = False
            self._readiness.tell("homing", "ready")
