"""Who is believed dead, and when: the sign of life and the word of who it is may come in any order."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("rclpy")

from std_msgs.msg import String

from skillkit.ros import companion
from skillkit.ros.companion import PATIENCE, Lookout, Watch

HERE = {"machine": companion._machine(), "pid": os.getpid(), "started": companion._started(os.getpid())}
ELSEWHERE = {**HERE, "machine": "another"}


class Middleware:
    """The edge: a node whose subscription and timer are called by the test."""

    def __init__(self) -> None:
        self.introduce: Callable[[String], None] = lambda _: None
        self.look: Callable[[], None] = lambda: None
        self.events: Any = None

    def create_subscription(self, kind: Any, topic: str, callback: Any, quality: Any, event_callbacks: Any) -> None:
        self.introduce, self.events = callback, event_callbacks

    def create_timer(self, period: float, callback: Callable[[], None]) -> None:
        self.look = callback


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    node, clock, lost = Middleware(), [100.0], []
    monkeypatch.setattr(companion.time, "monotonic", lambda: clock[0])
    ears = SimpleNamespace(node=node, start=lambda: None, do=lambda action: None)
    watch = Watch(Lookout(node, ears), "alive", 0.06, lambda: lost.append(clock[0]))  # type: ignore[arg-type]

    def after(seconds: float) -> list[float]:
        clock[0] += seconds
        node.look()
        return lost

    def sign(alive: int) -> None:
        node.events.liveliness(SimpleNamespace(alive_count=alive))

    def introduce(who: dict[str, Any]) -> None:
        node.introduce(String(data=json.dumps(who)))

    return SimpleNamespace(watch=watch, after=after, sign=sign, introduce=introduce)


def test_a_late_sign_of_one_that_has_not_said_who_it_is_is_given_time(seen: SimpleNamespace) -> None:
    seen.sign(1)
    seen.sign(0)
    assert seen.after(0.9 * PATIENCE) == []
    seen.introduce(HERE)
    seen.sign(1)
    assert seen.after(10.0 * PATIENCE) == []
    assert seen.watch.seen


def test_one_that_never_says_who_it_is_and_stays_silent_is_dead(seen: SimpleNamespace) -> None:
    seen.sign(1)
    seen.sign(0)
    assert len(seen.after(1.1 * PATIENCE)) == 1
    assert len(seen.after(10.0)) == 1
    assert not seen.watch.seen


@pytest.mark.parametrize("introduced_first", [True, False])
def test_a_silent_one_on_another_machine_is_dead_at_once(seen: SimpleNamespace, introduced_first: bool) -> None:
    steps = [lambda: seen.introduce(ELSEWHERE), lambda: (seen.sign(1), seen.sign(0))]
    for step in steps if introduced_first else reversed(steps):
        step()
    assert len(seen.after(0.0)) == 1


def test_a_process_of_this_machine_that_has_ended_is_dead_although_its_sign_still_holds(seen: SimpleNamespace) -> None:
    child = os.fork()
    if child == 0:
        os._exit(0)
    while companion._started(child):
        pass
    seen.sign(1)
    seen.introduce({**HERE, "pid": child, "started": companion._started(child) or "1"})
    seen.sign(0)
    assert len(seen.after(0.0)) == 1
    os.waitpid(child, 0)
