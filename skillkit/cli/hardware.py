"""Asking before real arms move."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from skillkit.exceptions import InvalidValue

if TYPE_CHECKING:
    from skillkit.cell import Cell

OnHardware: TypeAlias = Annotated[bool, typer.Option("--hardware", help="The real arms of the cell, not simulated ones. Asks before anything moves.")]
Yes: TypeAlias = Annotated[bool, typer.Option("--yes", help="Do not ask: I stand at the emergency stop.")]
Speed: TypeAlias = Annotated[float, typer.Option("--speed", min=0.01, max=1.0, help="Share of the velocity limits of real arms.")]


def confirm(cell_name: str, speed: float, yes: bool) -> Cell:
    """The cell, once a person has agreed that its real arms move.

    Raises:
        InvalidValue: no cell is named, or nobody agreed. UnknownName, InvalidFile: the cell is not there or wrong.
    """
    from skillkit.cell import Cell
    from skillkit.ros.arm_record import allowed_speed, succeeded_runs

    if not cell_name:
        raise InvalidValue("--cell", cell_name, "the cell whose arms are meant, with --hardware")
    cell = Cell.load(cell_name)
    known = succeeded_runs()
    print(f"real arms of the cell '{cell.name}':", file=sys.stderr)
    for arm in cell.arms:
        share = allowed_speed(arm.hardware, speed)
        why = "" if known.get(arm.hardware.serial) else ", slow because no run has succeeded on it from this machine"
        print(f"  {arm.name}: {arm.embodiment.name}, serial {arm.hardware.serial or 'not given'}, {100 * share:.0f} % of its speed{why}", file=sys.stderr)
    print("This stop is software and no safety function. Is someone at the emergency stop, and is the arms' space free?", file=sys.stderr)
    if not yes:
        _ask()
    os.environ.setdefault("ROS_AUTOMATIC_DISCOVERY_RANGE", "SUBNET")  # drivers may run on other machines
    return cell


def _ask() -> None:
    print("Type yes to let them move: ", end="", file=sys.stderr, flush=True)
    answer = sys.stdin.readline().strip()
    if answer != "yes":
        raise InvalidValue("the answer", answer, "yes (or --yes on the command line); nothing has moved")
