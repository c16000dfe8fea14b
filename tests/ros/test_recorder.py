"""The recorder of a run takes topics of others as they come, each message beside a step, with its hash."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest

pytest.importorskip("rclpy")
pytestmark = [pytest.mark.ros, pytest.mark.timeout(60)]

import rclpy  # noqa: E402
from geometry_msgs.msg import PoseStamped  # noqa: E402
from rclpy.executors import SingleThreadedExecutor  # noqa: E402
from rclpy.node import Node  # noqa: E402
from rclpy.serialization import serialize_message  # noqa: E402
from std_msgs.msg import Float64, String  # noqa: E402

from skillkit.assembly import System  # noqa: E402
from skillkit.assembly.description import Description  # noqa: E402
from skillkit.bags import open_bag  # noqa: E402
from skillkit.bags.cdr import Codec  # noqa: E402
from skillkit.bags.schemas import STEP, schema  # noqa: E402
from skillkit.cell import Cell  # noqa: E402
from skillkit.records import step_record  # noqa: E402
from skillkit.ros.names import DESCRIPTION, LATCHED  # noqa: E402
from skillkit.ros.recorder import Recorder  # noqa: E402


@pytest.fixture
def recorder(tmp_path: Path) -> Iterator[tuple[Recorder, SingleThreadedExecutor]]:
    """A recorder that has heard what runs."""
    system = System.build(Cell.of_robot("panda"), "prepare_coffee")
    attached = Description.of(system, {}, clock="ros").attachments()
    text = json.dumps({name: base64.b64encode(data).decode() for name, data in attached.items()})
    with rclpy.init(args=["--ros-args", "-p", f"bag:={tmp_path / 'run.mcap'}", "-p", "also:=/camera/*,/objects/*"]):
        node, executor = Recorder(), SingleThreadedExecutor()
        executor.add_node(node)
        node.create_publisher(String, DESCRIPTION, LATCHED).publish(String(data=text))
        spun(executor, lambda: node.writer is not None)
        yield node, executor
        executor.shutdown()
        node.destroy_node()


def spun(executor: SingleThreadedExecutor, done: object) -> None:
    end = time.monotonic() + 20.0
    while not done():  # type: ignore[operator]
        assert time.monotonic() < end
        executor.spin_once(timeout_sec=0.02)


def test_messages_of_others_lie_beside_the_step_during_which_they_came(recorder: tuple[Recorder, SingleThreadedExecutor], tmp_path: Path) -> None:
    node, executor = recorder
    camera = Node("camera")
    posed, bare = camera.create_publisher(PoseStamped, "/camera/pose", 10), camera.create_publisher(Float64, "/camera/gain", LATCHED)
    known = camera.create_publisher(PoseStamped, "/objects/cup_1/pose", 10)
    spun(executor, lambda: all(one.get_subscription_count() for one in (posed, bare, known)))
    image = PoseStamped()
    image.header.stamp.sec, image.header.stamp.nanosec, image.header.frame_id = 7, 8, "camera"
    posed.publish(image)  # before the first step: not of this run
    spun(executor, lambda: node.headed or posed.wait_for_all_acked())
    for _ in range(5):
        executor.spin_once(timeout_sec=0.02)
    codec = Codec(STEP, schema(STEP))
    for tick in range(3):
        node._take(STEP, codec.encode(step_record(tick, 0.01 * tick, [])))
    posed.publish(image)
    spun(executor, lambda: "/camera/pose" in node.headed)
    known.publish(image)
    bare.publish(Float64(data=0.5))
    spun(executor, lambda: "/camera/gain" in node.headed)
    node.close()
    camera.destroy_node()
    with open_bag(tmp_path / "run.mcap") as bag:
        seen = [message.value for message in bag.messages("/skillkit/seen")]
        (raw,) = bag.raw_messages("/camera/pose")
        (pose,) = bag.messages("/camera/pose")
        assert "/objects/cup_1/pose" not in bag.topics  # that follows from the runtime's records, with one time and without repeats
        assert (bag.topics["/camera/pose"].latched, bag.topics["/camera/gain"].latched) == (False, True)
    assert (pose.time, pose.value["header"]["frame_id"]) == (0.02, "camera")
    assert raw.data == serialize_message(image)
    assert [(one["topic"], one["tick"], one["stamp"]) for one in seen] == [
        ("/camera/pose", 2, {"sec": 7, "nanosec": 8}),
        ("/camera/gain", 2, {"sec": 0, "nanosec": 0}),
    ]
    assert (seen[0]["size"], seen[0]["sha256"]) == (len(raw.data), sha256(raw.data).hexdigest())
