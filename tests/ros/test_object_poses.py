"""Object poses in a camera's frame become poses in the world, at their own stamp."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib.util import find_spec
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

pytest.importorskip("rclpy")
pytestmark = pytest.mark.ros

import rclpy  # noqa: E402
from geometry_msgs.msg import Pose as PoseMessage  # noqa: E402
from geometry_msgs.msg import PoseStamped, PoseWithCovarianceStamped, TransformStamped  # noqa: E402
from rclpy.context import Context  # noqa: E402
from rclpy.node import Node  # noqa: E402
from ros_pair import spun, until  # noqa: E402

from skillkit.cell import Camera, Cell  # noqa: E402
from skillkit.kinematics import ArmKinematics  # noqa: E402
from skillkit.pose import Pose  # noqa: E402
from skillkit.ros.conversions import stamp_of  # noqa: E402
from skillkit.ros.frames import STATIC, CellFrames, hand_eye  # noqa: E402
from skillkit.ros.object_poses import ObjectPoses  # noqa: E402
from skillkit.spaces import JointInput, ObjectInput, SignalInput  # noqa: E402

HAND_EYE = Pose.from_rpy([0.05, 0.0, -0.1], [0.0, 0.1, 0.2])
STANDS = Pose.from_rpy([0.0, 0.5, 0.0], [0.0, 0.0, 0.3])
PANDA = Cell.of_robot("panda", STANDS)
CELL = Cell("bench", PANDA.arms, (Camera("wrist", "wrist_optical", "panda", HAND_EYE),))
HOME = CELL.arms[0].embodiment.home
SEEN = Pose.from_rpy([0.02, -0.03, 0.4], [0.4, -0.2, 0.1])


class Bench:
    """A node that hears what tests hand it, and what it put into the loop."""

    def __init__(self, node: Node, hardware: bool = False) -> None:
        self.put: list[Any] = []
        self.heard: list[str] = []
        self.notes: list[str] = []
        self.frames = CellFrames(node, CELL, lambda action: action(), self.notes.append)
        loop: Any = SimpleNamespace(now=lambda: 7.0, put=self.put.append, between_ticks=lambda action: action())
        self.poses = ObjectPoses(node, loop, self.frames, hardware, self.heard.append)

    def arm_at(self, position: np.ndarray, stamp: float) -> None:
        self.frames.joints(JointInput("panda", stamp, 0.0, tuple(position.tolist()), (0.0,) * 7, 0.08))

    @property
    def objects(self) -> list[ObjectInput]:
        return [given for given in self.put if isinstance(given, ObjectInput)]


@pytest.fixture(scope="module")
def node() -> Iterator[Node]:
    context = Context()
    rclpy.init(context=context)
    made = rclpy.create_node("bench", context=context)
    yield made
    made.destroy_node()
    rclpy.try_shutdown(context=context)


def message_of(pose: Pose) -> PoseMessage:
    message = PoseMessage()
    p, q = message.position, message.orientation
    p.x, p.y, p.z = pose.position.tolist()
    q.x, q.y, q.z, q.w = pose.quaternion.tolist()
    return message


def seen(frame: str, stamp: float, pose: Pose = SEEN) -> PoseStamped:
    message = PoseStamped(pose=message_of(pose))
    message.header.frame_id, message.header.stamp = frame, stamp_of(stamp)
    return message


def test_a_wrist_camera_tells_where_a_thing_is_by_where_the_wrist_was(node: Node) -> None:
    bench = Bench(node)
    bench.arm_at(HOME, 1.0)
    bench.arm_at(HOME + 0.3, 1.4)
    bench.poses.take("cup", seen("wrist_optical", 1.0), 7.0)
    expected = STANDS @ ArmKinematics(CELL.arms[0].embodiment).forward(HOME) @ HAND_EYE @ SEEN
    (given,) = bench.objects
    np.testing.assert_allclose(given.position, expected.position, atol=1e-9)
    np.testing.assert_allclose(np.abs(given.quaternion), np.abs(expected.quaternion), atol=1e-9)
    assert bench.heard == ["cup"]


def test_a_pose_in_the_world_is_left_as_it_is_bit_for_bit(node: Node) -> None:
    bench = Bench(node)
    bench.poses.take("cup", seen("world", 3.0), 7.0)
    assert bench.objects[0].position == tuple(SEEN.position.tolist())
    assert bench.objects[0].received == 7.0


@pytest.mark.parametrize(("frame", "stamp", "why"), [("wrist_opticl", 1.0, "did you mean 'wrist_optical'"), ("wrist_optical", 9.0, "last heard of")])
def test_a_pose_whose_frame_cannot_be_told_is_not_used_and_the_reason_is_kept(node: Node, frame: str, stamp: float, why: str) -> None:
    bench = Bench(node)
    bench.arm_at(HOME, 1.0)
    bench.poses.take("cup", seen(frame, stamp), 7.0)
    assert (bench.objects, bench.heard) == ([], [])
    assert why in bench.poses.lost["cup"]
    bench.poses.take("cup", seen("world", 1.0), 7.0)
    assert bench.poses.lost == {}


def test_a_covariance_becomes_a_signal_in_metres(node: Node) -> None:
    bench = Bench(node)
    message = PoseWithCovarianceStamped()
    message.header.frame_id, message.pose.pose = "world", message_of(SEEN)
    message.pose.covariance = np.diag([1e-6, 4e-6, 1e-6, 1.0, 1.0, 1.0]).ravel().tolist()
    bench.poses.take("cup", message, 7.0)
    (spread,) = (given for given in bench.put if isinstance(given, SignalInput))
    assert (spread.name, spread.value) == ("cup_spread", pytest.approx(0.002))


def test_on_hardware_the_age_of_a_pose_counts_from_its_stamp(node: Node) -> None:
    bench = Bench(node, hardware=True)
    now = node.get_clock().now().nanoseconds * 1e-9
    bench.poses.take("cup", seen("world", now - 0.2), 7.0)
    bench.poses.take("cup", seen("world", 12.0), 7.0)
    assert bench.objects[0].received == pytest.approx(6.8, abs=0.05)
    assert bench.objects[1].received == 7.0


def test_transforms_of_tf_are_used_at_their_stamps(node: Node) -> None:
    bench = Bench(node)
    edges = []
    for child, parent, x in (("camera_link", "cart", 1.0), ("cart", "world", 2.0)):
        edge = TransformStamped(child_frame_id=child)
        edge.header.frame_id, edge.header.stamp = parent, stamp_of(5.0)
        edge.transform.translation.x = x
        edges.append(edge)
    bench.frames.fixed(SimpleNamespace(transforms=edges[:1]))
    bench.frames.moved(SimpleNamespace(transforms=edges[1:]))
    bench.poses.take("cup", seen("camera_link", 5.0, Pose.from_vector()), 7.0)
    assert bench.objects[0].position == (3.0, 0.0, 0.0)


def test_a_hand_eye_transform_of_tf_static_is_noted_with_its_hash_once_and_again_when_it_changes(node: Node) -> None:
    bench = Bench(node)
    edge = TransformStamped(child_frame_id="hand_camera")
    edge.header.frame_id = "panda/tool"
    for x in (0.05, 0.05, 0.06):
        edge.transform.translation.x = x
        bench.frames.fixed(SimpleNamespace(transforms=[edge]))
    told = [json.loads(note.removeprefix(STATIC)) for note in bench.notes]
    assert [(one["frame"], one["on"], one["xyz_xyzw"][0]) for one in told] == [("hand_camera", "panda/tool", 0.05), ("hand_camera", "panda/tool", 0.06)]
    assert told[0]["sha256"] != told[1]["sha256"]


def test_a_driver_that_puts_its_robot_at_the_origin_does_not_move_the_arm_of_the_cell(node: Node) -> None:
    bench = Bench(node)
    edge = TransformStamped(child_frame_id=CELL.arms[0].embodiment.base)
    edge.header.frame_id, edge.transform.rotation.w = "world", 1.0
    bench.frames.fixed(SimpleNamespace(transforms=[edge]))
    bench.poses.take("cup", seen(CELL.arms[0].embodiment.base, 1.0), 7.0)
    np.testing.assert_allclose(bench.objects[0].position, (STANDS @ SEEN).position, atol=1e-9)


def detected(name: str, score: float, pose: Pose, frame: str = "", stamp: float = 0.0) -> Any:
    """One ``vision_msgs/Detection3D``; the fields that are read, where the package is not there."""
    header = seen(frame, stamp).header
    given = PoseWithCovarianceStamped().pose
    given.pose, given.covariance = message_of(pose), np.diag([9e-6, 1e-6, 1e-6, 1.0, 1.0, 1.0]).ravel().tolist()
    if find_spec("vision_msgs") is None:
        return SimpleNamespace(header=header, results=[SimpleNamespace(hypothesis=SimpleNamespace(class_id=name, score=score), pose=given)])
    from vision_msgs.msg import Detection3D, ObjectHypothesis, ObjectHypothesisWithPose

    return Detection3D(header=header, results=[ObjectHypothesisWithPose(hypothesis=ObjectHypothesis(class_id=name, score=score), pose=given)])


def test_of_several_hypotheses_the_best_names_the_object(node: Node) -> None:
    bench = Bench(node)
    one, nothing = detected("bottle", 0.2, SEEN), detected("", 0.0, SEEN)
    one.results.append(detected("cup", 0.7, SEEN).results[0])
    nothing.results.clear()
    bench.poses.detections(SimpleNamespace(header=seen("world", 1.0).header, detections=[one, nothing]), 7.0)
    assert bench.heard == ["cup"]


def test_of_two_detections_that_look_like_the_same_object_the_surer_one_counts(node: Node) -> None:
    bench, elsewhere = Bench(node), Pose.from_vector((1.0, 0.0, 0.0))
    both = [detected("cup", 0.9, SEEN), detected("cup", 0.3, elsewhere)]
    for detections in (both, both[::-1]):
        bench.poses.detections(SimpleNamespace(header=seen("world", 1.0).header, detections=detections), 7.0)
    assert [given.position for given in bench.objects] == [tuple(SEEN.position.tolist())] * 2


def test_a_detection_with_a_header_of_its_own_is_placed_by_that(node: Node) -> None:
    bench = Bench(node)
    bench.arm_at(HOME, 1.0)
    bench.arm_at(HOME + 0.3, 1.4)
    one = detected("cup", 0.9, SEEN, "wrist_optical", 1.0)
    bench.poses.detections(SimpleNamespace(header=seen("world", 1.4).header, detections=[one]), 7.0)
    expected = STANDS @ ArmKinematics(CELL.arms[0].embodiment).forward(HOME) @ HAND_EYE @ SEEN
    np.testing.assert_allclose(bench.objects[0].position, expected.position, atol=1e-9)


@pytest.mark.skipif(find_spec("vision_msgs") is None, reason="vision_msgs is not installed")
def test_real_detections_over_dds_are_placed_at_their_own_stamp_with_age_and_covariance() -> None:
    from vision_msgs.msg import Detection3DArray

    with spun("perception") as own:
        bench = Bench(own, hardware=True)
        publisher = own.create_publisher(Detection3DArray, "detections", 10)
        then = own.get_clock().now().nanoseconds * 1e-9 - 0.2
        for moment, position in ((then - 0.05, HOME), (then + 0.05, HOME), (then + 0.2, HOME + 0.3)):
            bench.arm_at(position, moment)
        array = Detection3DArray(header=seen("wrist_optical", then).header, detections=[detected("cup", 0.9, SEEN), detected("tray", 0.8, Pose.from_vector())])
        until(lambda: publisher.get_subscription_count() == 1, "the runtime listens")
        publisher.publish(array)
        until(lambda: len(bench.objects) == 2, "two objects")
    camera = STANDS @ ArmKinematics(CELL.arms[0].embodiment).forward(HOME) @ HAND_EYE
    cup, tray = bench.objects
    np.testing.assert_allclose(cup.position, (camera @ SEEN).position, atol=1e-6)
    np.testing.assert_allclose(tray.position, camera.position, atol=1e-6)
    assert cup.stamp == pytest.approx(then, abs=1e-6)
    assert 7.0 - cup.received >= 0.2  # the age counts from the stamp
    assert [given.value for given in bench.put if isinstance(given, SignalInput)] == [pytest.approx(0.003), pytest.approx(0.003)]


def test_the_hash_of_a_hand_eye_calibration_changes_with_it() -> None:
    other = Camera("wrist", "wrist_optical", "panda", HAND_EYE @ Pose.from_vector((1e-4, 0.0, 0.0)))
    assert hand_eye(CELL.cameras[0])["sha256"] == hand_eye(Camera("x", "wrist_optical", "panda", HAND_EYE))["sha256"]
    assert hand_eye(other)["sha256"] != hand_eye(CELL.cameras[0])["sha256"]
