"""Processes that must not die unnoticed: a sign of life on one side, a watch on the other.

The sign is a message, repeated by a thread of its own, so that a busy node does not seem dead. It goes over one topic and one subscription
for good: where subscriptions and liveliness leases come and go, Fast DDS 3.2 crashes now and then, if other ones appear at that moment.
A companion on the same machine is looked up as a process too: its death is seen at once, and while it runs, a sign that is late because
the machine is overloaded is given ``PATIENCE``.
"""

from __future__ import annotations

import json
import os
import select
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import NamedTuple

from rclpy.node import Node
from std_msgs.msg import String

from skillkit.ros.names import ALIVE, EVERY
from skillkit.ros.priority import raised_threads

SIGN_EVERY = 0.02  # [s]
LEAST_SILENCE = 2.0 * SIGN_EVERY  # [s] before which no one may take a companion for dead
PATIENCE = 1.0  # [s] of silence that is believed of a process that still runs
REMEMBERED = 10.0  # [s] for which the dead are known to watches that begin later
LOOK_EVERY = 0.01  # [s] between two looks


class SignOfLife:
    """Says again and again that this process lives, in the name that was shown last; from its node's start on, until it is closed."""

    def __init__(self, node: Node) -> None:
        self._publisher = node.create_publisher(String, ALIVE, EVERY)
        self._says: String | None = None
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._repeat, name="sign_of_life", daemon=True)
        with raised_threads():
            self._thread.start()

    def show(self, name: str) -> None:
        """Live in this name from now on; in none where it is empty."""
        self._says = String(data=json.dumps({"name": name, **_Process.own()._asdict()})) if name else None
        self._say()

    def close(self) -> None:
        """Fall silent; before the node is destroyed."""
        self._closed.set()
        self._thread.join()

    def _repeat(self) -> None:
        with suppress(RuntimeError):  # rclpy's, where its context was shut down before
            while not self._closed.wait(SIGN_EVERY):
                self._say()

    def _say(self) -> None:
        says = self._says
        if says is not None:
            self._publisher.publish(says)


class Lookout:
    """Hears every companion, and looks at those that run on this machine.

    Args:
        node: that watches; its executor hears and looks.
        lost_after: silence after which a companion is dead that cannot be looked at [s].
    """

    def __init__(self, node: Node, lost_after: float) -> None:
        self._lost_after, self._looked = lost_after, time.monotonic()
        self.companions: dict[str, _Companion] = {}
        self.watches: list[Watch] = []
        node.create_subscription(String, ALIVE, self._hear, EVERY)
        self._timer = node.create_timer(LOOK_EVERY, self._look)

    def close(self) -> None:
        """Look no more."""
        self._timer.cancel()
        for name in list(self.companions):
            self.companions.pop(name).close()

    def _hear(self, message: String) -> None:
        try:
            says = json.loads(message.data)
            name, process = str(says["name"]), _Process(str(says["machine"]), int(says["pid"]), str(says["started"]))
        except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
            return  # not one of ours
        known = self.companions.get(name)
        if known is not None and known.process == process:
            known.silent_for = 0.0
        else:
            if known is not None:
                known.close()
            self.companions[name] = _Companion(process, self._lost_after)

    def _look(self) -> None:
        now = time.monotonic()
        passed = min(now - self._looked, 2.0 * LOOK_EVERY)  # where this node was held up itself, there are signs that it has not heard yet
        self._looked = now
        for name, companion in list(self.companions.items()):
            companion.look(passed)
            if companion.silent_for > REMEMBERED:
                self.companions.pop(name).close()
        for watch in list(self.watches):
            watch.look()


class Watch:
    """Tells when a companion that has shown life has died; ``seen`` says whether it has shown life and has not died since.

    Args:
        lookout: of the node that watches.
        name: that the companion shows.
        lost: called from the executor of that node.
    """

    def __init__(self, lookout: Lookout, name: str, lost: Callable[[], None]) -> None:
        self._lookout, self._name, self._lost = lookout, name, lost
        self.seen, self._told = False, False
        lookout.watches.append(self)

    def close(self) -> None:
        """Watch no more."""
        if self in self._lookout.watches:
            self._lookout.watches.remove(self)

    def look(self) -> None:
        """Ask what the lookout knows of it."""
        companion = self._lookout.companions.get(self._name)
        if companion is None:
            return
        self.seen = not companion.dead
        if companion.dead and not self._told:
            self._lost()
        self._told = companion.dead


class _Process(NamedTuple):
    """Which process on which machine; ``machine`` is this boot of it and this space of process numbers, empty where the system does not tell."""

    machine: str
    pid: int
    started: str

    @classmethod
    def own(cls) -> _Process:
        return cls(_machine(), os.getpid(), _started(os.getpid()))

    @property
    def here(self) -> bool:
        return self.machine == _machine() != ""

    @property
    def runs(self) -> bool:
        """Whether it does, for one that is here."""
        return self.started == _started(self.pid) != ""


class _Companion:
    """What is known of one that has shown life."""

    def __init__(self, process: _Process, lost_after: float) -> None:
        self.process = process
        self.silent_for, self._ended = 0.0, False
        self._patience = max(PATIENCE, lost_after) if process.here else lost_after
        self._handle = _open(process.pid) if process.here and process.runs else None
        self._poll = select.poll()
        if self._handle is not None:
            self._poll.register(self._handle, select.POLLIN)
        self.look(0.0)

    @property
    def dead(self) -> bool:
        return self._ended or self.silent_for > self._patience

    def look(self, passed: float) -> None:
        self.silent_for += passed
        if self.process.here:
            self._ended = self._ended or (bool(self._poll.poll(0)) if self._handle is not None else not self.process.runs)

    def close(self) -> None:
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None


def _open(pid: int) -> int | None:
    """A descriptor that becomes readable when a process ends, quicker to ask than the files of ``/proc``; ``None`` where there is none such."""
    with suppress(OSError, AttributeError):
        return os.pidfd_open(pid)
    return None


@cache
def _machine() -> str:
    with suppress(OSError):
        return f"{Path('/proc/sys/kernel/random/boot_id').read_text().strip()} {os.readlink('/proc/self/ns/pid')}"
    return ""


def _started(pid: int) -> str:
    """When a process was started, as the system counts; empty where it does not run."""
    with suppress(OSError, IndexError):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return "" if fields[0] in "ZX" else fields[19]  # zombies have died
    return ""
