"""The launch files, where ROS 2's ``launch`` is installed: their arguments are described and reach the processes."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

pytest.importorskip("launch.actions")
pytest.importorskip("rclpy")
pytestmark = pytest.mark.ros

from launch.actions import DeclareLaunchArgument, ExecuteProcess, OpaqueFunction  # noqa: E402

from launch import LaunchContext  # type: ignore[attr-defined]  # noqa: E402

FOLDER = Path(__file__).resolve().parents[2] / "launch"
GIVEN = {"robot": "panda", "seed": "3", "tasks": "prepare_coffee", "bag": "/tmp/a.mcap", "parameters": '{"cup": "cup_1"}'}


@pytest.mark.parametrize(("file", "processes"), [("bringup", 3), ("task", 4), ("play", 1)])
def test_a_launch_file_starts_the_processes_that_its_arguments_ask_for(file: str, processes: int) -> None:
    context = LaunchContext()
    started = []
    for entity in runpy.run_path(str(FOLDER / f"{file}.launch.py"))["generate_launch_description"]().entities:
        if isinstance(entity, DeclareLaunchArgument):
            assert entity.description
            default = "".join(part.perform(context) for part in entity.default_value)
            context.launch_configurations[entity.name] = GIVEN.get(entity.name, default)
        elif isinstance(entity, OpaqueFunction):
            started += [action for action in entity.execute(context) if isinstance(action, ExecuteProcess)]
    assert len(started) == processes
    words = [["".join(part.perform(context) for part in word) for word in action.cmd] for action in started]
    if file != "play":
        assert any("seed:=3" in command for command in words)
    if file == "task":
        assert any('parameters:="{\\"cup\\": \\"cup_1\\"}"' in command for command in words)
