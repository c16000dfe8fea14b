"""A stand-in for controller_manager and the parameter services of its controllers.

Where ``controller_manager_msgs`` is installed it lists and switches controllers, strictly, and tells its activity, latched. Where it is not, only
the state exists: nothing of it can be said with standard types.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy

CHANGES = QoSProfile(depth=1, reliability=ReliabilityPolicy.RELIABLE, durability=DurabilityPolicy.TRANSIENT_LOCAL)
OTHER = "someone_elses_controller"  # claims the arm as well, for switches
ACTIVE, INACTIVE = 3, 2  # lifecycle_msgs/State


class ControllerNode(Node):
    """A forward controller as far as it can be asked: its parameters."""

    def __init__(self, node: Node, name: str, joints: Sequence[str], interface: str) -> None:
        below, _, own = name.rpartition("/")
        super().__init__(own, namespace=f"{node.get_namespace().rstrip('/')}/{below}", context=node.context)
        self.declare_parameter("joints", list(joints))
        self.declare_parameter("interface_name", interface)


class Manager:
    """The controllers of one arm and which of them are active."""

    def __init__(self, node: Node, name: str, arm: str, grips: Sequence[str], joints: Sequence[str], interface: str) -> None:
        self.arm = arm
        self.states = {arm: True, OTHER: False, **dict.fromkeys(grips, True)}
        self._claims = {arm: [f"{joint}/{interface}" for joint in joints], OTHER: [f"{joint}/{interface}" for joint in joints]}
        self._node, self._publisher = node, None
        try:
            from controller_manager_msgs import msg, srv
        except ImportError:
            return
        self._messages: Any = msg
        self._publisher = node.create_publisher(msg.ControllerManagerActivity, f"{name}/activity", CHANGES)
        node.create_service(srv.ListControllers, f"{name}/list_controllers", self._list)
        node.create_service(srv.SwitchController, f"{name}/switch_controller", self._switch)
        self._tell()

    @property
    def active(self) -> bool:
        """Whether the arm's controller runs."""
        return self.states[self.arm]

    def set(self, name: str, active: bool) -> None:
        """(De)activate one controller."""
        if self.states[name] != active:
            self.states[name] = active
            self._tell()

    def _tell(self) -> None:
        if self._publisher is None:
            return
        message = self._messages.ControllerManagerActivity()
        for name, active in self.states.items():
            entry = self._messages.NamedLifecycleState(name=name)
            entry.state.id, entry.state.label = (ACTIVE, "active") if active else (INACTIVE, "inactive")
            message.controllers.append(entry)
        self._publisher.publish(message)

    def _list(self, request: Any, response: Any) -> Any:
        for name, active in self.states.items():
            claims = self._claims.get(name, [])
            controller = self._messages.ControllerState(name=name, state="active" if active else "inactive", required_command_interfaces=claims)
            controller.claimed_interfaces = claims if active else []
            response.controller.append(controller)
        return response

    def _switch(self, request: Any, response: Any) -> Any:
        wanted = dict(self.states)
        for name, active in [(name, False) for name in request.deactivate_controllers] + [(name, True) for name in request.activate_controllers]:
            if wanted.get(name, active) == active and request.strictness == request.STRICT:
                response.ok, response.message = False, f"strict: {name} is {'unknown' if name not in wanted else 'in that state already'}"
                return response
            wanted[name] = active
        if wanted[self.arm] and wanted[OTHER]:
            response.ok, response.message = False, f"{self.arm} and {OTHER} claim the same interfaces"
            return response
        self.states = wanted
        self._tell()
        response.ok = True
        return response
