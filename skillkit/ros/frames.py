"""What the runtime node knows of frames: the cell's arms and cameras, and ``/tf`` and ``/tf_static`` where tf2_msgs is installed.

tf2_msgs comes with ROS 2 from apt and is in no package registry; without it a cell's own cameras and arms are all there is.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from typing import Any

import numpy as np
from rclpy.node import Node

from skillkit.cell import WORLD, Camera, Cell
from skillkit.frames import Frames
from skillkit.kinematics import ArmKinematics
from skillkit.pose import Pose
from skillkit.ros.conversions import pose_of_transform, seconds
from skillkit.ros.names import EVERY, STATIC_TRANSFORMS
from skillkit.spaces import JointInput


class CellFrames:
    """Frames of a cell: ``<arm>/base`` and ``<arm>/tool``, the model's own names for them where they are told apart, and its cameras."""

    def __init__(self, node: Node, cell: Cell, later: Callable[[Callable[[], None]], None]) -> None:
        """``later`` has something done by the thread that asks for transforms."""
        self.frames = Frames()
        carrying = {camera.on for camera in cell.cameras}
        self._tools = {arm.name: (ArmKinematics(arm.embodiment), f"{arm.name}/tool") for arm in cell.arms if arm.name in carrying}
        links = [link for arm in cell.arms for link in (arm.embodiment.base, arm.embodiment.tool)]
        for arm in cell.arms:
            self.frames.fix(f"{arm.name}/base", WORLD, arm.base)
            for link, frame in ((arm.embodiment.base, "base"), (arm.embodiment.tool, "tool")):
                if links.count(link) == 1:
                    self.frames.fix(link, f"{arm.name}/{frame}", Pose.from_vector())
        for camera in cell.cameras:
            self.frames.fix(camera.frame, camera.on if camera.on == WORLD else f"{camera.on}/tool", camera.pose)
        if find_spec("tf2_msgs") is not None:
            from tf2_msgs.msg import TFMessage

            node.create_subscription(TFMessage, "/tf", lambda message: later(partial(self.moved, message)), EVERY)
            node.create_subscription(TFMessage, "/tf_static", lambda message: later(partial(self.fixed, message)), STATIC_TRANSFORMS)

    def joints(self, given: JointInput) -> None:
        """An arm's state: where its tool, and so the camera on it, was at that stamp."""
        if given.arm in self._tools:
            kinematics, tool = self._tools[given.arm]
            self.frames.move(tool, f"{given.arm}/base", kinematics.forward(np.array(given.position)), given.stamp)

    def moved(self, message: Any) -> None:
        """``tf2_msgs/TFMessage`` from /tf."""
        for one in message.transforms:
            self.frames.move(one.child_frame_id, one.header.frame_id, pose_of_transform(one.transform), seconds(one.header.stamp))

    def fixed(self, message: Any) -> None:
        """``tf2_msgs/TFMessage`` from /tf_static."""
        for one in message.transforms:
            self.frames.fix(one.child_frame_id, one.header.frame_id, pose_of_transform(one.transform))


def hand_eye(camera: Camera) -> dict[str, Any]:
    """A camera as the bag tells it; the hash names the calibration."""
    values = [float(value) for value in (*camera.pose.position, *camera.pose.quaternion)]
    digest = hashlib.sha256(f"{camera.frame} {camera.on} {' '.join(map(repr, values))}".encode()).hexdigest()
    return {"frame": camera.frame, "on": camera.on, "xyz_xyzw": values, "sha256": digest}
