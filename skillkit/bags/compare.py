"""The first difference between a recorded step and the same step executed again.

Bit for bit: floats are equal when their bits are, so -0.0 differs from 0.0; NaN equals NaN. A :class:`Rule` loosens that. Parts are
compared in the order in which causes come before their effects: a run that ended, what the tree did about it, what was asked of the
arms, what left the gate. The line of a file that a reason quotes, such as ``(policy.py:12)``, is not compared: it moves with every edit above it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from math import copysign
from typing import Any, NamedTuple

from skillkit.spaces import GATE

PREEMPTED = "PREEMPTED"
NAMED_BY = ("arm", "path", "goal")
IGNORED = ("header",)
ABSENT = "nothing"
LINE = re.compile(r"(?<=\.py):\d+(?=\))")


class Rule(NamedTuple):
    """What counts as equal.

    Attributes:
        tolerance: numbers of one field may differ by this much.
        ignore: patterns of fields that are not compared, for example ``"commands[*].velocity*"``.
    """

    tolerance: float = 0.0
    ignore: tuple[str, ...] = ()

    def passes(self, path: str) -> bool:
        """Whether a field is not compared; square brackets stand for themselves."""
        return any(fnmatchcase(path, pattern.replace("[", "[[]")) for pattern in self.ignore)


EXACT = Rule()


class Difference(NamedTuple):
    """Where two executions part.

    Attributes:
        kind: ``outcome`` (a run ended otherwise), ``parameter``, ``expression`` (the score of an initiation set), ``status`` (of the tree),
            ``random`` (what a run drew), ``policy`` (a directive), ``ik`` or ``gate`` (a command).
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


def compare(recorded: Mapping[str, Any], again: Mapping[str, Any], time: float | None = None, rule: Rule = EXACT) -> Difference | None:
    """The first difference of two StepResult records; ``None`` when they are equal.

    Args:
        recorded: from the bag.
        again: from the re-execution of the same tick.
        time: task clock of the step [s]; from the record's header where not given.
    """
    if time is None:
        stamp = recorded.get("header", {}).get("stamp", {})
        time = stamp.get("sec", 0) + stamp.get("nanosec", 0) * 1e-9
    for kind, part, was, now in _parts(recorded, again):
        found = _differ(was, now, part, rule)
        if found is not None:
            return Difference(_kind(kind, found, was, now), *found, int(recorded.get("tick", 0)), float(time))
    return None


def same(a: Any, b: Any) -> bool:
    """Whether two plain values are equal bit for bit, NaN included; lists equal tuples."""
    return _differ(a, b, "", EXACT) is None


def first_unequal(a: Any, b: Any, path: str, rule: Rule = EXACT) -> tuple[str, Any, Any] | None:
    """Field and both values where two plain values part; ``None`` when they are equal."""
    return _differ(a, b, path, rule)


Found = tuple[str, Any, Any]


def _parts(recorded: Mapping[str, Any], again: Mapping[str, Any]) -> Iterator[tuple[str, str, Any, Any]]:
    """Kind, field and both values of everything compared, causes first."""
    was, now = recorded.get("transitions", ()), again.get("transitions", ())
    begun = {entry["path"] for side in (recorded, again) for entry in side.get("started", ())}
    judged_was, judged_now = _common(recorded, again, "judged")
    yield "expression", "judged", [one for one in judged_was if one["path"] not in begun], [one for one in judged_now if one["path"] not in begun]
    yield "outcome", "transitions", [t for t in was if t["outcome"] != PREEMPTED], [t for t in now if t["outcome"] != PREEMPTED]
    for part in ("started", "statuses", "transitions"):
        yield "status", part, recorded.get(part, ()), again.get(part, ())
    yield "expression", "judged", judged_was, judged_now
    yield "outcome", "ended", recorded.get("ended", ()), again.get("ended", ())
    yield "blackboard", "writes", recorded.get("writes", ()), again.get("writes", ())
    yield "random", "draws", recorded.get("draws", ()), again.get("draws", ())
    yield "policy", "calls", *_common(recorded, again, "calls")
    yield "policy", "directives", recorded.get("directives", ()), again.get("directives", ())
    yield "ik", "commands", recorded.get("commands", ()), again.get("commands", ())


def _common(recorded: Mapping[str, Any], again: Mapping[str, Any], part: str) -> tuple[list[Any], list[Any]]:
    """What both sides say of the same runs; that one of them says nothing of a run has its cause elsewhere."""
    was, now = recorded.get(part, ()), again.get(part, ())
    runs = {(entry["path"], entry.get("part")) for entry in was} & {(entry["path"], entry.get("part")) for entry in now}
    return [entry for entry in was if (entry["path"], entry.get("part")) in runs], [entry for entry in now if (entry["path"], entry.get("part")) in runs]


def _kind(kind: str, found: Found, was: Any, now: Any) -> str:
    path = found[0]
    if path.startswith("started["):
        return "parameter" if path.endswith(".parameters") else "expression" if path.endswith(".score") else kind
    if kind == "ik" and (_held(was) != _held(now) or path.endswith(".safe")):
        return "gate"
    return kind


def _held(commands: Sequence[Mapping[str, Any]]) -> list[list[str]]:
    """What the gate changed about each command."""
    return [[word for word in command.get("limited", ()) if word.startswith(GATE)] for command in commands]


def _differ(a: Any, b: Any, path: str, rule: Rule) -> Found | None:
    if rule.ignore and rule.passes(path):
        return None
    if isinstance(a, Mapping) and isinstance(b, Mapping):
        return _differ_mapping(a, b, path, rule)
    if _is_list(a) and _is_list(b):
        return _differ_list(a, b, path, rule)
    return None if _same_value(a, b, rule.tolerance) else (path, a, b)


def _differ_mapping(a: Mapping[str, Any], b: Mapping[str, Any], path: str, rule: Rule) -> Found | None:
    for key in (*a, *(key for key in b if key not in a)):
        if key in IGNORED:
            continue
        found = _differ(a.get(key, ABSENT), b.get(key, ABSENT), f"{path}.{key}" if path else str(key), rule)
        if found is not None:
            return found
    return None


def _differ_list(a: Sequence[Any], b: Sequence[Any], path: str, rule: Rule) -> Found | None:
    for index, (left, right) in enumerate(zip(a, b, strict=False)):
        if left is right:
            continue
        found = _differ(left, right, f"{path}[{_label(left, index)}]", rule)
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


def _same_value(a: Any, b: Any, tolerance: float) -> bool:
    if isinstance(a, (bool, str)) or isinstance(b, (bool, str)):
        return bool(a == b) or (isinstance(a, str) and isinstance(b, str) and LINE.sub("", a) == LINE.sub("", b))
    try:
        x, y = float(a), float(b)
    except (TypeError, ValueError, OverflowError):
        return bool(a == b)
    if tolerance > 0.0 and abs(x - y) <= tolerance:
        return True
    return bool(a == b and copysign(1.0, x) == copysign(1.0, y)) or (x != x and y != y)
