"""``recover``: a way back into the initiation set of a skill that may not start where it stands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from py_trees.behaviour import Behaviour
from py_trees.common import Status
from py_trees.composites import Composite

from skillkit.documents import Where
from skillkit.option import Initiation
from skillkit.spaces import Outcome
from skillkit.trees.node import COUNT, NODE, Ask, Node, Scope, Word
from skillkit.trees.reader import Reader
from skillkit.trees.run import OptionLeaf, Run, Treelike, begin_anew, reason_of

TIMES_RANGE = (1, 100)


class Recovering(Treelike, Composite):
    """Its first child; when that is REFUSED its second, and then the first again; at most ``times`` times. Any other end is its own."""

    def __init__(self, path: str, run: Run, times: Any, children: Sequence[Behaviour]) -> None:
        Composite.__init__(self, path, children)
        self.run, self.given = run, times
        self.count = 0

    def tick(self) -> Iterator[Behaviour]:
        work, way_back = self.children
        if self.status is not Status.RUNNING:
            self.count, self.current_child, self.feedback_message = 0, work, ""
            begin_anew(self.children)
        self.status = Status.RUNNING
        if self.current_child is way_back:
            yield from way_back.tick()
        else:
            yield from work.tick()
            if work.status is Status.FAILURE and self._refused(work) and self.count < int(self.run.value(self.given)):
                self.count, self.current_child = self.count + 1, way_back
                yield from way_back.tick()
        result = self._result(work, way_back)
        if result is not Status.RUNNING:
            self.stop(result)
        yield self

    def _result(self, work: Behaviour, way_back: Behaviour) -> Status:
        if self.current_child is way_back and way_back.status is Status.SUCCESS:
            self.current_child = work  # begins at the next decision: ways back that take no time cannot spin
            return Status.RUNNING
        if self.current_child is way_back:
            self.feedback_message = f"{reason_of(work)}; no way back: {reason_of(way_back)}" if way_back.status is Status.FAILURE else ""
            return way_back.status
        if work.status is Status.FAILURE and self._refused(work):
            self.feedback_message = f"{reason_of(work)}, after {self.count} recoveries"
        return work.status

    @staticmethod
    def _refused(work: Behaviour) -> bool:
        ending = work.execution.ending if isinstance(work, OptionLeaf) and work.execution is not None else None
        return ending is not None and ending.outcome is Outcome.REFUSED

    def state(self) -> int:
        return self.count

    def set_state(self, state: int) -> None:
        self.count = state


class RecoverWord(Word):
    """A skill, and what is done where it may not start."""

    name = "recover"
    form = "recover: {do: {skill: …}, by: node, times: 1}"
    description = "Does a skill or task; where that is REFUSED does `by`, else what a planner finds, and begins it again; at most `times` times."

    def read(self, reader: Reader, value: Any, where: Where, extras: Mapping[str, Any]) -> Node | None:
        given = reader.fields(self, value, where, ("do",), ("by", "times"))
        if given is None or "do" not in given:
            return None
        work = reader.node(given["do"], (*where, "do"))
        times = reader.count(given["times"], (*where, "times"), TIMES_RANGE) if "times" in given else 1
        way_back = reader.node(given["by"], (*where, "by")) if "by" in given else self._planned(work)
        if work is not None and work.word not in ("skill", "task"):
            reader.error((*where, "do"), "wrong-type", f"recover does a skill or a task, which may be refused, found '{work.word}'", self.form)
            return None
        if work is not None and work.word == "task" and "by" not in given:
            reader.error(where, "missing", "recover lacks 'by': only a skill declares what it needs, and a way back to that can be planned", self.form)
            return None
        return None if work is None or way_back is None or times is None else Node(self.name, values={"times": times}, children=(work, way_back))

    @staticmethod
    def _planned(work: Node | None) -> Node | None:
        if work is None:
            return None
        arm = {"arm": work.values["arm"]} if "arm" in work.values else {}
        values = {"start": work.values.get("call", ""), "with": work.values.get("with", {}), "units": {}, **arm}
        return Node("plan", f"back_to_{work.name}", work.where, values)

    def build(self, node: Node, path: str, run: Run, children: Sequence[Behaviour]) -> Behaviour:
        return Recovering(path, run, node.values["times"], children)

    def initiation(self, node: Node, scope: Scope, ask: Ask) -> Initiation:
        return Initiation(True)

    def detail(self, node: Node) -> str:
        return f"at most {node.values['times']} times" if node.values["times"] != 1 else ""

    def schema(self) -> dict[str, Any]:
        return self.mapping_schema({"do": NODE, "by": NODE, "times": COUNT}, ("do",))
