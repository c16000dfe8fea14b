"""Directives as a policy may give them, as a run hands them on, and as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

from skillkit.safeguard import NO_SAFEGUARD, Safeguard
from skillkit.spaces import CartesianDelta, Delegated, Directive, Hold, JointTarget

KINDS: dict[type, str] = {CartesianDelta: "delta", JointTarget: "joints", Hold: "hold", Delegated: "delegated"}


def directive_values(directive: Directive) -> dict[str, Any]:
    """A directive as plain JSON values."""
    return {"kind": KINDS[type(directive)], **asdict(directive)}


def directive_from_values(values: Mapping[str, Any]) -> Directive:
    """The inverse of :func:`directive_values`, bit for bit; JSON's lists become tuples again."""
    kind = next(kind for kind, word in KINDS.items() if word == values["kind"])
    return kind(**{name: tuple(value) if isinstance(value, list) else value for name, value in values.items() if name != "kind"})


def accepted(given: Any, role: str, period: float, now: float, free: tuple[str, ...] = (), first: str = "") -> Directive | str:
    """What a run hands on of a directive that its policy gave for a role; in words what was given, where that is none.

    Numbers become plain ones, whatever kind a policy reckons with. A delta is stamped with its policy step: its ``period`` [s] and ``now`` as its start;
    one that a run inside has stamped already goes on as it is, where this one has no steps of its own.
    """
    if isinstance(given, CartesianDelta):
        return _delta(given, role, period, now, free, first)
    if isinstance(given, JointTarget):
        closure, speed, force = _number(given.closure), float(given.speed), float(given.force)
        wrong = _beyond(speed, force, None)
        return f"{wrong} for '{role}'" if wrong else JointTarget(tuple(map(float, given.position)), closure, now, speed, force, given.lasts)
    if isinstance(given, (Hold, Delegated)):
        return given
    return f"{type(given).__name__} for '{role}'; allowed: CartesianDelta, JointTarget, Hold, Delegated"


def _delta(given: CartesianDelta, role: str, period: float, now: float, free: tuple[str, ...], first: str) -> Directive | str:
    closure, limit, speed, force = _number(given.closure), _number(given.force_limit), float(given.speed), float(given.force)
    if wrong := _beyond(speed, force, limit):
        return f"{wrong} for '{role}'"
    if period == 0.0 and given.period != 0.0:
        plain = closure is given.closure and limit is given.force_limit and speed is given.speed and force is given.force
        return given if plain else replace(given, closure=closure, force_limit=limit, speed=speed, force=force)
    translation, rotation = tuple(map(float, given.translation)), tuple(map(float, given.rotation))
    if len(translation) != 3 or len(rotation) != 3:
        return f"a delta of {len(translation)} and {len(rotation)} numbers for '{role}'; allowed: 3 and 3"
    return CartesianDelta(translation, rotation, given.frame, closure, period, now, limit, speed, force, given.lasts, given.free or free, given.first or first)


def narrowed(directive: Directive, guard: Safeguard, lasts: float) -> Directive:
    """A directive inside what an option declares for its safety; obeyed for the time ``lasts`` [s] at most, where that is not 0."""
    if guard is NO_SAFEGUARD or not isinstance(directive, (CartesianDelta, JointTarget)):
        return directive
    return replace(directive, speed=min(directive.speed, guard.speed), force=min(directive.force, guard.force), lasts=directive.lasts or lasts)


def _number(value: Any) -> float | None:
    return None if value is None else float(value)


def _beyond(speed: float, force: float, limit: float | None) -> str:
    """Which number of a directive means nothing, in words; empty if each does."""
    for name, share in (("speed", speed), ("force", force)):
        if not 0.0 < share <= 1.0:
            return f"a {name} of {share:g}; allowed: above 0 and up to 1"
    return "" if limit is None or limit > 0.0 else f"a force limit of {limit:g} N; allowed: above 0"
