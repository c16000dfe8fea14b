"""Perceived objects, in whatever frame a camera tells them: into the world by where that frame was when it looked.

``objects/<name>/pose`` as PoseStamped or PoseWithCovarianceStamped; ``detections`` as vision_msgs/Detection3DArray where that is installed
(an object's name is the class of its best hypothesis).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from typing import Any

import numpy as np
from geometry_msgs.msg import PoseStamped, PoseWithCovarianceStamped
from rclpy.node import Node
from rclpy.serialization import deserialize_message

from skillkit.frames import NoTransform
from skillkit.pose import Pose
from skillkit.ros.control_loop import ControlLoop
from skillkit.ros.conversions import object_input, seconds, spread_of
from skillkit.ros.frames import CellFrames
from skillkit.ros.names import NEWEST
from skillkit.spaces import ObjectInput, SignalInput

KINDS = {"geometry_msgs/msg/PoseStamped": PoseStamped, "geometry_msgs/msg/PoseWithCovarianceStamped": PoseWithCovarianceStamped}
LATEST = 10.0  # [s] an older stamp is of another clock


class ObjectPoses:
    """Turns object messages into inputs.

    Where covariances come, the standard deviation along the worst direction [m] is the signal ``<object>_spread``. On hardware the age of a
    pose counts from its stamp; in simulation, whose stamps are of another clock, from its arrival.

    Args:
        heard: told the name of each object that is in the world frame by now.
    """

    def __init__(self, node: Node, loop: ControlLoop, frames: CellFrames, hardware: bool, heard: Callable[[str], None]) -> None:
        self._node, self._loop, self._frames, self._hardware, self._heard = node, loop, frames, hardware, heard
        self.lost: dict[str, str] = {}  # object → why its last pose could not be used
        if find_spec("vision_msgs") is not None:
            from vision_msgs.msg import Detection3DArray

            node.create_subscription(Detection3DArray, "detections", partial(self._later, self.detections, Detection3DArray), NEWEST, raw=True)

    def subscribe(self, name: str, topic: str, kinds: list[str]) -> Any:
        """Listen to an object's topic; ``None`` where its type is not one of ours."""
        kind = next((KINDS[word] for word in kinds if word in KINDS), None)
        if kind is None:
            return None
        return self._node.create_subscription(kind, topic, partial(self._later, partial(self.take, name), kind), NEWEST, raw=True)

    def _later(self, take: Callable[[Any, float], None], kind: type, data: bytes) -> None:
        """Messages are many and large, and none is urgent: the control thread reads them when its command is out."""
        received = self._loop.now()
        self._loop.between_ticks(lambda: take(deserialize_message(data, kind), received))

    def take(self, name: str, message: Any, received: float) -> None:
        """One message of an object, which arrived at ``received`` [s]."""
        given = object_input(name, message, received)
        if hasattr(message.pose, "covariance"):
            spread = spread_of(message.pose.covariance)
            self._loop.put(SignalInput(f"{name}_spread", given.stamp, given.received, spread))
        self._put(given, str(message.header.frame_id))

    def detections(self, message: Any, received: float) -> None:
        """``vision_msgs/Detection3DArray``: each object by its best hypothesis; of two that look like the same object, the one seen more surely."""
        found: dict[str, tuple[float, Any, Any]] = {}
        for detection in message.detections:
            best = max(detection.results, key=lambda result: result.hypothesis.score, default=None)
            if best is None:
                continue
            name, score = str(best.hypothesis.class_id), float(best.hypothesis.score)
            if name not in found or score > found[name][0]:
                found[name] = score, detection.header if detection.header.frame_id else message.header, best.pose
        for name, (_, header, pose) in found.items():
            self.take(name, PoseWithCovarianceStamped(header=header, pose=pose), received)

    def _put(self, given: ObjectInput, frame: str) -> None:
        if frame not in ("", "world"):
            try:
                transform = self._frames.frames.to_world(frame, given.stamp)
            except NoTransform as error:
                if given.name not in self.lost:
                    self._node.get_logger().warning(f"the pose of '{given.name}' is of no use: {error}")
                self.lost[given.name] = str(error)
                return
            given = _moved(given, transform)
        self.lost.pop(given.name, None)
        self._heard(given.name)
        self._loop.put(given._replace(received=given.received - self._delay(given)))

    def _delay(self, given: ObjectInput) -> float:
        """How long a pose was on its way [s], where its stamp is of this machine's clock."""
        arrived = seconds(self._node.get_clock().now().to_msg()) - (self._loop.now() - given.received)
        delay = arrived - given.stamp
        return delay if self._hardware and 0.0 <= delay < LATEST else 0.0


def _moved(given: ObjectInput, transform: Pose) -> ObjectInput:
    pose = transform @ Pose.from_quaternion(np.array(given.position), given.quaternion)
    (x, y, z), (qx, qy, qz, qw) = pose.position.tolist(), pose.quaternion.tolist()
    return given._replace(position=(x, y, z), quaternion=(qx, qy, qz, qw))
