"""What the runtime node knows of frames: the cell's arms and cameras, and ``/tf`` and ``/tf_static`` where tf2_msgs is installed.

tf2_msgs comes with ROS 2 from apt and is in no package registry; without it a cell's own cameras and arms are all there is.
"""

from __future__ import annotations

import hashlib
import json
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

STATIC = "static transform "  # begins the note of one, which is in the bag as a control input that does nothing


class CellFrames:
    """Frames of a cell: ``<arm>/base`` and ``<arm>/tool``, the model's own names for them where they are told apart, and its cameras."""

    def __init__(self, node: Node, cell: Cell, later: Callable[[Callable[[], None]], None], note: Callable[[str], None] = lambda text: None) -> None:
        """``later`` has something done by the thread that asks for transforms; ``note`` is told every static transform of others, with its hash."""
        self._node, self._note = node, note
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
        self._own = {camera.frame.lstrip("/") for camera in cell.cameras} | {link for link in links if links.count(link) == 1}
        self._noted: dict[str, str] = {}
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
        """``tf2_msgs/TFMessage`` from /tf_static. Where the arms and the cameras of the cell are, the cell says: a driver puts its robot at the origin."""
        for one in message.transforms:
            camera = Camera(one.child_frame_id, one.child_frame_id.lstrip("/"), one.header.frame_id, pose_of_transform(one.transform))
            told = hand_eye(camera)
            if self._noted.get(camera.frame) == told["sha256"]:
                continue
            self._noted[camera.frame] = told["sha256"]
            if camera.frame in self._own:
                self._node.get_logger().warning(f"/tf_static says where '{camera.frame}' is; so does the cell, which counts")
                continue
            self.frames.fix(camera.frame, camera.on, camera.pose)
            self._note(f"{STATIC}{json.dumps(told)}")


def hand_eye(camera: Camera) -> dict[str, Any]:
    """A camera as the bag tells it; the hash names the calibration."""
    values = [float(value) for value in (*camera.pose.position, *camera.pose.quaternion)]
    digest = hashlib.sha256(f"{camera.frame} {camera.on} {' '.join(map(repr, values))}".encode()).hexdigest()
    return {"frame": camera.frame, "on": camera.on, "xyz_xyzw": values, "sha256": digest}
