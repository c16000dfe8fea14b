"""The judge of a task: what must be true of the simulated scene when it is over, whatever the task itself saw or believes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from skillkit import documents, share
from skillkit.documents import Document, Where
from skillkit.exceptions import did_you_mean
from skillkit.expressions import Expression
from skillkit.trees.values import NAME


@dataclass(frozen=True)
class Judge:
    """One of the two.

    Attributes:
        test: name of a physical test that the scene brings along.
        when: an expression over the true scene.
    """

    test: str = ""
    when: Expression | None = None

    def __str__(self) -> str:
        return self.test or str(self.when)


def read_judge(document: Document, header: Mapping[str, Any], condition: Callable[[Any, Where], Expression | None]) -> Judge | None:
    """What a task says under ``judge:``; a single word names a test of its scene."""
    if "judge" not in header:
        return None
    value, scene = header["judge"], str(header.get("scene", ""))
    if not scene:
        document.error(("judge",), "missing", "a judge looks at the task's scene, and the task names none", "add 'scene: coffee'", key=True)
        return None
    if not isinstance(value, str) or not NAME.fullmatch(value):
        when = condition(value, ("judge",))
        return None if when is None else Judge(when=when)
    tests = _tests(scene)
    if value not in tests:
        hint = did_you_mean(value, tests) if tests else "write an expression, such as on(cup_1, tray)"
        document.error(("judge",), "unknown-judge", f"the scene '{scene}' has no test '{value}'", hint)
        return None
    return Judge(test=value)


def check_scene(document: Document, header: Mapping[str, Any]) -> None:
    """Tell where a task names a scene that is not there."""
    name, known = header.get("scene"), share.files("scenes")
    if isinstance(name, str) and name and known and name not in known:
        document.error(("scene",), "unknown-scene", f"there is no scene '{name}'", did_you_mean(name, known))


def _tests(scene: str) -> Mapping[str, Any]:
    file = share.files("scenes").get(scene)
    data = documents.load(file).data if file is not None else None
    tests = data.get("tests") if isinstance(data, dict) else None
    return tests if isinstance(tests, dict) else {}
