"""kill −9 of each process in turn, over real ROS 2: the arm comes to rest, the ending has a name, the bag is readable.

How soon is measured by ``benchmarks/kill.py``; here the times only tell a stop from none, on machines that do other things beside.
"""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("rclpy")
pytestmark = [pytest.mark.ros, pytest.mark.timeout(180)]

from kills import measure  # noqa: E402

LATEST = 1.5  # [s] beyond the braking time; the task itself would move the arm for another 20 s


def test_a_killed_runtime_leaves_the_arm_braking_and_the_bag_readable(tmp_path: Path) -> None:
    kill = measure("runtime", tmp_path)
    assert kill.rest_after < kill.braking + LATEST
    assert kill.bag_lost <= 0.3


@pytest.mark.parametrize("who", ["client", "recorder"])
def test_a_goal_whose_client_or_recorder_was_killed_is_preempted_with_the_arm_at_rest(tmp_path: Path, who: str) -> None:
    kill = measure(who, tmp_path)
    assert kill.outcome == "PREEMPTED"
    assert who in kill.reason
    assert kill.rest_after < kill.braking + LATEST
    assert kill.bag_lost <= 0.3


def test_a_silent_driver_makes_the_goal_unsafe(tmp_path: Path) -> None:
    kill = measure("simulator", tmp_path)
    assert (kill.outcome, "stale" in kill.reason) == ("UNSAFE", True)
    assert kill.unsafe_after < LATEST
