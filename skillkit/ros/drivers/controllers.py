"""The controller manager: the arm's controllers are switched on when the runtime starts, and what was active before comes back when it ends.

Needs ``controller_manager_msgs``, which comes with ros2_control.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from builtin_interfaces.msg import Duration
from rclpy.node import Node

from skillkit.exceptions import SkillkitError
from skillkit.ros.drivers.readiness import Readiness
from skillkit.ros.drivers.status import CHANGES
from skillkit.ros.inquiry import Inquiry

ANSWER = 2  # [s] given to a switch


class Controllers:
    """Switches, strictly, to ``wanted`` controllers of the manager named ``manager``, and watches that they stay active.

    Those that claim the same command interfaces are deactivated in the same switch. While a wanted controller is not active, motion is blocked.

    Raises:
        SkillkitError: controller_manager_msgs is not installed.
    """

    def __init__(self, node: Node, manager: str, wanted: Sequence[str], readiness: Readiness) -> None:
        try:
            from controller_manager_msgs.msg import ControllerManagerActivity
            from controller_manager_msgs.srv import ListControllers, SwitchController
        except ImportError:
            raise SkillkitError(
                "switching controllers needs controller_manager_msgs: apt-get install ros-$ROS_DISTRO-controller-manager-msgs; it is in no wheel"
            ) from None
        self._manager, self._wanted, self._readiness = manager, tuple(dict.fromkeys(wanted)), readiness
        self._switch_request: Any = SwitchController.Request
        asking: Any = node.create_client(ListControllers, f"{manager}/list_controllers")
        self._switch: Any = node.create_client(SwitchController, f"{manager}/switch_controller")
        self._changed: tuple[list[str], list[str]] = ([], [])  # activated and deactivated by us
        self._settled = False
        readiness.expect("controllers", manager)
        node.create_subscription(ControllerManagerActivity, f"{manager}/activity", self._activity, CHANGES)
        Inquiry(node, [asking, self._switch], ListControllers.Request(), lambda answer: self._listed(answer.controller))

    def restore(self) -> Any:
        """Ask for the set that was active before; the future of the answer, ``None`` where nothing was switched."""
        activated, deactivated = self._changed
        self._changed = ([], [])
        return self._ask(deactivated, activated) if activated or deactivated else None

    def _listed(self, found: Sequence[Any]) -> None:
        by_name = {controller.name: controller for controller in found}
        missing = [name for name in self._wanted if name not in by_name]
        if missing:
            self._refuse(f"{self._manager} has no controller '{missing[0]}'; it has {', '.join(by_name) or 'none'}")
            return
        claimed = {interface for name in self._wanted for interface in by_name[name].required_command_interfaces}
        start = [name for name in self._wanted if by_name[name].state != "active"]
        stop = [c.name for c in found if c.state == "active" and c.name not in self._wanted and claimed & set(c.claimed_interfaces)]
        if not start and not stop:
            self._done()
            return
        self._changed = (start, stop)
        self._readiness.expect("controllers", self._manager, f"has not yet said whether it activated {', '.join(start) or 'nothing'}")
        self._ask(start, stop).add_done_callback(lambda future: self._switched(future.result()))

    def _ask(self, start: Sequence[str], stop: Sequence[str]) -> Any:
        request = self._switch_request(activate_controllers=list(start), deactivate_controllers=list(stop), strictness=self._switch_request.STRICT)
        request.timeout = Duration(sec=ANSWER)
        return self._switch.call_async(request)

    def _switched(self, answer: Any) -> None:
        if answer.ok:
            self._done()
        else:
            self._changed = ([], [])
            self._refuse(f"{self._manager} refused to activate {', '.join(self._wanted)}: {getattr(answer, 'message', '') or 'no reason given'}")

    def _done(self) -> None:
        self._settled = True
        self._readiness.tell("controllers", "ready")

    def _refuse(self, reason: str) -> None:
        self._readiness.tell("controllers", "blocked", reason)

    def _activity(self, message: Any) -> None:
        """Told on every change, and latched."""
        if not self._settled:
            return
        states = {controller.name: controller.state.label for controller in message.controllers}
        off = [name for name in self._wanted if states.get(name) != "active"]
        self._readiness.tell("controllers", "blocked" if off else "ready", f"the controller {', '.join(off)} is not active")
