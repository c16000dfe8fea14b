"""The first difference between a recorded step and the same step executed again.

Bit for bit: floats are equal when their bits are, so -0.0 differs from 0.0; NaN equals NaN. Parts are compared in the order in which
the step decides them, so that the cause is named rather than its effects: what the tree chose, what ended, what was asked of the
arms, what left the gate.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import copysign
from typing import Any, NamedTuple

PARTS = {
    "started": "status", "statuses": "status", "transitions": "outcome", "ended": "outcome", "directives": "directive", "commands": "command",
}  # fmt: skip
"""Field of a StepResult → class of a difference in it, in the order in which a step decides them."""

NAMED_BY = ("arm", "path", "goal")
IGNORED = ("header",)
ABSENT = "nothing"


class Difference(NamedTuple):
    """Where two executions part.

    Attributes:
        kind: ``status``, ``outcome``, ``directive`` or ``command``.
        path: the field, for example ``"directives[panda].values[2]"``.
        expected: the recorded value; got: the value of this execution.
        step: tick; time: task clock [s].
    """

    kind: str
    path: str
    expected: Any
    got: Any
    step: int
    time: float

    def as_dict(self) -> dict[str, Any]:
        """The fields by name, as ``skillkit replay --json`` prints them; ``kind`` is called ``class``."""
        values = self._asdict()
        return {"class": values.pop("kind"), **values}

    def __str__(self) -> str:
        return f"step {self.step} at {self.time:.3f} s: {self.kind} {self.path} was {self.expected!r}, is now {self.got!r}"


def compare(recorded: Mapping[str, Any], again: Mapping[str, Any], time: float | None = None) -> Difference | None:
    """The first difference of two StepResult records; ``None`` when they are equal.

    Args:
        recorded: from the bag.
        again: from the re-execution of the same tick.
        time: task clock of the step [s]; from the record's header where not given.
    """
    if time is None:
        stamp = recorded.get("header", {}).get("stamp", {})
        time = stamp.get("sec", 0) + stamp.get("nanosec", 0) * 1e-9
    for part, kind in PARTS.items():
        found = _differ(recorded.get(part, ()), again.get(part, ()), part)
        if found is not None:
            return Difference(kind, *found, int(recorded.get("tick", 0)), float(time))
    return None


def same(a: Any, b: Any) -> bool:
    """Whether two plain values are equal bit for bit, NaN included; lists equal tuples."""
    return _differ(a, b, "") is None


Found = tuple[str, Any, Any]


def _differ(a: Any, b: Any, path: str) -> Found | None:
    if isinstance(a, Mapping) and isinstance(b, Mapping):
        return _differ_mapping(a, b, path)
    if _is_list(a) and _is_list(b):
        return _differ_list(a, b, path)
    return None if _same_value(a, b) else (path, a, b)


def _differ_mapping(a: Mapping[str, Any], b: Mapping[str, Any], path: str) -> Found | None:
    for key in (*a, *(key for key in b if key not in a)):
        if key in IGNORED:
            continue
        found = _differ(a.get(key, ABSENT), b.get(key, ABSENT), f"{path}.{key}" if path else str(key))
        if found is not None:
            return found
    return None


def _differ_list(a: Sequence[Any], b: Sequence[Any], path: str) -> Found | None:
    for index, (left, right) in enumerate(zip(a, b, strict=False)):
        if left is right:
            continue
        found = _differ(left, right, f"{path}[{_label(left, index)}]")
        if found is not None:
            return found
    if len(a) == len(b):
        return None
    n = min(len(a), len(b))
    longer = a if len(a) > n else b
    return (f"{path}[{_label(longer[n], n)}]", a[n] if len(a) > n else ABSENT, b[n] if len(b) > n else ABSENT)


def _is_list(value: Any) -> bool:
    return hasattr(value, "__len__") and hasattr(value, "__getitem__") and not isinstance(value, (str, bytes, Mapping))


def _label(entry: Any, index: int) -> str:
    if isinstance(entry, Mapping):
        return next((str(entry[key]) for key in NAMED_BY if entry.get(key)), str(index))
    return str(index)


def _same_value(a: Any, b: Any) -> bool:
    if isinstance(a, (bool, str)) or isinstance(b, (bool, str)):
        return bool(a == b)
    try:
        x, y = float(a), float(b)
    except (TypeError, ValueError, OverflowError):
        return bool(a == b)
    return bool(a == b and copysign(1.0, x) == copysign(1.0, y)) or (x != x and y != y)
