"""Units that may be written after a number, and what kind of quantity they make."""

from __future__ import annotations

from math import degrees, pi
from typing import NamedTuple

BOOLEAN, LENGTH, ANGLE, TIME, NUMBER, SPEED, FORCE = "boolean", "length", "angle", "time", "number", "speed", "force"
ZERO = "zero"  # a bare 0 goes with every quantity
ANY = "any"  # a parameter that is declared elsewhere
NAME = "name"  # an object, a signal or a word

QUANTITIES = (LENGTH, ANGLE, TIME, NUMBER, SPEED, FORCE)


class Unit(NamedTuple):
    """A unit: its quantity, and how many SI units it is."""

    dimension: str
    factor: float


UNITS = {
    "mm": Unit(LENGTH, 1e-3), "cm": Unit(LENGTH, 1e-2), "m": Unit(LENGTH, 1.0),
    "deg": Unit(ANGLE, pi / 180.0), "rad": Unit(ANGLE, 1.0),
    "ms": Unit(TIME, 1e-3), "s": Unit(TIME, 1.0),
    "N": Unit(FORCE, 1.0), "m/s": Unit(SPEED, 1.0), "cm/s": Unit(SPEED, 1e-2), "mm/s": Unit(SPEED, 1e-3), "%": Unit(NUMBER, 1e-2),
}  # fmt: skip

SI = {LENGTH: "m", ANGLE: "rad", TIME: "s", NUMBER: "", SPEED: "m/s", FORCE: "N"}
PRODUCTS = {(SPEED, TIME): LENGTH, (TIME, SPEED): LENGTH}
QUOTIENTS = {(LENGTH, TIME): SPEED, (LENGTH, SPEED): TIME}


def show(value: float, dimension: str) -> str:
    """A value in SI units as a person reads it: ``0.312 m``, ``14.2 deg``."""
    if dimension == ANGLE:
        return f"{degrees(value):.3g} deg"
    unit = SI.get(dimension, "")
    return f"{value:.3g} {unit}" if unit else f"{value:.3g}"


def fits(found: str, wanted: str) -> bool:
    """Whether a quantity may stand where another is wanted."""
    if ANY in (found, wanted) or found == wanted:
        return True
    return ZERO in (found, wanted) and (found in QUANTITIES or wanted in QUANTITIES)


def with_unit(number: str, dimension: str) -> str:
    """How a bare number would be written as that quantity, for hints."""
    return f"write {number} {SI.get(dimension, '')}".rstrip()
