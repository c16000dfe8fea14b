"""First contact with an arm: read everything, move a millimetre, stop, open and close the gripper, kill the runtime and see the arm stop.

Each finding has a number and a limit. What fails early keeps what would move the arm from being tried.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np

from skillkit.cell import Cell, CellArm
from skillkit.exceptions import SkillkitError
from skillkit.ros.children import Children
from skillkit.ros.processes import Setup, bringup

if TYPE_CHECKING:
    from skillkit.ros.probe import Probe

READY_WITHIN = 60.0  # [s]
LISTENED = 2.0  # [s] to the states before anything moves
SLOW = 0.01  # [m/s] of the tool in the tests that move
MILLIMETRE = 0.001  # [m]
SETTLED = 0.5  # [s]
REACTION = 1.0  # [s] that a gripper is given to begin

LIMITS = {
    "joint state rate": 50.0,  # [Hz] at least
    "joint state gap": 40.0,  # [ms] p99, at most
    "clock offset": 100.0,  # [ms] at most: more than the age at which the gate stops the arm
    "inside position limits": 0.0,  # [rad] beyond them
    "command writers": 1.0,  # publishers on the command topic, this runtime
    "tool calibration": 1.0,  # [mm] at most
    "moves 1 mm": 0.5,  # [mm] off at most
    "reaction": 100.0,  # [ms] from the command to the first motion
    "stop time": 500.0,  # [ms] from the last command to rest, the command's own time-out of 200 ms included
    "stop distance": 6.0,  # [mm] at 10 mm/s
    "gripper closes": 10.0,  # [%] of its opening that may be left
    "gripper opens": 90.0,  # [%] at least
    "kill stop time": 200.0,  # [ms] from SIGKILL to rest
    "kill stop distance": 2.0,  # [mm] at 10 mm/s
    "loop jitter": 2.0,  # [ms] p99 by which the runtime's ticks begin late
    "observation age": 30.0,  # [ms] p99
}


@dataclass(frozen=True)
class Check:
    """One finding; ``value`` and ``limit`` are in ``unit``, ``None`` where it could not be measured."""

    name: str
    passed: bool
    value: float | None
    limit: float
    unit: str
    note: str = ""


@dataclass
class HardwareReport:
    """Everything that was found about a cell."""

    cell: str
    simulated: bool
    emulated: bool = False
    checks: list[Check] = field(default_factory=list)

    @property
    def where(self) -> str:
        """What it was that was checked, in words."""
        return "rehearsed against the simulator" if self.simulated else "rehearsed against emulated drivers" if self.emulated else "on the real arms"

    @property
    def passed(self) -> bool:
        """Whether every check has."""
        return bool(self.checks) and all(check.passed for check in self.checks)

    def as_dict(self) -> dict[str, Any]:
        """As it stands in the JSON document."""
        return {
            "cell": self.cell,
            "simulated": self.simulated,
            "emulated": self.emulated,
            "passed": self.passed,
            "checks": [asdict(check) for check in self.checks],
        }


def check_cell(
    cell: str, simulated: bool, on_stage: Callable[[str], None] = lambda text: None, namespace: str = "", manners: Mapping[str, Any] | None = None
) -> HardwareReport:
    """Check every arm of a cell, one after the other, each with a runtime of its own that is killed at the end.

    Args:
        simulated: against the simulator, to rehearse; else the drivers of the real arms have to be running.
        manners: not of real arms but of the emulator, see ``emulator.MANNERS``: the same drivers in front of a simulated world.

    Raises:
        SkillkitError: a process ended before its time, or nobody answers.
    """
    os.environ.setdefault("ROS_PYTHON_CHECK_FIELDS", "1")
    os.environ.setdefault("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
    import rclpy

    loaded = Cell.load(cell)
    if simulated:
        loaded = replace(loaded, arms=tuple(replace(arm, hardware=replace(arm.hardware, prefix="", tool_parent="")) for arm in loaded.arms))
    emulated = manners is not None
    report = HardwareReport(loaded.name, simulated, emulated)
    scene = "coffee" if simulated or emulated else ""
    setup = Setup(cell=cell, scene=scene, namespace=namespace, hardware=not simulated, manners=manners or {})
    with rclpy.init():
        for arm in loaded.arms:
            with TemporaryDirectory(prefix="skillkit-") as logs, Children(bringup(setup), Path(logs)) as children:
                _check_arm(loaded, arm, children, report, on_stage, namespace)
    return report


def _check_arm(cell: Cell, arm: CellArm, children: Children, report: HardwareReport, on_stage: Callable[[str], None], namespace: str) -> None:
    from skillkit.ros.names import ArmTopics
    from skillkit.ros.probe import Probe

    topics = ArmTopics.in_cell(cell)[arm.name]
    probe = Probe(arm, topics, namespace)
    session = _ArmCheck(probe, children, report, alone=len(cell.arms) == 1)
    try:
        on_stage(f"{arm.name}: waiting for the runtime")
        probe.ready(READY_WITHIN, children.check)
        on_stage(f"{arm.name}: reading")
        session.read()
        if not all(check.passed for check in session.found):
            on_stage(f"{arm.name}: not moved, because what was read is not in order")
            return
        for stage, action in (("moving 1 mm", session.move), ("stopping", session.stop), ("gripper", session.grip), ("killing the runtime", session.kill)):
            on_stage(f"{arm.name}: {stage}")
            action()
    finally:
        probe.close()


class _ArmCheck:
    """The stages for one arm; each appends to the report."""

    def __init__(self, probe: Probe, children: Children, report: HardwareReport, alone: bool) -> None:
        self.probe, self.children, self.report, self.alone = probe, children, report, alone
        self.found: list[Check] = []
        self.quiet = 0.0  # fastest joint of the arm standing still [rad/s]

    def _note(self, name: str, value: float, unit: str, at_least: bool = False, note: str = "") -> None:
        limit = LIMITS[name]
        known = bool(np.isfinite(value))
        passed = known and (value >= limit if at_least else value <= limit)
        note = note if passed else "; ".join(filter(None, (note, self.probe.lost)))
        check = Check(f"{self.probe.arm.name}: {name}", passed, round(value, 4) if known else None, limit, unit, note)
        self.found.append(check)
        self.report.checks.append(check)

    @property
    def rest(self) -> float:
        """Joint speed that counts as motion [rad/s]: a fifth of what 10 mm/s needs on an arm of a metre, and above the noise of its states."""
        return max(0.2 * SLOW, 1.5 * self.quiet)

    def read(self) -> None:
        """Everything that can be known without a motion."""
        from skillkit.ros.described import described_model

        probe = self.probe
        self._calibrate(described_model)
        probe.listen(LISTENED)
        seen = probe.since(0.0)
        gaps = np.diff([sample.time for sample in seen])
        self._note("joint state rate", len(seen) / LISTENED, "Hz", at_least=True)
        self._note("joint state gap", 1e3 * float(np.percentile(gaps, 99)) if len(gaps) else float("nan"), "ms")
        if not self.report.simulated and seen:
            self._note(
                "clock offset", 1e3 * abs(float(np.median([sample.wall - sample.stamp for sample in seen]))), "ms", note="the driver's stamps, seen here"
            )
        model = probe.arm.embodiment
        beyond = max((float(np.max(np.maximum(model.lower - s.position, s.position - model.upper))) for s in seen), default=float("nan"))
        self._note("inside position limits", max(0.0, beyond), "rad")
        self._note("command writers", float(probe.count_publishers(probe.topics.trajectory)), "publishers")

    def _calibrate(self, described_model: Callable[[CellArm, str], Any]) -> None:
        probe = self.probe
        probe.listen(5.0, lambda: bool(probe.description))
        try:
            model, difference = described_model(probe.arm, probe.description)
        except SkillkitError as error:
            self._note("tool calibration", float("nan"), "mm", note=str(error) if probe.description else "no robot_description has come")
            return
        self._note("tool calibration", 1e3 * difference.distance, "mm", note=f"over {difference.samples} joint positions")
        probe.use(replace(probe.arm, embodiment=model))

    def move(self) -> None:
        """One millimetre up, at 10 mm/s."""
        probe = self.probe
        probe.lease(self.alone)
        probe.listen(SETTLED)
        self.quiet = max((float(np.abs(s.velocity).max()) for s in probe.since(time.monotonic() - 0.3)), default=0.0)
        begun = probe.move((0.0, 0.0, SLOW), MILLIMETRE / SLOW)
        probe.stand()
        probe.listen(SETTLED)
        self._note("moves 1 mm", abs(1e3 * probe.travelled(begun) - 1.0), "mm", note=f"it moved {1e3 * probe.travelled(begun):.2f} mm")
        self._note("reaction", 1e3 * probe.moving_after(begun, self.rest), "ms")

    def stop(self) -> None:
        """Fall silent while it moves: the command's time-out has to stop it."""
        probe = self.probe
        probe.move((0.0, 0.0, -SLOW), 0.5)
        silent = time.monotonic()
        probe.listen(SETTLED + 0.5)
        self._note("stop time", 1e3 * probe.at_rest_after(silent, self.rest), "ms")
        self._note("stop distance", 1e3 * probe.travelled(silent), "mm", note=f"at {1e3 * SLOW:g} mm/s")
        self._jitter()

    def _jitter(self) -> None:
        self.probe.listen(3.0, lambda: "jitter_p99_ms" in self.probe.loop)
        figures = self.probe.loop
        self._note("loop jitter", figures.get("jitter_p99_ms", float("nan")), "ms", note=f"{figures.get('missed', 0):g} ticks missed")
        self._note("observation age", figures.get("observation_age_p99_ms", float("nan")), "ms", note="of a joint state when its command went out")

    def grip(self) -> None:
        """Close and open, where there is a gripper."""
        gripper = self.probe.arm.embodiment.gripper
        if gripper is None:
            return
        for closure, name in ((1.0, "gripper closes"), (0.0, "gripper opens")):
            opening = self.probe.grip(closure, at_least=REACTION, at_most=REACTION + 2.0 * gripper.width / gripper.speed)
            self._note(name, 100.0 * opening / gripper.width, "% of its opening", at_least=closure == 0.0)

    def kill(self) -> None:
        """SIGKILL to the runtime while the arm moves: it has to come to rest by itself."""
        probe = self.probe
        probe.move((0.0, 0.0, SLOW), 0.5)
        moment = time.monotonic()
        os.kill(self.children.running["runtime"].pid, signal.SIGKILL)
        probe.listen(SETTLED + 0.5)
        self._note("kill stop time", 1e3 * probe.at_rest_after(moment, self.rest), "ms")
        self._note("kill stop distance", 1e3 * probe.travelled(moment), "mm", note=f"at {1e3 * SLOW:g} mm/s")


def report_html(report: HardwareReport) -> str:
    """One page that needs nothing else."""
    from html import escape

    rows = "\n".join(_row(check, escape) for check in report.checks)
    verdict = "every check passed" if report.passed else "not every check passed: do not go on before the red lines are understood"
    return (
        f"<!doctype html><meta charset=utf-8><title>hardware check: {escape(report.cell)}</title>"
        "<style>body{font:16px sans-serif;margin:2em auto;max-width:60em}td,th{padding:.3em .8em;text-align:left}td.n{text-align:right}"
        ".no td{color:#b00020;font-weight:bold}</style>"
        f"<h1>{escape(report.cell)}</h1><p>{report.where}; {verdict}. A software stop is not a safety function.</p>"
        f"<table><tr><th>check<th><th>found<th>limit<th>unit<th>note</tr>\n{rows}\n</table>\n"
    )


def _row(check: Check, escape: Callable[[str], str]) -> str:
    found = "–" if check.value is None else f"{check.value:.4g}"
    cells: Sequence[str] = (escape(check.name), "✓" if check.passed else "✗", found, f"{check.limit:g}", escape(check.unit), escape(check.note))
    return f"<tr class={'yes' if check.passed else 'no'}>" + "".join(f"<td>{cell}" for cell in cells)
