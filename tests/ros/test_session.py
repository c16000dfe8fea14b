"""The newcomer's minute: coffee over real ROS 2 in separate processes, recorded, judged, and re-executed from its bag."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("rclpy")
pytestmark = [pytest.mark.ros, pytest.mark.timeout(300)]

from skillkit.assembly import replay  # noqa: E402
from skillkit.bags import open_bag, summary  # noqa: E402
from skillkit.ros.children import ProcessEnded  # noqa: E402
from skillkit.ros.processes import Setup  # noqa: E402
from skillkit.ros.session import run_session  # noqa: E402


def test_coffee_is_made_over_ros_and_its_bag_decides_again_as_it_did(tmp_path: Path) -> None:
    trees: list[str] = []
    for attempt in range(3):  # a machine that stands still for 80 ms makes the gate stop the arm, as it should; for 20 ms, the arm jolts
        bag = tmp_path / f"run{attempt}.mcap"
        setup = Setup(robot="panda", seed=1, tasks=("prepare_coffee",), bag=str(bag))
        report = run_session(setup, "prepare_coffee", {}, on_tree=lambda message: trees.append(message.task))
        if "stale" not in report.reason and "of contact" not in report.reason:
            break
    assert (report.outcome, report.success) == ("SUCCEEDED", True), report.reason
    assert all(report.checks.values())
    assert set(trees) == {"prepare_coffee"}
    assert report.loop["ticks"] > 100.0 * report.duration * 0.9
    found = replay(bag)
    assert found.differences == 0
    assert found.compared == found.steps > 500
    with open_bag(bag) as opened:
        told = summary(opened)
        first = next(iter(opened.steps()))[0]
        topics = set(opened.topics)
        counts = {name: opened.topics[name].count for name in topics}
    assert counts["/skillkit/digest"] == counts["/skillkit/step"] == found.steps
    later = replay(bag, start=6.0)
    assert 5.0 <= later.begun <= 6.0
    assert (later.differences, later.compared) == (0, later.steps)
    assert {"/panda/joint_states", "/panda/command", "/objects/cup_1/pose", "/skillkit/tree"} <= topics
    assert told.task == "prepare_coffee"
    assert first["tick"] == 0, "every step from the first on must be in the bag"


def test_a_process_that_ends_before_its_time_is_named_with_what_it_said(tmp_path: Path) -> None:
    setup = Setup(robot="panda", options={"lokced": "true"}, tasks=("prepare_coffee",))
    with pytest.raises(ProcessEnded, match=r"the simulator ended with status 1(?s:.*)did you mean 'locked'"):
        run_session(setup, "prepare_coffee", {})
