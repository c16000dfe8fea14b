"""ROS 2: thin nodes around the core. Here alone rclpy is imported.

Each node is one process: ``simulator`` (or a real robot's drivers), ``runtime_node``, ``recorder``; ``client`` asks the runtime to run a
task; ``processes`` describes which of them make a system, and ``session`` runs one from start to end.
"""
