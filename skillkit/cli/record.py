"""``skillkit record``: any topics of ROS 2 into a bag, without decoding them."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Annotated

import typer

EXAMPLE = "skillkit record -o topics.mcap --topics '/panda/*'"


def record(
    target: Annotated[Path, typer.Option("--output", "-o", metavar="OUT", help="The file to write; it must not exist.")],
    topics: Annotated[list[str] | None, typer.Option("--topics", metavar="PATTERN", help="Only these topics; may be given several times.")] = None,
    before: Annotated[float, typer.Option("--ring", min=0.0, metavar="SECONDS", help="Keep so much in memory, write when triggered.")] = 0.0,
    after: Annotated[float, typer.Option("--after", min=0.0, metavar="SECONDS", help="Of a ring: what is written after a trigger.")] = 5.0,
    split_size: Annotated[int, typer.Option("--split-size", min=0, metavar="BYTES", help="Begin another file after so many bytes.")] = 0,
    split_time: Annotated[float, typer.Option("--split-time", min=0.0, metavar="SECONDS", help="Begin another file after so many seconds.")] = 0.0,
    dry: Annotated[bool, typer.Option("--dry-run", help="Only print the command line.")] = False,
) -> int:
    """Record topics of a running system as they come; Ctrl-C ends the recording."""
    from skillkit.cli.over_ros import require_ros
    from skillkit.exceptions import BagError
    from skillkit.ros.processes import Process

    if target.exists():
        raise BagError(target, "the file exists already and a bag is never overwritten", "choose another name or remove it")
    options = {
        "bag": str(target.absolute()), "topics": ",".join(topics or ("*",)), "before": before, "after": after,
        "split_size": split_size, "split_time": split_time,
    }  # fmt: skip
    command = Process("topic_recorder", "skillkit.ros.topic_recorder", options).command()
    if dry:
        print(" ".join(command))
        return 0
    require_ros()
    try:
        return subprocess.call(command)
    except KeyboardInterrupt:  # it has had the signal too, and writes its index
        return 0
