"""Publish a bag again, at the times at which it was recorded, for viewers.

ros2 launch skillkit play.launch.py bag:=run.mcap rate:=2.0
"""

from launch import LaunchDescription
from skillkit.ros.launching import arguments, player


def generate_launch_description() -> LaunchDescription:
    return LaunchDescription([*arguments("play"), player()])
