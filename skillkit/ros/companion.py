"""Processes that must not die unnoticed: a sign of life on one side, a watch on the other.

The sign is the middleware's automatic liveliness, renewed by its own threads. A companion on the same machine is looked up as a process too:
its death is seen at once, and while it runs, a sign that is late because the machine is overloaded is given ``PATIENCE``.
"""

from __future__ import annotations

import json
import os
import select
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from functools import cache, partial
from pathlib import Path
from typing import Any

from rclpy.event_handler import SubscriptionEventCallbacks
from rclpy.node import Node
from std_msgs.msg import String

from skillkit.ros.names import SIGN_OF_LIFE, alive
from skillkit.ros.node_thread import NodeThread

PATIENCE = 1.0  # [s] of silence that is believed of a process that still runs
LOOK_EVERY = 0.01  # [s] between two looks at a process on this machine


def show_life(node: Node, topic: str) -> Any:
    """A publisher that says who this process is and, by existing, that it lives; destroy it to leave in order."""
    publisher = node.create_publisher(String, topic, alive(SIGN_OF_LIFE))
    publisher.publish(String(data=json.dumps({"machine": _machine(), "pid": os.getpid(), "started": _started(os.getpid())})))
    return publisher


class Lookout:
    """Hears and looks at every watched process of a node, with one timer for all: the middleware never quite forgets timers that come and go.

    Args:
        node: that watches. ears: spun beside it, see :mod:`skillkit.ros.node_thread`; what they hear is handed over to ``node``'s own executor.
    """

    def __init__(self, node: Node, ears: NodeThread | None = None) -> None:
        self.node = node
        self.looks: dict[Watch, Callable[[], None]] = {}
        self.heard: deque[tuple[Watch, Callable[[], None]]] = deque()
        self.ears = ears or NodeThread(node, f"{node.get_name()}_lookout")
        self.ears.start()
        self._timer = node.create_timer(LOOK_EVERY, self._look)

    def close(self) -> None:
        """Look no more."""
        self._timer.cancel()
        self.ears.close()

    def _look(self) -> None:
        while self.heard:
            watch, tell = self.heard.popleft()
            if not watch.closed:
                tell()
        for look in list(self.looks.values()):
            look()


class Watch:
    """Tells when a companion that has shown life has died; ``seen`` says whether it has shown life and has not died since.

    Args:
        lookout: of the node that watches.
        lost_after: silence after which it is dead, where its process cannot be looked up [s].
        lost: called from the executor of that node.
    """

    def __init__(self, lookout: Lookout, topic: str, lost_after: float, lost: Callable[[], None]) -> None:
        self._lookout, self._lost = lookout, lost
        self._who: dict[str, Any] = {}
        self.seen, self.closed, self._silent_since = False, False, float("inf")
        self._process: _Process | None = None
        events = SubscriptionEventCallbacks(
            liveliness=lambda change: self._hear(partial(self._changed, change.alive_count, time.monotonic())), use_default_callbacks=False
        )
        self._subscription = lookout.ears.node.create_subscription(
            String, topic, lambda message: self._hear(partial(self._introduced, message)), alive(lost_after), event_callbacks=events
        )

    def close(self) -> None:
        """Watch no more."""
        self.closed = True
        self._rest()
        self._lookout.ears.do(lambda: self._lookout.ears.node.destroy_subscription(self._subscription))

    def _hear(self, tell: Callable[[], None]) -> None:
        """In the thread of the ears."""
        self._lookout.heard.append((self, tell))

    def _introduced(self, message: String) -> None:
        with suppress(ValueError):
            self._who = dict(json.loads(message.data))
        if _runs(self._who):
            self._process = self._process or _Process.of(self._who["pid"])
            self._lookout.looks[self] = self._look
        else:
            self._lookout.looks.pop(self, None)
            if self._silent_since < float("inf"):
                self._bury()

    def _changed(self, alive_count: int, now: float) -> None:
        if alive_count > 0:
            self.seen, self._silent_since = True, float("inf")
        elif self.seen:
            self._silent_since = now
            if self._who and self not in self._lookout.looks:
                self._bury()
            else:  # on this machine, or its word of who it is has not come yet
                self._lookout.looks[self] = self._look

    def _look(self) -> None:
        ended = self._process.ended if self._process is not None else bool(self._who) and not _runs(self._who)
        if ended or time.monotonic() - self._silent_since > PATIENCE:
            self._bury()

    def _bury(self) -> None:
        self._rest()
        self.seen, self._silent_since = False, float("inf")
        self._lost()

    def _rest(self) -> None:
        self._lookout.looks.pop(self, None)
        if self._process is not None:
            self._process.close()
            self._process = None


class _Process:
    """A running process, by a descriptor that becomes readable when it ends: quicker to ask than the files of ``/proc``."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor, self._poll = descriptor, select.poll()
        self._poll.register(descriptor, select.POLLIN)

    @classmethod
    def of(cls, pid: int) -> _Process | None:
        """``None`` where the system has no such descriptors."""
        with suppress(OSError, AttributeError):
            return cls(os.pidfd_open(pid))
        return None

    @property
    def ended(self) -> bool:
        return bool(self._poll.poll(0))

    def close(self) -> None:
        os.close(self._descriptor)


def _runs(who: dict[str, Any]) -> bool:
    """Whether the process is known to run on this machine."""
    return who.get("machine") == _machine() != "" and who.get("started") == _started(who["pid"]) != ""


@cache
def _machine() -> str:
    """This boot of this machine, and this space of process numbers; empty where the system does not tell."""
    with suppress(OSError):
        return f"{Path('/proc/sys/kernel/random/boot_id').read_text().strip()} {os.readlink('/proc/self/ns/pid')}"
    return ""


def _started(pid: int) -> str:
    """When a process was started, as the system counts; empty where it does not run."""
    with suppress(OSError, IndexError):
        fields = Path(f"/proc/{int(pid)}/stat").read_text().rpartition(")")[2].split()
        return "" if fields[0] in "ZX" else fields[19]  # zombies have died
    return ""
