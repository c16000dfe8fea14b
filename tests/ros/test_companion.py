"""Who is believed dead, and when, as signs of life come, are late, or cease."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("rclpy")

from std_msgs.msg import String

from skillkit.ros import companion
from skillkit.ros.companion import LOOK_EVERY, PATIENCE, REMEMBERED, Lookout, Watch

HERE = companion._Process.own()._asdict()
ELSEWHERE = {**HERE, "machine": "another"}
LOST_AFTER = 0.06


class Middleware:
    """The edge: a node whose subscription and timer are called by the test."""

    def __init__(self) -> None:
        self.hear: Callable[[String], None] = lambda _: None
        self.look: Callable[[], None] = lambda: None

    def create_subscription(self, kind: Any, topic: str, callback: Any, quality: Any) -> None:
        self.hear = callback

    def create_timer(self, period: float, callback: Callable[[], None]) -> SimpleNamespace:
        self.look = callback
        return SimpleNamespace(cancel=lambda: None)


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> Iterator[SimpleNamespace]:
    node, clock, lost = Middleware(), [100.0], []
    monkeypatch.setattr(companion.time, "monotonic", lambda: clock[0])
    lookout = Lookout(node, LOST_AFTER)  # type: ignore[arg-type]

    def watch() -> Watch:
        return Watch(lookout, "it", lambda: lost.append(clock[0]))

    def after(seconds: float) -> list[float]:
        for _ in range(round(seconds / LOOK_EVERY)):
            clock[0] += LOOK_EVERY
            node.look()
        return lost

    def held_up(seconds: float) -> list[float]:
        clock[0] += seconds
        node.look()
        return lost

    def sign(**who: Any) -> None:
        node.hear(String(data=json.dumps({"name": "it", **who})))

    yield SimpleNamespace(watch=watch(), again=watch, after=after, held_up=held_up, sign=sign, hear=lambda text: node.hear(String(data=text)))
    lookout.close()


@pytest.fixture
def ended() -> dict[str, Any]:
    """One on this machine that has ended."""
    child = os.fork()
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)
    return {**HERE, "pid": child}


def test_a_late_sign_of_a_process_that_runs_here_is_given_time(seen: SimpleNamespace) -> None:
    seen.sign(**HERE)
    assert seen.after(0.9 * PATIENCE) == []
    assert seen.watch.seen
    seen.sign(**HERE)
    assert seen.after(0.9 * PATIENCE) == []
    assert len(seen.after(0.2 * PATIENCE)) == 1
    assert not seen.watch.seen


def test_one_that_never_showed_life_is_not_missed(seen: SimpleNamespace) -> None:
    assert seen.after(10.0 * PATIENCE) == []
    assert not seen.watch.seen


def test_a_silent_one_on_another_machine_is_dead_once_and_lives_again_when_it_is_heard(seen: SimpleNamespace) -> None:
    for number in (1, 2):
        seen.sign(**ELSEWHERE)
        assert len(seen.after(0.9 * LOST_AFTER)) == number - 1
        assert seen.watch.seen
        assert len(seen.after(0.3 * LOST_AFTER)) == number
        assert len(seen.after(5.0)) == number
        assert not seen.watch.seen


def test_signs_that_wait_while_this_node_is_held_up_count(seen: SimpleNamespace) -> None:
    seen.sign(**ELSEWHERE)
    seen.after(LOOK_EVERY)
    assert seen.held_up(3.0) == []
    seen.sign(**ELSEWHERE)
    assert seen.after(0.9 * LOST_AFTER) == []


def test_a_process_of_this_machine_that_has_ended_is_dead_although_it_was_heard_just_now(seen: SimpleNamespace, ended: dict[str, Any]) -> None:
    seen.sign(**ended)
    assert len(seen.after(LOOK_EVERY)) == 1
    seen.sign(**ended)
    assert len(seen.after(1.0)) == 1


def test_one_that_runs_under_another_number_is_not_taken_for_it(seen: SimpleNamespace) -> None:
    seen.sign(**{**HERE, "started": "1"})
    assert len(seen.after(LOOK_EVERY)) == 1


def test_who_takes_the_name_of_a_dead_one_lives(seen: SimpleNamespace, ended: dict[str, Any]) -> None:
    seen.sign(**ended)
    seen.after(LOOK_EVERY)
    seen.sign(**HERE)
    assert len(seen.after(0.5 * PATIENCE)) == 1
    assert seen.watch.seen


@pytest.mark.parametrize(("later", "told"), [(0.5 * REMEMBERED, 1), (1.5 * REMEMBERED, 0)])
def test_a_watch_that_begins_after_the_death_is_told_of_it_for_a_while(seen: SimpleNamespace, ended: dict[str, Any], later: float, told: int) -> None:
    seen.watch.close()
    seen.sign(**ended)
    seen.after(later)
    seen.again()
    assert len(seen.after(1.0)) == told


def test_a_closed_watch_is_told_nothing(seen: SimpleNamespace) -> None:
    seen.sign(**ELSEWHERE)
    seen.after(LOOK_EVERY)
    seen.watch.close()
    seen.watch.close()
    assert seen.after(1.0) == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "1",
        "null",
        "[" * 100_000,
        '{"name": "it"}',
        '{"name": "it", "machine": "", "pid": "x", "started": ""}',
        '{"name": "it", "machine": "", "pid": 1e999, "started": ""}',
    ],
)
def test_what_is_no_sign_is_not_heard(seen: SimpleNamespace, text: str) -> None:
    seen.hear(text)
    assert seen.after(1.0) == []
    assert not seen.watch.seen


def test_processes_that_come_and_go_leave_no_descriptor_open(seen: SimpleNamespace) -> None:
    before = len(os.listdir("/proc/self/fd"))
    for number in range(20):
        seen.hear(json.dumps({"name": f"goal_{number}", **HERE}))
    assert len(os.listdir("/proc/self/fd")) == before + 20
    seen.after(1.1 * REMEMBERED)
    assert len(os.listdir("/proc/self/fd")) == before
