"""``skillkit recover``: every whole message of a cut or damaged bag in a bag that is whole, and what was lost."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from skillkit.cli.arguments import AsJson
from skillkit.cli.output import print_json

EXAMPLE = "skillkit recover cut.mcap -o whole.mcap"


def recover(
    bag: Annotated[Path, typer.Argument(metavar="BAG", help="The cut or damaged file.")],
    target: Annotated[Path, typer.Option("--output", "-o", metavar="OUT", help="The file to write; it must not exist.")],
    as_json: AsJson = False,
) -> int:
    """Save what can be saved of a bag whose writer was killed or whose disk failed, and say exactly what was lost."""
    from skillkit.bags import recover as save

    saved = save(bag, target)
    if as_json:
        print_json({**asdict(saved), "bag": str(bag), "output": str(target)})
        return 0
    print(f"{saved.messages_saved} messages saved in {target}")
    print(f"lost: {saved.bytes_lost} bytes, {saved.seconds_lost:.3f} s" + (f", {saved.messages_lost} messages" if saved.messages_lost else ""))
    if saved.note:
        print(f"note: {saved.note}")
    return 0
