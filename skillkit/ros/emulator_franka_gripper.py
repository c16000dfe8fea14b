"""The Franka hand's driver: actions Homing, Move and Grasp, and joint states of its own.

Every goal is accepted and runs in a thread of its own; a second one breaks the first off. A cancel stops the fingers where they are.
"""

from __future__ import annotations

from typing import Any

from rclpy.action import ActionServer, CancelResponse, GoalResponse
from rclpy.node import Node
from rclpy.task import Future
from sensor_msgs.msg import JointState

from skillkit.ros.emulator_gripper import Fingers
from skillkit.ros.node_thread import NodeThread

TELL_EVERY = 1.0 / 30.0  # [s], state_publish_rate and feedback_publish_rate
PREEMPTED, CANCELLED = "libfranka gripper: Command aborted!", "cancelled"


class EmulatedFrankaGripper:
    """Sets ``arm.closure``; ``arm`` is the emulated arm, whose manners it obeys. ``name`` is that of the driver's node."""

    def __init__(self, node: Node, arm: Any, name: str) -> None:
        from franka_msgs.action import Grasp, Homing, Move

        self._arm, self._fingers = arm, Fingers(arm)
        self._thread = NodeThread(node, f"{name.replace('/', '_')}_server")
        self._running: tuple[Any, Any, Future, float] | None = None  # action, goal handle, future of how it ends, wanted gap [m]
        self._states = self._thread.node.create_publisher(JointState, f"{name}/joint_states", 1)
        self._servers = [self._serve(name, word, action) for word, action in {"homing": Homing, "move": Move, "grasp": Grasp}.items()]
        self._timer = self._thread.node.create_timer(TELL_EVERY, self._look)
        self._thread.start()

    def close(self) -> None:
        """End its thread."""
        self._thread.close()

    def _serve(self, name: str, word: str, action: Any) -> ActionServer:
        async def execute(handle: Any) -> Any:
            return await self._execute(word, action, handle)

        return ActionServer(
            self._thread.node, action, f"{name}/{word}", execute_callback=execute, goal_callback=lambda goal: self._judge(word),
            cancel_callback=self._cancel,
        )  # fmt: skip

    def _judge(self, word: str) -> GoalResponse:
        self._arm.manners["gripper_goals"] += 1
        self._arm.manners["homings"] += word == "homing"
        return GoalResponse.REJECT if self._arm.manners["gripper_rejects"] else GoalResponse.ACCEPT

    def _cancel(self, handle: Any) -> CancelResponse:
        self._end(CANCELLED)
        return CancelResponse.ACCEPT

    def _end(self, how: str) -> None:
        running, self._running = self._running, None
        if running is not None:
            running[2].set_result(how)

    async def _execute(self, word: str, action: Any, handle: Any) -> Any:
        self._end(PREEMPTED)
        goal = handle.request
        gap = self._arm.model.gripper.width if word == "homing" else float(goal.width) - (float(goal.epsilon.inner) if word == "grasp" else 0.0)
        self._running = (action, handle, Future(executor=self._thread.node.executor), max(0.0, gap))
        self._fingers.close_to(gap)
        how = str(await self._running[2])
        success = not how and (word != "grasp" or goal.width - goal.epsilon.inner < self._fingers.gap < goal.width + goal.epsilon.outer)
        if how == CANCELLED:
            self._fingers.close_to(self._fingers.gap)
            handle.canceled()
        elif success:
            handle.succeed()
        else:
            handle.abort()
        return action.Result(success=success, error=how if how != "stalled" else "")

    def _look(self) -> None:
        message = JointState(name=list(self._arm.model.gripper.joints), position=[0.5 * self._fingers.gap] * 2, velocity=[0.0] * 2, effort=[0.0] * 2)
        message.header.stamp = self._thread.node.get_clock().now().to_msg()
        self._states.publish(message)
        if self._running is None:
            return
        action, handle, _, gap = self._running
        handle.publish_feedback(action.Feedback(current_width=self._fingers.gap))
        stalled = self._fingers.stalled(gap)
        if stalled is not None:
            self._end("stalled" if stalled and not hasattr(handle.request, "epsilon") else "")
