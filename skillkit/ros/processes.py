"""Which processes make a system: one description for ``skillkit up``, ``skillkit run --ros`` and the launch files. Nothing of ROS is needed.

A process is a module of this package run by the Python at hand, so that a checkout, a pip installation and a colcon workspace start alike.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from skillkit.cell import Cell
from skillkit.exceptions import InvalidValue
from skillkit.hardware import FORWARDED
from skillkit.spaces import NOTHING


@dataclass(frozen=True)
class Process:
    """One node.

    Attributes:
        name: what it is called when something is said about it.
        module: run as ``python -m``.
        parameters: ROS parameters of the node.
        namespace: that it lives in; ``""`` is the root.
    """

    name: str
    module: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    namespace: str = ""

    def command(self) -> list[str]:
        """The command line that starts it."""
        words = [sys.executable, "-m", self.module, "--ros-args", "--log-level", "warn"]
        if self.namespace:
            words += ["-r", f"__ns:=/{self.namespace.strip('/')}"]
        for name, value in self.parameters.items():
            words += ["-p", f"{name}:={_yaml(value)}"]
        return words


@dataclass(frozen=True)
class Setup:
    """What is to be brought up.

    Attributes:
        robot, cell: one of the two, by name or file.
        scene: simulated around the arms; empty where the arms are real.
        seed: of the scene. options: of the scene, by name.
        tasks: that goals may ask for; empty for every task that is found.
        skills, use: where skills come from, and single skills from elsewhere.
        bag: to record; empty for none. also: patterns of topics to record in it as they come. picture: path the simulator renders to when asked.
        on_lost: ``stop`` or ``continue`` when client or recorder die.
        manners: of the emulator that stands in for real arms where there is a scene, see ``emulator.MANNERS``.
        hardware: the arms are real; speed: share of their velocity limits, of which an arm's first run gets less.
        details: what else the bag should say of the run.
    """

    robot: str = ""
    cell: str = ""
    scene: str = "coffee"
    seed: int = 0
    options: Mapping[str, Any] = field(default_factory=dict)
    tasks: tuple[str, ...] = ()
    skills: str = ""
    use: Mapping[str, str] = field(default_factory=dict)
    bag: str = ""
    also: tuple[str, ...] = ()
    picture: str = ""
    namespace: str = ""
    on_lost: str = "stop"
    hardware: bool = False
    speed: float = 1.0
    manners: Mapping[str, Any] = field(default_factory=dict)
    details: Mapping[str, Any] = field(default_factory=dict)


def bringup(setup: Setup) -> list[Process]:
    """Simulator (unless the arms are real), forwarders, recorder (if a bag is wanted) and runtime, in the order in which they start.

    Real arms with a scene are emulated: driven as real ones, in front of a simulated world.

    Raises:
        InvalidValue: neither or both of robot and cell; an unknown rule.
    """
    if bool(setup.robot) == bool(setup.cell):
        raise InvalidValue("robot and cell", (setup.robot, setup.cell), "one of the two")
    if setup.on_lost not in ("stop", "continue"):
        raise InvalidValue("on_lost", setup.on_lost, "stop or continue")
    if setup.hardware and not setup.cell:
        raise InvalidValue("hardware", setup.robot, "a cell, whose file says how its arms are reached")
    arms = {"robot": setup.robot} if setup.robot else {"cell": setup.cell}
    found = []
    if setup.scene:
        scene = {"scene": setup.scene, "seed": setup.seed, "options": _joined(setup.options), "picture": setup.picture, **_judged(setup)}
        module = "skillkit.ros.emulator" if setup.hardware else "skillkit.ros.simulator"
        found.append(Process("simulator", module, {**arms, **scene, **setup.manners}, setup.namespace))
    if setup.hardware:
        found += [
            Process(f"forwarder of {arm.name}", "skillkit.ros.forwarder", {**arms, "arm": arm.name}, setup.namespace)
            for arm in Cell.load(setup.cell).arms
            if arm.hardware.driver in FORWARDED
        ]
    if setup.bag:
        found.append(Process("recorder", "skillkit.ros.recorder", {"bag": str(Path(setup.bag).absolute()), "also": ",".join(setup.also)}, setup.namespace))
    runtime = {
        **arms,
        "shift": str(setup.options.get("shift", "")),
        "skills": setup.skills,
        "use": _joined(setup.use),
        "tasks": ",".join(setup.tasks),
        "recorded": bool(setup.bag),
        "hardware": setup.hardware,
        "speed": float(setup.speed),
        "on_client_lost": setup.on_lost,
        "on_recorder_lost": setup.on_lost,
        "details": json.dumps({**({"seed": setup.seed} if setup.scene else {}), **setup.details}),
    }
    return [*found, Process("runtime", "skillkit.ros.runtime_node", runtime, setup.namespace)]


def run_task(task: str, parameters: str = "{}", namespace: str = "") -> Process:
    """A client that has one task run and ends with it; ``parameters`` is a JSON object."""
    return Process("task", "skillkit.ros.run_task", {"task": task, "parameters": parameters}, namespace)


def play(bag: str, rate: float = 1.0, namespace: str = "", options: Mapping[str, Any] = NOTHING) -> Process:
    """A player of a bag at ``rate`` times its speed; ``options`` are further parameters of its node."""
    return Process("player", "skillkit.ros.player", {"bag": str(Path(bag).absolute()), "rate": float(rate), **options}, namespace)


def _judged(setup: Setup) -> dict[str, str]:
    """Whose judge the simulator is to ask: that of the task that is run, or of the only one there is."""
    task = setup.tasks[0] if len(setup.tasks) == 1 else str(setup.details.get("task", ""))
    return {"task": task, "parameters": json.dumps(setup.details.get("parameters", {}))}


def _joined(values: Mapping[str, Any]) -> str:
    return ";".join(f"{name}={value}" for name, value in values.items())


def _yaml(value: Any) -> str:
    """A parameter value as ROS 2 reads it from a command line: quoted where YAML would see another type than a string."""
    return json.dumps(value, ensure_ascii=False)
