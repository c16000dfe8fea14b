"""A gripper controller: a forward topic, or the actions of control_msgs where they are installed.

An action's goal ends when the position is reached within a tolerance, or stalled when the fingers have stood still for a while; by default
a stalled goal is aborted, with ``stalled`` set in its result.
"""

from __future__ import annotations

import time
from typing import Any

from rclpy.action import ActionServer, CancelResponse, GoalResponse
from rclpy.node import Node
from rclpy.qos import QoSPresetProfiles
from rclpy.task import Future
from std_msgs.msg import Float64MultiArray

from skillkit.hardware import GripperHardware
from skillkit.ros.conversions import closure_of
from skillkit.ros.names import ArmTopics
from skillkit.ros.node_thread import NodeThread

LOOK_EVERY = 0.05  # [s], action_monitor_rate 20 Hz
TOLERANCE = 0.002  # [m] of the gap
STALL_AFTER, STILL = 0.3, 0.001  # [s] and [m/s]


class Fingers:
    """Whether the fingers of an emulated arm have come where they should."""

    def __init__(self, arm: Any) -> None:
        self._arm = arm
        self._before, self._moved = 0.0, 0.0

    @property
    def gap(self) -> float:
        """As measured [m]; wide open before the first state."""
        return float(self._arm.measured.opening if self._arm.measured is not None else self._arm.model.gripper.width)

    def close_to(self, gap: float) -> None:
        """Begin to move there [m], unless they are stuck."""
        self._moved = time.monotonic()
        if not self._arm.manners["gripper_stuck"]:
            self._arm.closure = min(1.0, max(0.0, 1.0 - gap / self._arm.model.gripper.width))

    def stalled(self, gap: float) -> bool | None:
        """``False`` once they are there, ``True`` when they have stood still elsewhere, ``None`` while they move."""
        if abs(self.gap - self._before) > STILL * LOOK_EVERY:
            self._moved = time.monotonic()
        self._before = self.gap
        if abs(self._before - gap) < TOLERANCE:
            return False
        return True if time.monotonic() - self._moved > STALL_AFTER else None


class EmulatedGripper:
    """Sets ``arm.closure``; ``arm`` is the emulated arm, whose manners it obeys."""

    def __init__(self, node: Node, arm: Any, topics: ArmTopics, hardware: GripperHardware) -> None:
        self._arm, self._hardware = arm, hardware
        if arm.model.gripper is None or hardware.driver in ("none", "franka"):
            return
        if hardware.driver == "forward":
            node.create_subscription(Float64MultiArray, topics.gripper, self._grip, QoSPresetProfiles.SYSTEM_DEFAULT.value)
            return
        from control_msgs.action import GripperCommand, ParallelGripperCommand

        self._parallel = hardware.driver == "parallel_gripper"
        self._type: Any = ParallelGripperCommand if self._parallel else GripperCommand
        self._goal: tuple[Any, Future, float] | None = None  # handle, future of its result, wanted opening [m]
        self._fingers = Fingers(arm)
        name = topics.gripper.removesuffix("commands") + "gripper_cmd"
        thread = NodeThread(node, f"{name.replace('/', '_')}_server")
        self._node = thread.node
        self._server: Any = ActionServer(
            self._node, self._type, name, execute_callback=self._execute, goal_callback=self._judge, handle_accepted_callback=self._accepted,
            cancel_callback=lambda handle: CancelResponse.ACCEPT,
        )  # fmt: skip
        self._timer = self._node.create_timer(LOOK_EVERY, self._look)
        thread.start()

    def _grip(self, message: Float64MultiArray) -> None:
        closure = closure_of(self._arm.model, message.data)
        if closure is not None and not self._arm.manners["gripper_stuck"]:
            self._arm.closure = closure

    def _judge(self, goal: Any) -> GoalResponse:
        self._arm.manners["gripper_goals"] += 1
        wrong = self._parallel and len(goal.command.position) != 1
        return GoalResponse.REJECT if wrong or self._arm.manners["gripper_rejects"] else GoalResponse.ACCEPT

    def _accepted(self, handle: Any) -> None:
        self._finish(stalled=False)
        command = handle.request.command
        opening = float(command.position[0] if self._parallel else command.position) * self._hardware.finger_factor
        self._goal = (handle, Future(executor=self._node.executor), opening)
        self._fingers.close_to(opening)
        handle.execute()

    def _look(self) -> None:
        if self._goal is not None and (stalled := self._fingers.stalled(self._goal[2])) is not None:
            self._finish(stalled)

    def _finish(self, stalled: bool) -> None:
        goal, self._goal = self._goal, None
        if goal is not None:
            goal[1].set_result(stalled)

    async def _execute(self, handle: Any) -> Any:
        goal = self._goal
        stalled = bool(await goal[1]) if goal is not None else False  # type: ignore[misc]
        opening = self._fingers.gap / self._hardware.finger_factor
        result = self._type.Result(stalled=stalled, reached_goal=not stalled)
        if self._parallel:
            result.state.name, result.state.position = [self._arm.model.gripper.joints[0]], [opening]
        else:
            result.position = opening
        if stalled:
            handle.abort()
        else:
            handle.succeed()
        return result
