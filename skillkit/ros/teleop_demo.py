"""One demonstration that a person gives by hand: everything up, the arm leased to them, a bag of it, everything down."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from skillkit.cell import Cell
from skillkit.ros.children import Children
from skillkit.ros.processes import Setup, bringup

READY_WITHIN = 60.0  # [s]


def record_demo(setup: Setup, cell: Cell, verdict: Callable[[], str]) -> str:
    """Record ``setup.bag`` until ``verdict`` returns; what it returned.

    Args:
        verdict: blocks until the person says how it went; called once the arm is theirs.

    Raises:
        ProcessEnded: a process ended before its time. NoAnswer: nobody answers.
    """
    os.environ.setdefault("ROS_PYTHON_CHECK_FIELDS", "1")
    os.environ.setdefault("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
    import rclpy

    from skillkit.ros.names import ArmTopics
    from skillkit.ros.probe import Probe

    Path(setup.bag).parent.mkdir(parents=True, exist_ok=True)
    arm = cell.arms[0]
    with TemporaryDirectory(prefix="skillkit-") as logs, Children(bringup(setup), Path(logs)) as children, rclpy.init():
        probe = Probe(arm, ArmTopics.in_cell(cell)[arm.name], setup.namespace, why="demonstration")
        try:
            probe.ready(READY_WITHIN, children.check)
            probe.lease(alone=len(cell.arms) == 1)
            return verdict()
        finally:
            probe.close()
