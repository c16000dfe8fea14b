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

from skillkit.documents import Where, describe
from skillkit.option import EPSILON, Initiation
from skillkit.spaces import Outcome
from skillkit.trees.node import Ask, Node, Reference, Scope, Word
from skillkit.trees.reader import Reader
from skillkit.trees.run import OTHER_WAY, Run

TIMES_RANGE = (1, 1000)
SECONDS_RANGE = (0.01, 86_400.0)


class Counting(Decorator):
    """Begins its child again until it has ended ``times`` times with ``again``; any other end is its own.

    The next round begins at the next decision, so rounds that end at once cannot spin.
    """

    def __init__(self, path: str, child: Behaviour, times: int, again: Status) -> None:
        super().__init__(path, child)
        self.times, self.again, self.count = times, again, 0

    def initialise(self) -> None:
        self.count = 0

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


class Deadline(Decorator):
    """Fails, and ends its child, when ``after`` seconds of the task clock are over."""

    def __init__(self, path: str, child: Behaviour, run: Run, after: float) -> None:
        super().__init__(path, child)
        self.run, self.after, self.deadline = run, after, 0.0

    def tick(self) -> Any:
        if self.status is not Status.RUNNING:
            self.deadline = self.run.now + self.after
            self.feedback_message = ""
        elif self.run.now >= self.deadline - EPSILON:
            self.feedback_message = f"{self.name.rpartition('/')[2]}: {Outcome.TIMED_OUT.value}: {self.after:g} s are over"
            self.run.halting = (f"a timeout of {self.after:g} s", Outcome.PREEMPTED)
            self.stop(Status.FAILURE)
            self.run.halting = OTHER_WAY
            yield self
            return
        yield from super().tick()

    def update(self) -> Status:
        if self.decorated.status is Status.RUNNING:
            self.run.wake_at(self.deadline)
        return self.decorated.status

    def state(self) -> float:
        """When it is over, on the task clock [s]."""
        return self.deadline

    def set_state(self, state: float) -> None:
        """Put back the deadline."""
        self.deadline = state


class Turned(Decorator):
    """Gives another status for its child's success or failure."""

    def __init__(self, path: str, child: Behaviour, success: Status, failure: Status) -> None:
        super().__init__(path, child)
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
        return Turned(path, children[0], self.success, self.failure)


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
        if not isinstance(value, dict):
            reader.error(where, "wrong-type", f"{self.name} has '{self.limit}' and 'do', found {describe(value)}", self.form)
            return None
        reader.document.check_words(value, where, (self.limit, "do"), f"'{self.name}'")
        for word in (self.limit, "do"):
            if word not in value:
                reader.error(where, "missing", f"{self.name} lacks '{word}'", self.form)
        bound = self.bound(reader, value[self.limit], (*where, self.limit)) if self.limit in value else None
        child = reader.node(value["do"], (*where, "do")) if "do" in value else None
        return None if child is None or bound is None else Node(self.name, values={self.limit: bound}, children=(child,))

    def bound(self, reader: Reader, value: Any, where: Where) -> float | Reference | None:
        """The checked limit."""
        return reader.count(value, where, TIMES_RANGE)

    def detail(self, node: Node) -> str:
        return f"{node.values[self.limit]} times"


class RetryWord(LimitWord):
    """Up to so many attempts."""

    name, limit = "retry", "times"
    form = "retry: {times: 3, do: node}"
    description = "Begins its child again when it fails, with at most so many attempts in all."

    def build(self, node: Node, path: str, run: Run, children: Sequence[Behaviour]) -> Behaviour:
        return Counting(path, children[0], int(node.resolve(node.values["times"], run.parameters)), Status.FAILURE)


class RepeatWord(LimitWord):
    """So many successes in a row."""

    name, limit = "repeat", "times"
    form = "repeat: {times: 3, do: node}"
    description = "Does its child so many times; fails when it fails once."

    def build(self, node: Node, path: str, run: Run, children: Sequence[Behaviour]) -> Behaviour:
        return Counting(path, children[0], int(node.resolve(node.values["times"], run.parameters)), Status.SUCCESS)


class TimeoutWord(LimitWord):
    """A limit in seconds."""

    name, limit = "timeout", "after"
    form = "timeout: {after: 10 s, do: node}"
    description = "Fails, and ends its child, when the time is over before the child has ended."

    def bound(self, reader: Reader, value: Any, where: Where) -> float | Reference | None:
        return reader.seconds(value, where, SECONDS_RANGE)

    def build(self, node: Node, path: str, run: Run, children: Sequence[Behaviour]) -> Behaviour:
        return Deadline(path, children[0], run, float(node.resolve(node.values["after"], run.parameters)))

    def detail(self, node: Node) -> str:
        after = node.values["after"]
        return f"after {after}" if isinstance(after, Reference) else f"after {after:g} s"
