"""The fault matrix: an emulated ros2_control arm over real ROS 2 in separate processes, one fault after the other."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

pytest.importorskip("rclpy")
pytestmark = [pytest.mark.ros, pytest.mark.timeout(240)]

from activation_bench import refused_for_its_clock, run_activation  # noqa: E402
from fault_bench import FAULTS, Bench, Fault, as_promised, emulated, run_fault  # noqa: E402


def test_what_is_wrong_before_anything_moves_is_found_at_activation(tmp_path: Path) -> None:
    assert {found.name: found.wrong for found in run_activation(tmp_path) if found.wrong} == {}


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    with emulated(tmp_path_factory.mktemp("emulated"), {}) as (bench, children):
        bench.client.wait_until_ready(90.0, children.check)
        yield bench


@pytest.mark.parametrize("fault", FAULTS, ids=[fault.name for fault in FAULTS])
def test_a_fault_is_seen_within_100_ms_the_arm_rests_and_nothing_resumes_by_itself(fault: Fault, bench: Bench) -> None:
    if fault.needs and find_spec(fault.needs) is None:
        pytest.skip(f"{fault.needs} is not installed")
    assert as_promised(fault, run_fault(fault, bench)) == []


def test_a_goal_from_a_machine_with_another_clock_is_refused_at_once(bench: Bench) -> None:
    assert refused_for_its_clock(bench).wrong == []
