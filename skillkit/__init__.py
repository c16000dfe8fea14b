"""skillkit: robot skills as options, composed into behavior trees, run as ROS 2 nodes, re-executed from their bags."""

__version__ = "0.1.0"
