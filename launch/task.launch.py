"""Bring up a cell, run one task on it, and shut down with it.

ros2 launch skillkit task.launch.py robot:=panda task:=prepare_coffee on_lost:=stop
"""

from launch import LaunchDescription
from skillkit.ros.launching import arguments, system, task


def generate_launch_description() -> LaunchDescription:
    return LaunchDescription([*arguments("task"), system(), task()])
