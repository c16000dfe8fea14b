"""Words with one child: ``retry``, ``repeat``, ``timeout``, ``invert``, ``force_success``, ``force_failure``.

Time is the task clock of the run and counters are plain numbers, so all of it is in the snapshot; py_trees' own timed decorators read
the clock of the machine. None of these sees an ending that may not be swallowed: such an ending stops the whole tree first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from py_trees.behaviour import Behaviour
from py_trees.common import Status
from py_trees.decorators import Decorator

from skillkit.documents import Where
from skillkit.option import EPSILON, Initiation
from skillkit.spaces import Outcome
from skillkit.trees.node import COUNT, NODE, SECONDS, Ask, Node, Reference, Scope, Word
from skillkit.trees.reader import Reader
from skillkit.trees.run import OTHER_WAY, Run, Treelike

TIMES_RANGE = (1, 1000)
SECONDS_RANGE = (0.01, 86_400.0)
FOREVER = "forever"


class Counting(Treelike, Decorator):
    """Begins its child again until it has ended ``times`` times with ``again``; any other end is its own.

    The next round begins at the next decision, so rounds that end at once cannot spin.
    """

    def __init__(self, path: str, child: Behaviour, run: Run, times: Any, again: Status) -> None:
        Decorator.__init__(self, path, child)
        self.run, self.given, self.again = run, times, again
        self.times, self.count = float("inf"), 0

    def initialise(self) -> None:
        self.count = 0
        self._look_up()

    def _look_up(self) -> None:
        times = self.run.value(self.given)
        self.times = float("inf") if times == FOREVER else max(1, int(times))

    def update(self) -> Status:
        if self.decorated.status is not self.again:
            return self.decorated.status
        self.count += 1
        return self.again if self.count >= self.times else Status.RUNNING

    def state(self) -> int:
        """Rounds so far."""
        return self.count

    def set_state(self, state: int) -> None:
        """Put back the rounds."""
        self.count = state
        if self.status is Status.RUNNING:
            self._look_up()


class Deadline(Treelike, Decorator):
    """Fails, and ends its child, when ``after`` seconds of the task clock are over."""

    def __init__(self, path: str, child: Behaviour, run: Run, after: Any) -> None:
        Decorator.__init__(self, path, child)
        self.run, self.after, self.begun, self.deadline = run, after, 0.0, 0.0

    def tick(self) -> Any:
        if self.status is not Status.RUNNING:
            self.begun = self.run.now
            self.deadline = self.begun + float(self.run.value(self.after))
            self.feedback_message = ""
        elif self.run.now >= self.deadline - EPSILON:
            self.feedback_message = f"{self.name.rpartition('/')[2]}: {Outcome.TIMED_OUT.value}: {self.deadline - self.begun:g} s are over"
            self.run.halting = (f"a timeout of {self.deadline - self.begun:g} s", Outcome.PREEMPTED)
            self.stop(Status.FAILURE)
            self.run.halting = OTHER_WAY
            yield self
            return
        yield from super().tick()

    def update(self) -> Status:
        if self.decorated.status is Status.RUNNING:
            self.run.wake_at(self.deadline)
        return self.decorated.status

    def state(self) -> list[float]:
        """When it began and when it is over, on the task clock [s]."""
        return [self.begun, self.deadline]

    def set_state(self, state: list[float]) -> None:
        """Put back the deadline."""
        self.begun, self.deadline = state


class Turned(Treelike, Decorator):
    """Gives another status for its child's success or failure."""

    def __init__(self, path: str, child: Behaviour, run: Run, success: Status, failure: Status) -> None:
        Decorator.__init__(self, path, child)
        self.run = run
        self.turned = {Status.SUCCESS: success, Status.FAILURE: failure}

    def initialise(self) -> None:
        self.feedback_message = ""

    def update(self) -> Status:
        status = self.turned.get(self.decorated.status, self.decorated.status)
        if status is Status.FAILURE and self.decorated.status is Status.SUCCESS:
            self.feedback_message = f"{self.decorated.name.rpartition('/')[2]} succeeded, which is a failure here"
        return status


# ---- words ---------------------------------------------------------------------------------------------------------------------------


class WrappingWord(Word):
    """A word whose value is one node."""

    success = Status.SUCCESS
    failure = Status.FAILURE

    def read(self, reader: Reader, value: Any, where: Where, extras: Mapping[str, Any]) -> Node | None:
        child = reader.node(value, where)
        return None if child is None else Node(self.name, children=(child,))

    def build(self, node: Node, path: str, run: Run, children: Sequence[Behaviour]) -> Behaviour:
        return Turned(path, children[0], run, self.success, self.failure)

    def schema(self) -> dict[str, Any]:
        return dict(NODE)


class InvertWord(WrappingWord):
    """Success and failure change places."""

    name = "invert"
    form = "invert: node"
    description = "Succeeds when its child fails, and the other way round."
    success, failure = Status.FAILURE, Status.SUCCESS

    def initiation(self, node: Node, scope: Scope, ask: Ask) -> Initiation:
        child = node.children[0]
        if child.word != "condition":
            return ask(child, scope)
        return Initiation(True) if not ask(child, scope).allowed else Initiation(False, 0.0, f"'{child.values['when'].text}' holds")


class ForceSuccessWord(WrappingWord):
    """Success, however the child ends."""

    name = "force_success"
    form = "force_success: node"
    description = "Succeeds when its child has ended, however it ended."
    success = failure = Status.SUCCESS

    def initiation(self, node: Node, scope: Scope, ask: Ask) -> Initiation:
        return Initiation(True)


class ForceFailureWord(WrappingWord):
    """Failure, however the child ends."""

    name = "force_failure"
    form = "force_failure: node"
    description = "Fails when its child has ended, however it ended."
    success = failure = Status.FAILURE


class LimitWord(Word):
    """A word with a limit and a child: ``{<limit>: …, do: node}``."""

    limit = ""

    def read(self, reader: Reader, value: Any, where: Where, extras: Mapping[str, Any]) -> Node | None:
        given = reader.fields(self, value, where, (self.limit, "do"))
        if given is None:
            return None
        bound = self.bound(reader, given[self.limit], (*where, self.limit)) if self.limit in given else None
        child = reader.node(given["do"], (*where, "do")) if "do" in given else None
        return None if child is None or bound is None else Node(self.name, values={self.limit: bound}, children=(child,))

    def bound(self, reader: Reader, value: Any, where: Where) -> float | str | Reference | None:
        """The checked limit."""
        return FOREVER if value == FOREVER else reader.count(value, where, TIMES_RANGE)

    def detail(self, node: Node) -> str:
        times = node.values[self.limit]
        return FOREVER if times == FOREVER else f"{times} times"

    def schema(self) -> dict[str, Any]:
        return self.mapping_schema({self.limit: {"anyOf": [COUNT, {"const": FOREVER}]}, "do": NODE}, (self.limit, "do"))


class RetryWord(LimitWord):
    """Up to so many attempts."""

    name, limit = "retry", "times"
    form = "retry: {times: 3, do: node}"
    description = "Begins its child again when it fails, with at most so many attempts in all, or `forever`."

    def build(self, node: Node, path: str, run: Run, children: Sequence[Behaviour]) -> Behaviour:
        return Counting(path, children[0], run, node.values["times"], Status.FAILURE)


class RepeatWord(LimitWord):
    """So many successes in a row."""

    name, limit = "repeat", "times"
    form = "repeat: {times: 3, do: node}"
    description = "Does its child so many times, or `forever`; fails when it fails once."

    def build(self, node: Node, path: str, run: Run, children: Sequence[Behaviour]) -> Behaviour:
        return Counting(path, children[0], run, node.values["times"], Status.SUCCESS)


class TimeoutWord(LimitWord):
    """A limit in seconds."""

    name, limit = "timeout", "after"
    form = "timeout: {after: 10 s, do: node}"
    description = "Fails, and ends its child, when the time is over before the child has ended."

    def bound(self, reader: Reader, value: Any, where: Where) -> float | str | Reference | None:
        return reader.seconds(value, where, SECONDS_RANGE)

    def build(self, node: Node, path: str, run: Run, children: Sequence[Behaviour]) -> Behaviour:
        return Deadline(path, children[0], run, node.values["after"])

    def schema(self) -> dict[str, Any]:
        return self.mapping_schema({"after": SECONDS, "do": NODE}, ("after", "do"))

    def detail(self, node: Node) -> str:
        after = node.values["after"]
        return f"after {after}" if isinstance(after, Reference) else f"after {after:g} s"
