"""Forward command controllers: they hold their last command for ever, so a process of its own stands between them and the runtime.

The runtime sends that process (``skillkit.ros.forwarder``) what a trajectory controller would get, braking tail included. The forwarder plays
it out to the controller, so silence is a stop. It also compares the controller's own parameters with the arm's model and tells, latched, whether
it may be used.
"""

from __future__ import annotations

from collections.abc import Sequence

from rclpy.node import Node
from std_msgs.msg import String

from skillkit.embodiment import Embodiment
from skillkit.exceptions import InvalidValue
from skillkit.ros.drivers.readiness import Readiness
from skillkit.ros.drivers.trajectory import TrajectoryDriver
from skillkit.ros.names import LATCHED

READY = "ready"


class ForwardDriver(TrajectoryDriver):
    """The runtime's side; ``controller`` is the name of the forward controller."""

    def __init__(self, node: Node, wire: Embodiment, controller: str, readiness: Readiness) -> None:
        super().__init__(node, wire, f"{controller}/forwarder/joint_trajectory")
        self._readiness = readiness
        readiness.expect("forwarder", f"the forwarder of {controller}")
        node.create_subscription(String, f"{controller}/forwarder/status", self._heard, LATCHED)

    def _heard(self, message: String) -> None:
        self._readiness.tell("forwarder", "ready" if message.data == READY else "fault", message.data)


def order_of(wire: Embodiment, joints: Sequence[str], interface: str, wanted: str) -> list[int]:
    """Places of the controller's ``joints`` in the model's order; commands go out in the controller's.

    Raises:
        InvalidValue: the controller commands other joints, or another interface than the ``wanted`` one (``position`` or ``velocity``).
    """
    if interface != wanted:
        raise InvalidValue("interface_name of the controller", interface, f"{wanted}, as the arm's driver forward_{wanted} says")
    if sorted(joints) != sorted(wire.joints):
        raise InvalidValue("joints of the controller", ", ".join(joints), f"those of the model in any order: {', '.join(wire.joints)}")
    return [wire.joints.index(joint) for joint in joints]
