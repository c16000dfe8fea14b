"""The player over real DDS: what was recorded arrives, and it answers to its services."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

pytest.importorskip("rclpy")
pytestmark = [pytest.mark.ros, pytest.mark.timeout(120)]

import rclpy  # noqa: E402
from rclpy.executors import SingleThreadedExecutor  # noqa: E402
from rclpy.node import Node  # noqa: E402
from rosgraph_msgs.msg import Clock  # noqa: E402
from sensor_msgs.msg import JointState  # noqa: E402
from std_msgs.msg import Empty  # noqa: E402
from std_srvs.srv import Trigger  # noqa: E402

from skillkit.bags import BagWriter, open_bag  # noqa: E402
from skillkit.bags.schemas import JOINT_STATE  # noqa: E402
from skillkit.ros.children import Children  # noqa: E402
from skillkit.ros.processes import Process, play  # noqa: E402

MESSAGES = 200


@pytest.fixture
def bag(tmp_path: Path) -> Path:
    return written(tmp_path / "bag.mcap")


def written(path: Path, latched: str = "") -> Path:
    """A bag of joint states, and of one message on a ``latched`` topic."""
    with BagWriter(path) as writer:
        if latched:
            writer.describe(latched, {"durability": "transient_local"})
            writer.write(latched, "std_msgs/msg/Float64", {"data": 1.0}, 3.0)
        for i in range(MESSAGES):
            writer.write("/panda/joint_states", JOINT_STATE, {"name": ["x"], "position": [float(i)]}, 3.0 + 0.01 * i)
    return path


class Listener(Node):
    """Keeps what it hears."""

    def __init__(self) -> None:
        super().__init__("listener", namespace="played")
        self.heard: list[float] = []
        self.clock: list[float] = []
        self.create_subscription(JointState, "joints", lambda message: self.heard.append(message.position[0]), 1000)
        self.create_subscription(Clock, "/clock", lambda message: self.clock.append(message.clock.sec + 1e-9 * message.clock.nanosec), 1000)
        self.calls = {name: self.create_client(Trigger, f"player/{name}") for name in ("pause", "resume", "is_paused", "play_next", "play_previous", "stop")}
        self.executor_ = SingleThreadedExecutor()
        self.executor_.add_node(self)

    def until(self, done: Callable[[], bool], seconds: float = 20.0) -> bool:
        end = time.monotonic() + seconds
        while not done() and time.monotonic() < end:
            self.executor_.spin_once(timeout_sec=0.02)
        return done()

    def ask(self, name: str) -> str:
        assert self.calls[name].wait_for_service(20.0)
        answer = self.calls[name].call_async(Trigger.Request())
        assert self.until(answer.done)
        return str(answer.result().message)


@pytest.fixture
def listener() -> Iterator[Listener]:
    with rclpy.init():
        node = Listener()
        yield node
        node.executor_.shutdown()
        node.destroy_node()


def test_what_is_played_can_be_recorded_again_byte_for_byte(tmp_path: Path) -> None:
    bag = written(tmp_path / "bag.mcap", "/panda/model")
    recorder = Process("topic_recorder", "skillkit.ros.topic_recorder", {"bag": str(tmp_path / "again.mcap"), "topics": "/played/*"})
    player = play(str(bag), 2.0, "played", {"remap": "/panda/joint_states=joints", "paused": True})
    with rclpy.init():
        listener = Listener()
        with Children([player, recorder]):
            assert listener.until(lambda: listener.count_subscribers("/played/joints") == 2)
            listener.ask("resume")
            assert listener.until(lambda: len(listener.heard) == MESSAGES)
            listener.until(lambda: False, 0.5)
        listener.executor_.shutdown()
        listener.destroy_node()
    with open_bag(bag) as first, open_bag(tmp_path / "again.mcap") as second:
        assert second.complete
        assert second.topics["/played/joints"].type == JOINT_STATE
        assert [m.data for m in second.raw_messages("/played/joints")] == [m.data for m in first.raw_messages("/panda/joint_states")]
        assert second.topics["/played/panda/model"].latched
        assert not second.topics["/played/joints"].latched


OPTIONS = {"remap": "/panda/joint_states=joints", "clock": True, "paused": True}


def test_it_steps_while_paused_and_then_plays_everything_in_order(bag: Path, listener: Listener) -> None:
    with Children([play(str(bag), 4.0, "played", OPTIONS)]):
        assert listener.ask("is_paused") == "paused"
        assert listener.until(lambda: listener.count_publishers("/played/joints") == 1)
        time.sleep(1.0)
        for count in (1, 2):
            listener.ask("play_next")
            assert listener.until(lambda count=count: len(listener.heard) >= count)  # type: ignore[misc]
        listener.ask("play_previous")
        assert listener.until(lambda: len(listener.heard) >= 3)
        listener.until(lambda: False, 0.3)
        assert listener.heard == [0.0, 1.0, 0.0]
        listener.ask("resume")
        assert listener.until(lambda: listener.heard[-1:] == [MESSAGES - 1.0])
        listener.until(lambda: False, 0.2)
    assert listener.heard == [0.0, 1.0, *(float(i) for i in range(MESSAGES))]
    assert listener.clock[0] == pytest.approx(3.0)
    assert listener.clock[2:] == sorted(listener.clock[2:])


def test_in_lock_step_a_consumer_that_keeps_one_message_and_takes_its_time_loses_none(bag: Path, listener: Listener) -> None:
    worked_off: list[float] = []
    done = listener.create_publisher(Empty, "player/done", 10)

    def work(message: JointState) -> None:
        time.sleep(0.002)  # twice as long as the messages are apart
        worked_off.append(message.position[0])
        done.publish(Empty())

    listener.create_subscription(JointState, "slow", work, 1)
    options = {"remap": "/panda/joint_states=slow", "lock_step": "done", "paused": True}
    with Children([play(str(bag), 10.0, "played", options)]):
        assert listener.until(lambda: listener.count_publishers("/played/slow") == 1 and listener.count_subscribers("/played/player/done") == 1)
        listener.ask("resume")
        assert listener.until(lambda: len(worked_off) == MESSAGES)
    assert worked_off == [float(i) for i in range(MESSAGES)]
