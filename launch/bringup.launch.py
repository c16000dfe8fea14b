"""Bring up a cell: simulator (unless the arms are real), runtime, and a recorder if a bag is wanted.

ros2 launch skillkit bringup.launch.py robot:=panda seed:=3 bag:=run.mcap
ros2 launch skillkit bringup.launch.py cell:=lab scene:=""         # real arms: their drivers are started by others
"""

from launch import LaunchDescription
from skillkit.ros.launching import arguments, system


def generate_launch_description() -> LaunchDescription:
    return LaunchDescription([*arguments("bringup"), system()])
