"""What every test runs under: field checks in messages, ROS 2 traffic that stays on this machine and apart from other test runs."""

from __future__ import annotations

import os

import pytest
from hypothesis import settings
from witness import Witness

FIRST_DOMAIN, DOMAINS = 20, 80  # DDS domains whose ports lie below those that Linux hands out to others

settings.register_profile("skillkit", derandomize=True, deadline=None)  # the same examples every time: a red run can be repeated
settings.load_profile("skillkit")

run = int(os.environ.setdefault("SKILLKIT_TEST_RUN", str(os.getpid())))  # inherited by the workers of pytest-xdist
worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))

os.environ["ROS_DOMAIN_ID"] = str(FIRST_DOMAIN + (run + worker) % DOMAINS)
os.environ["ROS_AUTOMATIC_DISCOVERY_RANGE"] = "LOCALHOST"
os.environ["ROS_PYTHON_CHECK_FIELDS"] = "1"  # read once, when the first message is imported
os.environ.setdefault("MUJOCO_GL", "egl")

WITNESS = pytest.StashKey[Witness]()
REAL_TIME = ("tests/ros/", "tests/cli/test_over_ros.py", "tests/cli/test_demos.py")


def pytest_configure(config: pytest.Config) -> None:
    """Watch the machine where tests run."""
    if not hasattr(config, "workerinput") and config.getoption("numprocesses", None):
        return  # the tests run in its workers
    config.stash[WITNESS] = Witness()


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Every test for itself."""
    item.config.stash[WITNESS].begin()


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist reads the groups
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What runs in real time runs one after the other, and again where it failed while the machine had no time for it.

    Two control loops and two simulators at once are too much for two cores.
    """
    for item in items:
        if any(part in item.nodeid for part in REAL_TIME):
            item.add_marker(pytest.mark.xdist_group("real time"))
            item.add_marker(pytest.mark.flaky(reruns=2, condition=lambda: config.stash[WITNESS].starved))
