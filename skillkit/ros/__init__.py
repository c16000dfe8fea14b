"""ROS 2: thin nodes around the core. Here alone rclpy is imported.

Each node is one process: ``simulator`` (or a real robot's drivers), ``runtime_node``, ``recorder``; ``client`` asks the runtime to run a
task; ``processes`` describes which of them make a system, and ``session`` runs one from start to end.
"""

from __future__ import annotations

import signal
import sys

if sys.argv[:1] == ["-m"]:  # a node's process (``python -m skillkit.ros.…``) that still imports: an interrupt ends it without a traceback
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # until ``process.run`` takes it
