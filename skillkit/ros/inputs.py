"""What the runtime node hears: joint states, wrenches, object poses, signals, each stamped with its arrival and put into the inbox.

Objects and signals are found by the names of their topics, so nothing has to be listed.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from geometry_msgs.msg import WrenchStamped
from rclpy.node import Node
from rclpy.subscription import Subscription
from sensor_msgs.msg import JointState
from std_msgs.msg import Bool, Float64, String
from visualization_msgs.msg import MarkerArray

from skillkit.cell import Cell
from skillkit.hardware import WrenchSource
from skillkit.pose import Array
from skillkit.ros.control_loop import ControlLoop
from skillkit.ros.conversions import JointStateReader, sizes_of, wrench_input
from skillkit.ros.frames import CellFrames
from skillkit.ros.names import ANSWERS, DEADMAN_TOPIC, EVERY, LATCHED, NEWEST, OBJECT_SIZES, OBJECTS, POSE, SIGNALS, ArmTopics
from skillkit.ros.object_poses import ObjectPoses
from skillkit.ros.teleop import TeleopTopics
from skillkit.runtime import DEADMAN
from skillkit.spaces import AnswerInput, ControlInput, SignalInput

LOOK_EVERY = 0.2  # [s] between two looks for new topics


class ObjectSizes:
    """The extents of the objects, as a simulator or a perception node announces them once."""

    def __init__(self, node: Node, announced: Callable[[dict[str, Array]], None]) -> None:
        self._subscription = node.create_subscription(MarkerArray, OBJECT_SIZES, lambda markers: announced(sizes_of(markers)), LATCHED)


class Inputs:
    """Subscriptions that feed a control loop."""

    def __init__(self, node: Node, loop: ControlLoop, cell: Cell, hardware: bool = False) -> None:
        self._node, self._loop = node, loop
        self.heard: set[str] = set()  # arms, objects and signals of which something has arrived
        self._found: dict[str, Subscription | None] = {}
        self._misframed: set[str] = set()
        self._readers: list[JointStateReader] = []
        self.frames = CellFrames(node, cell, loop.between_ticks, lambda text: loop.put(ControlInput(text, loop.now())))
        self.poses = ObjectPoses(node, loop, self.frames, hardware, self.heard.add)
        topics = ArmTopics.in_cell(cell)
        for arm in cell.arms:
            reader = JointStateReader(arm.name, arm.embodiment, gripped=hardware and arm.hardware.gripper.driver != "none")
            self._readers.append(reader)
            node.create_subscription(JointState, topics[arm.name].joint_states, lambda message, reader=reader: self._joints(reader, message), NEWEST)
            source = (arm.hardware if hardware else arm.hardware.simulated()).wrench
            if source is not None:
                node.create_subscription(WrenchStamped, topics[arm.name].wrench, partial(self._wrench, arm.name, source), NEWEST)
            if hardware and topics[arm.name].finger_states:
                node.create_subscription(JointState, topics[arm.name].finger_states, reader.read_fingers, NEWEST)
        self.teleop = [TeleopTopics(node, loop, arm.name, topics[arm.name].teleop) for arm in cell.arms]
        node.create_subscription(String, ANSWERS, self._answer, EVERY)
        node.create_subscription(Bool, DEADMAN_TOPIC, self._deadman, NEWEST)
        self._looking = node.create_timer(LOOK_EVERY, self._look)

    def close(self) -> None:
        """Look for no more topics."""
        self._looking.cancel()

    def why(self, name: str) -> str:
        """Why an arm or object has not been heard, where something came that was of no use; else empty."""
        lacks = next((reader.missing for reader in self._readers if reader.arm == name and reader.missing), [])
        if lacks:
            return f"its joint states have no {', '.join(lacks)}; for a gripper's joint the cell has the words joint, joint_states and driver: none"
        return self.poses.lost.get(name, "")

    def _answer(self, message: String) -> None:
        question, _, answer = message.data.partition("=")
        self._loop.put(AnswerInput(question, self._loop.now(), answer))

    def _deadman(self, message: Bool) -> None:
        self._loop.put(ControlInput(f"{DEADMAN}{'held' if message.data else 'released'}", self._loop.now()))

    def _look(self) -> None:
        here = self._node.get_namespace().rstrip("/") + "/"
        for topic, kinds in self._node.get_topic_names_and_types():
            name = topic.removeprefix(here)
            if name == topic or name in self._found:
                continue
            if name.startswith(OBJECTS) and name.endswith(POSE):
                thing = name[len(OBJECTS) : -len(POSE)]
                self._found[name] = self.poses.subscribe(thing, name, kinds)
            elif name.startswith(SIGNALS):
                thing = name[len(SIGNALS) :]
                self._found[name] = self._node.create_subscription(Float64, name, partial(self._signal, thing), NEWEST)

    def _joints(self, reader: JointStateReader, message: JointState) -> None:
        given = reader.read(message, self._loop.now())
        if given is not None:
            self.heard.add(given.arm)
            self._loop.between_ticks(partial(self.frames.joints, given))
            self._loop.put(given)

    def _wrench(self, arm: str, source: WrenchSource, message: WrenchStamped) -> None:
        given = wrench_input(arm, source, message, self._loop.now())
        if given is not None:
            self._loop.put(given)
        elif arm not in self._misframed:
            self._misframed.add(arm)
            self._node.get_logger().error(f"{arm}: its wrench is in the frame '{message.header.frame_id}', declared is '{source.frame}': it is not used")

    def _signal(self, name: str, message: Float64) -> None:
        now = self._loop.now()
        self._loop.put(SignalInput(name, now, now, float(message.data)))
