"""``on_failure`` and ``finally``: what is done after a node has ended, once the arms are at rest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from py_trees.behaviour import Behaviour
from py_trees.common import Status
from py_trees.composites import Composite

from skillkit.documents import Where
from skillkit.trees.node import NODE, Node, Word
from skillkit.trees.reader import Reader
from skillkit.trees.rest import Rest
from skillkit.trees.run import Run, Treelike, begin_anew, reason_of


class CleanedUp(Treelike, Composite):
    """Its first child, then rest, then its second; ends as the first ended, however the second does.

    Halted from above, it halts the child that runs and does not begin the second: after a stop nothing moves.
    """

    def __init__(self, path: str, run: Run, always: bool, children: Sequence[Behaviour]) -> None:
        Composite.__init__(self, path, children)
        self.run, self.always = run, always
        self.result: Status | None = None  # how the first child ended
        self.rest = Rest(run)

    def tick(self) -> Iterator[Behaviour]:
        work, cleanup = self.children
        if self.status is not Status.RUNNING:
            self.result, self.rest.since, self.current_child, self.feedback_message = None, None, work, ""
            begin_anew(self.children)
        self.status = Status.RUNNING
        if self.result is None:
            yield from work.tick()
            if work.status is not Status.RUNNING:
                self.result = work.status
                self.feedback_message = reason_of(work) if work.status is Status.FAILURE else ""
        needed = self.always or self.result is Status.FAILURE
        if self.result is not None and needed and (self.current_child is cleanup or self.rest.reached(self.run.roles.values())):
            self.current_child = cleanup
            yield from cleanup.tick()
        if self.result is not None and (not needed or (self.current_child is cleanup and cleanup.status is not Status.RUNNING)):
            if needed and cleanup.status is Status.FAILURE:
                self.feedback_message = "; ".join(filter(None, (self.feedback_message, f"the cleanup failed: {reason_of(cleanup)}")))
            self.stop(self.result)
        yield self

    @property
    def remark(self) -> str:
        """That the cleanup failed, where success does not show it."""
        return str(self.feedback_message) if self.status is Status.SUCCESS else ""

    def state(self) -> list[Any]:
        return [self.result.value if self.result is not None else None, self.rest.since]

    def set_state(self, state: list[Any]) -> None:
        self.result, self.rest.since = None if state[0] is None else Status(state[0]), state[1]


class CleanupWord(Word):
    """A word with what is to be done, and what is to be done after it."""

    always = False

    def read(self, reader: Reader, value: Any, where: Where, extras: Mapping[str, Any]) -> Node | None:
        given = reader.fields(self, value, where, ("do", "then"))
        if given is None:
            return None
        children = [reader.node(given[word], (*where, word)) for word in ("do", "then") if word in given]
        found = tuple(child for child in children if child is not None)
        return Node(self.name, children=found) if len(found) == 2 else None

    def build(self, node: Node, path: str, run: Run, children: Sequence[Behaviour]) -> Behaviour:
        return CleanedUp(path, run, self.always, children)

    def schema(self) -> dict[str, Any]:
        return self.mapping_schema({"do": NODE, "then": NODE}, ("do", "then"))


class OnFailureWord(CleanupWord):
    """Cleaning up after a failure."""

    name = "on_failure"
    form = "on_failure: {do: node, then: node}"
    description = "Does `do`; when it fails, waits until the arms are at rest and does `then`. Ends as `do` ended."


class FinallyWord(CleanupWord):
    """Cleaning up however it ended."""

    name = "finally"
    form = "finally: {do: node, then: node}"
    description = "Does `do`; when it has ended, however, waits until the arms are at rest and does `then`. Ends as `do` ended."
    always = True
