"""``skillkit find``: where a word is said or a number crosses a limit, in any bags."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import Annotated

import typer

from skillkit.cli.arguments import AsJson
from skillkit.cli.output import print_json
from skillkit.exceptions import InvalidValue

EXAMPLE = "skillkit find runs/*.mcap --where 'position[3] < -2.9' --topics '*/joint_states'"
SHOWN = 100  # characters of a text


def find(
    bags: Annotated[list[Path], typer.Argument(metavar="BAG…", help="Recorded runs, or any bags of ROS 2.")],
    text: Annotated[str, typer.Option("--text", metavar="WORD", help="Every text that holds it.")] = "",
    where: Annotated[str, typer.Option("--where", metavar="CONDITION", help="Every moment at which 'FIELD RELATION NUMBER' begins to hold.")] = "",
    topics: Annotated[list[str] | None, typer.Option("--topics", metavar="PATTERN", help="Only these topics; may be given several times.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="Places per bag, at most.")] = 1000,
    as_json: AsJson = False,
) -> int:
    """Find a word or a number in bags. Exit 0 only when it is there."""
    from skillkit.bags import open_bag
    from skillkit.bags.find import Condition, find_text, find_where

    if bool(text) == bool(where):
        raise InvalidValue("--text and --where", f"{text!r} and {where!r}", "one of them")
    condition = Condition.parse(where) if where else None
    found = []
    for bag in bags:
        with open_bag(bag) as opened:
            places = find_where(opened, condition, topics or ("*",)) if condition else find_text(opened, text, topics or ("*",))
            for place in islice(places, limit):
                found.append({"bag": str(bag), **place._asdict()})
                if not as_json:
                    print(f"{bag}  {place.time:.3f} s  {place.topic}  {place.field} = {str(place.value)[:SHOWN]}")
    if as_json:
        print_json(found)
    return 0 if found else 1
