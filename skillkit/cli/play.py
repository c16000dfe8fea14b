"""``skillkit play``: a bag published over ROS 2 again, for viewers."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Annotated

import typer

from skillkit.cli.arguments import Namespace, pairs

EXAMPLE = "skillkit play run.mcap --rate 2 --clock"


def play(
    bag: Annotated[Path, typer.Argument(metavar="BAG", help="A recorded run, or any bag of ROS 2.")],
    rate: Annotated[float, typer.Option("--rate", help="Times the recorded speed.")] = 1.0,
    start: Annotated[float, typer.Option("--start", min=0.0, help="Seconds from the beginning.")] = 0.0,
    loop: Annotated[tuple[float, float] | None, typer.Option("--loop", metavar="A B", help="Repeat from A to B, seconds from the beginning.")] = None,
    clock: Annotated[bool, typer.Option("--clock", help="Publish /clock too.")] = False,
    topics: Annotated[list[str] | None, typer.Option("--topics", metavar="PATTERN", help="Only these topics; may be given several times.")] = None,
    remap: Annotated[list[str] | None, typer.Option("--remap", metavar="OLD=NEW", help="Publish a topic under another name.")] = None,
    lock_step: Annotated[str, typer.Option("--lock-step", metavar="WHEN", help="Wait for the slowest consumer: received or done.")] = "",
    paused: Annotated[bool, typer.Option("--paused", help="Begin paused; 'ros2 service call /player/resume std_srvs/srv/Trigger' goes on.")] = False,
    namespace: Namespace = "",
    dry: Annotated[bool, typer.Option("--dry-run", help="Only print the command line.")] = False,
) -> int:
    """Publish a bag over ROS 2 at the times at which it was recorded; pause, seek and step it while it plays."""
    from skillkit.bags import open_bag
    from skillkit.bags.playback import Playback
    from skillkit.cli.over_ros import require_ros
    from skillkit.ros.processes import play as player

    with open_bag(bag) as opened:
        Playback(opened, topics or (), start, rate, loop)
    options = {
        "start": start, "loop": ",".join(map(str, loop or ())), "topics": ",".join(topics or ()), "clock": clock, "paused": paused,
        "lock_step": lock_step,
        "remap": ";".join(f"{old}={new}" for old, new in pairs(remap, "--remap").items()),
    }  # fmt: skip
    command = player(str(bag), rate, namespace, options).command()
    if dry:
        print(" ".join(command))
        return 0
    require_ros()
    return subprocess.call(command)
