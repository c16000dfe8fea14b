"""The checks behind ``skillkit doctor``. Libraries are imported in processes of their own: a broken one may crash."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import PackageNotFoundError, version
from typing import NamedTuple

from skillkit import compiled, share
from skillkit.exceptions import UnknownName

OLDEST, NEWEST = (3, 10), (3, 13)
PATIENCE = 60.0  # [s] for one import
FINEST = 1e-6  # [s] a clock that is coarser than this blurs loop times


class Finding(NamedTuple):
    """One thing that was looked at.

    Attributes:
        status: ``ok``, ``missing`` (required), ``optional`` (missing, but nothing basic needs it) or ``warning``.
        found: what is there.
        needed_for: the room or command that needs it.
        fix: the line that fixes it; empty when nothing needs to be done.
    """

    name: str
    status: str
    found: str
    needed_for: str
    fix: str


class Library(NamedTuple):
    """A library by the name it is imported under, and how it is had."""

    module: str
    package: str
    needed_for: str
    required: bool
    fix: str


def _core(module: str, package: str, needed_for: str) -> Library:
    return Library(module, package, needed_for, True, f"pip install {package}")


def _extra(module: str, package: str, needed_for: str, extra: str) -> Library:
    return Library(module, package, needed_for, False, f"pip install 'skillkit[{extra}]'")


LIBRARIES = (
    _core("numpy", "numpy", "everything"),
    _core("yaml", "pyyaml", "every YAML file"),
    _core("pinocchio", "pin", "kinematics"),
    _core("daqp", "daqp", "kinematics"),
    _core("py_trees", "py-trees", "trees"),
    _core("mcap", "mcap", "bags"),
    _core("mcap_ros2", "mcap-ros2-support", "bags"),
    Library("mujoco", "mujoco", "sim", True, "pip install 'mujoco>=3.2.6,<4'"),
    _core("typer", "typer", "cli"),
    _core("rich", "rich", "cli"),
    _extra("rclpy", "ros-rclpy", "ros: run --ros, up", "ros"),
    Library("skillkit_interfaces.msg", "skillkit-interfaces", "ros: run --ros, up", False, "make setup (or: cd ros2_ws && colcon build)"),
    _extra("torch", "torch", "learn", "learn"),
    _extra("onnxruntime", "onnxruntime", "policies: onnx", "onnx"),
    _extra("unified_planning", "unified-planning", "planning", "planning"),
)


def diagnose() -> list[Finding]:
    """Every check, in the order in which it is shown."""
    checks: list[Callable[[], Finding]] = [_python, *(lambda library=library: _library(library) for library in LIBRARIES), _rendering]
    with ThreadPoolExecutor(max_workers=max(1, os.cpu_count() or 1)) as pool:
        findings = [running.result() for running in [pool.submit(check) for check in checks]]
    return [*findings, _one_ros(), *_ros_environment(), *(_folder(kind) for kind in ("skills", "tasks", "cells", "urdf")), _control(), _clock()]


def _python() -> Finding:
    here = sys.version_info[:2]
    fits = OLDEST <= here <= NEWEST
    allowed = f"{OLDEST[0]}.{OLDEST[1]} to {NEWEST[0]}.{NEWEST[1]}"
    return Finding("python", "ok" if fits else "missing", sys.version.split()[0], "everything", "" if fits else f"use Python {allowed}, for example: uv venv")


def _library(library: Library) -> Finding:
    problem = _run(f"import {library.module}")
    if not problem:
        return Finding(library.module.partition(".")[0], "ok", _version(library.package), library.needed_for, "")
    found = "not installed" if "ModuleNotFoundError" in problem else problem
    return Finding(library.module.partition(".")[0], "missing" if library.required else "optional", found, library.needed_for, library.fix)


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "installed"


def _rendering() -> Finding:
    """Whether a picture can be rendered without a screen."""
    code = "from mujoco.egl import GLContext; context = GLContext(16, 16); context.make_current(); context.free()"
    problem = _run(code, {"MUJOCO_GL": "egl"})
    return Finding("rendering", "warning" if problem else "ok", problem or "EGL", "pictures", "apt-get install -y libegl1 libgl1" if problem else "")


def _run(code: str, environment: dict[str, str] | None = None) -> str:
    """Run code in a fresh interpreter; empty when it went well, else the last line of what it said."""
    try:
        done = subprocess.run(
            [sys.executable, "-c", code], env={**os.environ, **(environment or {})}, capture_output=True, text=True, timeout=PATIENCE, check=False
        )
    except subprocess.TimeoutExpired:
        return f"no answer within {PATIENCE:g} s"
    if done.returncode == 0:
        return ""
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    return lines[-1][:200] if lines else f"ended with {done.returncode}"


def _one_ros() -> Finding:
    """ROS 2 from apt and from wheels in one process load two copies of the same libraries in random order."""
    wheels = _version("ros-rclpy") != "installed"
    paths = [path for name in ("PYTHONPATH", "AMENT_PREFIX_PATH", "LD_LIBRARY_PATH") for path in os.environ.get(name, "").split(os.pathsep)]
    sourced = next((path for path in paths if path.startswith("/opt/ros/")), "")
    if wheels and sourced:
        fix = "open a shell that has not sourced it, or: pip uninstall -y ros-rclpy && make setup"
        return Finding("one ROS 2", "missing", f"wheels, and also {sourced}", "ros", fix)
    found = "wheels" if wheels else sourced or "none"
    return Finding("one ROS 2", "ok", found, "ros", "")


def _ros_environment() -> Iterator[Finding]:
    domain = os.environ.get("ROS_DOMAIN_ID", "0")
    fits = domain.isdigit() and int(domain) <= 232
    yield Finding("ROS_DOMAIN_ID", "ok" if fits else "warning", domain, "ros", "" if fits else "export ROS_DOMAIN_ID=0   # 0 to 232")
    reach = os.environ.get("ROS_AUTOMATIC_DISCOVERY_RANGE", "SUBNET")
    local = reach in ("LOCALHOST", "OFF")
    advice = "" if local else "export ROS_AUTOMATIC_DISCOVERY_RANGE=LOCALHOST   # unless other machines should see this robot"
    yield Finding("ROS discovery", "ok" if local else "warning", reach, "ros", advice)


def _folder(kind: str) -> Finding:
    fix = f"cd into the checkout, or: export SKILLKIT_PATH=<folder that holds {kind}/>"
    try:
        return Finding(f"{kind}/", "ok", ", ".join(map(str, share.folders(kind))), "run, check", "")
    except UnknownName:
        needed = kind != "cells"
        return Finding(f"{kind}/", "missing" if needed else "optional", "not found", "run, check" if needed else "--cell", fix)


def _control() -> Finding:
    """Whether control steps run in machine code."""
    here, needed = compiled.path(), "control steps in an eighth of the time"
    if here != compiled.PLAIN:
        return Finding("control", "ok", here, needed, "")
    without = compiled.path(True) != compiled.PLAIN
    return Finding("control", "optional", here, needed, f"unset {compiled.VARIABLE}" if without else "pip install 'skillkit[fast]'")


def _clock() -> Finding:
    resolution = time.get_clock_info("monotonic").resolution
    fine = resolution <= FINEST
    found = f"resolution {resolution * 1e9:.0f} ns, {_sleep_error() * 1e6:.0f} µs late after a sleep (median)"
    return Finding("clock", "ok" if fine else "warning", found, "ros: the control loop", "" if fine else "use a machine with a high-resolution timer")


def _sleep_error(count: int = 21, period: float = 1e-3) -> float:
    """How much later than asked a sleep of ``period`` [s] ends, median [s]."""
    late = []
    for _ in range(count):
        begun = time.perf_counter()
        time.sleep(period)
        late.append(time.perf_counter() - begun - period)
    return sorted(late)[count // 2]
