"""The fault matrix: an emulated ros2_control arm over real ROS 2 in separate processes, one fault after the other."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from typing import NamedTuple

import pytest

pytest.importorskip("rclpy")
pytestmark = [pytest.mark.ros, pytest.mark.timeout(240)]

import rclpy  # noqa: E402
from fault_bench import COMMANDS, FAULTS, Fault, Hand, Monitor, run_fault, write_files  # noqa: E402
from ros_observer import Observer  # noqa: E402
from trajectory_msgs.msg import JointTrajectory  # noqa: E402

from skillkit.ros.children import Children  # noqa: E402
from skillkit.ros.client import TaskClient  # noqa: E402
from skillkit.ros.processes import Setup, bringup  # noqa: E402

DETECTED = 0.1  # [s] and what this test's own view may lag behind
LAG = 0.05
ENOUGH = 10  # commands to judge by; where the real types are missing most faults are skipped
MANNERS = {"joint_order": "reversed", "jitter": 0.002, "drop": 0.02}


class Running(NamedTuple):
    observer: Observer
    client: TaskClient
    hand: Hand
    monitor: Monitor


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("emulated")
    cell, task = write_files(folder)
    patch = pytest.MonkeyPatch()
    patch.setenv("XDG_STATE_HOME", str(folder))
    setup = Setup(cell=cell, seed=1, tasks=(task,), hardware=True, manners=MANNERS)
    with Observer() as observer, Children(bringup(setup), folder) as children, rclpy.init():
        monitor, client = Monitor(), TaskClient()
        observer.node.create_subscription(JointTrajectory, COMMANDS, monitor.take, 100)
        try:
            client.wait_until_ready(90.0, children.check)
            yield Running(observer, client, Hand(observer), monitor)
        finally:
            client.close()
            patch.undo()


@pytest.mark.parametrize("fault", FAULTS, ids=[fault.name for fault in FAULTS])
def test_a_fault_is_seen_within_100_ms_the_arm_rests_and_only_an_operator_resumes(fault: Fault, running: Running) -> None:
    if fault.needs and find_spec(fault.needs) is None:
        pytest.skip(f"{fault.needs} is not installed")
    seen = run_fault(fault, running.observer, running.client, running.hand)
    assert fault.says in seen.reason
    assert seen.outcome == fault.outcome
    assert seen.detected <= DETECTED + LAG
    assert seen.at_rest <= 1.0
    if not fault.outcome:
        assert seen.refused, "it could be resumed while the cause was there"
        assert seen.resumed == "by the operator"


def test_what_the_controller_was_sent_stays_inside_the_limits(running: Running) -> None:
    shares = running.monitor.shares()
    assert len(running.monitor.messages) > ENOUGH
    assert max(shares) <= 1.0 + 1e-5, shares
