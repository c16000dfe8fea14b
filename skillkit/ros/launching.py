"""The launch files' arguments and actions, from the same description of processes that ``skillkit up`` uses.

Imported by launch files only: ``launch`` comes with ROS 2 from apt and is in no package registry.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from launch.actions import DeclareLaunchArgument, EmitEvent, ExecuteProcess, OpaqueFunction, RegisterEventHandler
from launch.event_handlers import OnProcessExit
from launch.events import Shutdown
from launch.substitutions import LaunchConfiguration

from launch import LaunchContext  # type: ignore[attr-defined]
from skillkit.ros.processes import Process, Setup, bringup, play, run_task

SYSTEM = {
    "robot": ("", "model of the only arm, for example panda"),
    "cell": ("", "cell of several arms, by name or file; instead of robot"),
    "scene": ("coffee", "simulated around the arms; empty where the arms are real"),
    "seed": ("0", "of the scene"),
    "tasks": ("", "tasks that goals may ask for, separated by commas; empty: every task that is found"),
    "skills": ("", "folder of skill folders; empty: the first that is found"),
    "bag": ("", "file to record; empty: none"),
    "namespace": ("", "of every node"),
    "hardware": ("false", "true: the arms of the cell are real, and nothing asks again; give scene:='' too"),
    "speed": ("1.0", "share of the velocity limits of real arms"),
    "on_lost": ("stop", "stop or continue a goal whose client or recorder has died"),
}
TASK = {"task": ("prepare_coffee", "the task to run; everything shuts down with it"), "parameters": ("{}", "of the task, a JSON object")}
PLAY = {"bag": ("", "file to play"), "rate": ("1.0", "times the recorded speed"), "namespace": ("", "before every topic")}
FILES: Mapping[str, Mapping[str, tuple[str, str]]] = {"bringup": SYSTEM, "task": {**SYSTEM, **TASK}, "play": PLAY}


def arguments(file: str) -> list[DeclareLaunchArgument]:
    """The declared arguments of a launch file, with what they are."""
    return [DeclareLaunchArgument(name, default_value=default, description=text) for name, (default, text) in FILES[file].items()]


def system() -> OpaqueFunction:
    """Simulator, recorder and runtime."""
    return OpaqueFunction(function=lambda context: [_action(process) for process in bringup(_setup(context))])


def task() -> OpaqueFunction:
    """One task; its end, however it comes, shuts the launch down."""
    return OpaqueFunction(function=_task)


def player() -> OpaqueFunction:
    """A bag; its end shuts the launch down."""
    return OpaqueFunction(function=_play)


def _task(context: LaunchContext) -> list[Any]:
    given = _given(context, "task")
    return _until_it_ends(run_task(given["task"], given["parameters"], given["namespace"]))


def _play(context: LaunchContext) -> list[Any]:
    given = _given(context, "play")
    return _until_it_ends(play(given["bag"], float(given["rate"]), given["namespace"]))


def _given(context: LaunchContext, file: str) -> dict[str, str]:
    return {name: LaunchConfiguration(name).perform(context) for name in FILES[file]}


def _setup(context: LaunchContext) -> Setup:
    given = _given(context, "bringup")
    tasks = tuple(word.strip() for word in given.pop("tasks").split(",") if word.strip())
    hardware, speed = given.pop("hardware") == "true", float(given.pop("speed"))
    return Setup(seed=int(given.pop("seed")), tasks=tasks, hardware=hardware, speed=speed, **given)  # type: ignore[arg-type]


def _action(process: Process) -> ExecuteProcess:
    return ExecuteProcess(cmd=process.command(), name=process.name, output="screen")


def _until_it_ends(process: Process) -> list[Any]:
    action = _action(process)
    shutdown = EmitEvent(event=Shutdown(reason=f"the {process.name} has ended"))
    return [action, RegisterEventHandler(OnProcessExit(target_action=action, on_exit=[shutdown]))]
