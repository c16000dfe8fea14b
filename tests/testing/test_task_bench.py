"""The test kit itself: every fault does what it says, order and coverage are told, mistakes in a test are named."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from skillkit.exceptions import UnknownName
from skillkit.testing import fails, killed, late, lies, refuses, slow, stalls
from skillkit.testing.bench import TaskBench, TaskRun, after

TASK = """task: two
parameters: {cup: {type: object, default: cup_1}}
goal: full($cup)
tree:
  sequence:
    - fallback:
        - condition: opened(cabinet_handle, cabinet)
        - skill: {open_door: {handle: cabinet_handle, cabinet: cabinet}, label: open_up}
    - retry:
        times: 3
        do:
          skill: {grasp: {object: $cup, facing: cabinet}, label: take}
"""


@pytest.fixture
def task(tmp_path: Path) -> Path:
    file = tmp_path / "two.yaml"
    file.write_text(TASK)
    return file


@pytest.fixture
def bench() -> TaskBench:
    return TaskBench()


def mock(bench: TaskBench, task: Path, *faults: object, **truths: bool) -> TaskRun:
    return bench.mock(task, faults, {"opened(cabinet_handle, cabinet)": truths.get("opened", False)})  # type: ignore[arg-type]


def test_without_faults_every_skill_succeeds_in_order(bench: TaskBench, task: Path) -> None:
    run = mock(bench, task)
    assert (run.outcome, run.order) == ("SUCCEEDED", ["open_up", "take"])
    assert run.duration == pytest.approx(0.6, abs=0.1)


def test_a_condition_is_as_true_as_the_test_says(bench: TaskBench, task: Path) -> None:
    assert mock(bench, task, opened=True).order == ["take"]


def test_a_condition_can_become_true_by_what_happens(bench: TaskBench, task: Path) -> None:
    assert bench.mock(task, truths={"full($cup)": after("take")}).outcome == "SUCCEEDED"
    assert bench.mock(task, truths={"full($cup)": after("open_up"), "opened(cabinet_handle, cabinet)": True}).outcome == "FAILED"
    assert bench.mock(task, [lies("take")], {"full($cup)": after("take")}).outcome == "FAILED"


def test_a_skill_that_fails_twice_is_retried(bench: TaskBench, task: Path) -> None:
    run = mock(bench, task, fails("take", times=2, reason="slipped"))
    assert run.ends == [("open_up", "SUCCEEDED"), ("take", "FAILED"), ("take", "FAILED"), ("take", "SUCCEEDED")]
    assert run.outcome == "SUCCEEDED"


def test_a_fault_may_name_a_skill_instead_of_a_label(bench: TaskBench, task: Path) -> None:
    run = mock(bench, task, fails("grasp", reason="slipped"))
    assert (run.outcome, run.reasons["take"]) == ("FAILED", "slipped")
    assert run.order.count("take") == 3


def test_a_skill_that_refuses_is_refused(bench: TaskBench, task: Path) -> None:
    run = mock(bench, task, refuses("take", times=2, reason="not here"))
    assert run.ends == [("open_up", "SUCCEEDED"), ("take", "REFUSED"), ("take", "REFUSED"), ("take", "SUCCEEDED")]
    assert mock(bench, task, refuses("open_up", reason="not here")).outcome == "REFUSED"


def test_a_skill_that_stalls_runs_into_its_time_limit(bench: TaskBench, task: Path) -> None:
    run = mock(bench, task, stalls("open_up"))
    assert run.ends == [("open_up", "TIMED_OUT")]
    assert run.duration == pytest.approx(40.0, abs=0.2)


def test_a_slow_skill_takes_longer(bench: TaskBench, task: Path) -> None:
    assert mock(bench, task, slow("take", 5.0)).duration > mock(bench, task).duration + 1.0


def test_a_skill_that_lies_succeeds_at_once(bench: TaskBench, task: Path) -> None:
    run = mock(bench, task, lies("open_up"))
    assert run.ends[0] == ("open_up", "SUCCEEDED")
    assert run.duration < 0.45


def test_observations_that_stay_away_stop_the_arm(bench: TaskBench, task: Path) -> None:
    run = mock(bench, task, late(by=0.5, after=0.2))
    assert run.outcome == "UNSAFE"
    assert "stale" in run.reason or "old" in run.reason


@pytest.mark.parametrize("moment", [0.05, 0.25, 0.4, 0.55])
def test_a_runtime_that_is_killed_goes_on_without_doing_again_what_was_done(bench: TaskBench, task: Path, moment: float) -> None:
    run = mock(bench, task, killed(moment, outage=2.0))
    assert run.outcome == "SUCCEEDED", run.reason
    assert (run.order, [label for label, _ in run.ends]) == (["open_up", "take"], ["open_up", "take"])
    assert run.duration > 2.4


def test_a_kill_takes_no_other_fault_with_it(bench: TaskBench, task: Path) -> None:
    run = mock(bench, task, killed(0.1), killed(1.3), fails("take", reason="slipped"))
    assert (run.outcome, run.reasons["take"]) == ("FAILED", "slipped")


def test_in_simulation_a_killed_runtime_goes_on_in_the_world_as_it_is(bench: TaskBench) -> None:
    run = bench.simulate("pick_and_place", [killed(1.0), killed(4.0)], seed=3, scene_options={"cabinet_open": "true"})
    assert (run.outcome, run.success) == ("SUCCEEDED", True), run.reason
    assert run.order == ["grasp", "transport", "set_down"]


def test_branches_are_counted_over_runs(bench: TaskBench, task: Path) -> None:
    mock(bench, task)
    once = len(bench.coverage["two"].missing)
    mock(bench, task, opened=True)
    mock(bench, task, fails("take"))
    coverage = bench.coverage["two"]
    assert len(coverage.missing) < once
    assert ("two/0:fallback/open_up", "FAILURE") in coverage.missing
    assert str(coverage).endswith(f"of {2 * len(coverage.paths)} branches")


def test_a_fault_or_truth_about_nothing_is_named(bench: TaskBench, task: Path) -> None:
    with pytest.raises(UnknownName, match="did you mean 'take'"):
        mock(bench, task, fails("takes"))
    with pytest.raises(UnknownName, match="condition"):
        bench.mock(task, truths={"full(cup)": True})


def test_in_simulation_a_lie_is_found_out_by_the_next_skill(bench: TaskBench) -> None:
    run = bench.simulate("prepare_coffee", [lies("open_cabinet"), fails("grasp_cup")], seed=3)
    assert run.ends[0] == ("open_cabinet", "SUCCEEDED")
    assert (run.outcome, run.success) == ("FAILED", False)


def test_the_plugin_gives_the_fixture_and_prints_what_was_not_covered(tmp_path: Path, task: Path) -> None:
    (tmp_path / "test_two.py").write_text(f"def test_it(task_bench):\n    assert task_bench.mock({str(task)!r}).outcome == 'SUCCEEDED'\n")
    command = [sys.executable, "-m", "pytest", "-p", "skillkit.testing", "--task-coverage", "-p", "no:cacheprovider", str(tmp_path / "test_two.py")]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=100, env=dict(os.environ))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "two: " in done.stdout
    assert "never FAILURE: two/0:fallback/open_up" in done.stdout
