"""``skillkit up``: the processes of a set-up, started together and stopped together."""

from __future__ import annotations

EXAMPLE = "skillkit up --robot panda"


def up() -> int:
    """Start simulator, runtime and recorder as ROS 2 nodes; Ctrl-C stops them all."""
    return 2
