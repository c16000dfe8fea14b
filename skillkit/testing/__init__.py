"""pytest plugin: run a task against a mock or a simulated arm, inject faults, and assert on outcome, order and coverage of branches.

The fixture ``task_bench`` is a :class:`skillkit.testing.bench.TaskBench`; ``pytest --task-coverage`` prints which branches of which task no
test has taken. Nothing heavy is loaded until a test asks for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from skillkit.testing.coverage import Coverage
from skillkit.testing.faults import Fault, fails, killed, late, lies, refuses, slow, stalls
from skillkit.testing.recorded import assert_decides_as_recorded

if TYPE_CHECKING:
    from skillkit.testing.bench import TaskBench

__all__ = ["Coverage", "Fault", "assert_decides_as_recorded", "fails", "killed", "late", "lies", "refuses", "slow", "stalls"]

_seen = pytest.StashKey[dict[str, Coverage]]()


def pytest_addoption(parser: Any) -> None:
    """``--task-coverage``."""
    parser.getgroup("skillkit").addoption("--task-coverage", action="store_true", help="print the branches of task trees that no test has taken")


def pytest_configure(config: Any) -> None:
    """Begin to count."""
    config.stash[_seen] = {}


@pytest.fixture
def task_bench(request: pytest.FixtureRequest) -> Iterator[TaskBench]:
    """Runs tasks; what their runs covered is added up over the session."""
    from skillkit.testing.bench import TaskBench

    bench = TaskBench()
    yield bench
    total = request.config.stash[_seen]
    for name, coverage in bench.coverage.items():
        total.setdefault(name, Coverage(coverage.paths)).add(coverage)


def pytest_terminal_summary(terminalreporter: Any, config: Any) -> None:
    """The branches not taken."""
    if not config.getoption("--task-coverage"):
        return
    terminalreporter.section("branches of tasks")
    for name, coverage in sorted(config.stash[_seen].items()):
        terminalreporter.write_line(f"{name}: {coverage}")
        for path, status in coverage.missing:
            terminalreporter.write_line(f"  never {status}: {path}")
