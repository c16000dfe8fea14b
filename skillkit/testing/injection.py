"""How faults get into a task: options of single nodes are exchanged, senses are held back."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from skillkit.assembly import System
from skillkit.exceptions import UnknownName
from skillkit.option import Option
from skillkit.spaces import Input
from skillkit.testing.faults import Fault, Faulty
from skillkit.trees import Task
from skillkit.trees.node import Node, layout


class FaultySystem(System):
    """A system in which single nodes of one task call options with faults."""

    def prepare(self, task: Task, options: Mapping[str, Option], faults: Sequence[Fault], make: Callable[[Node], Option]) -> None:
        """Give every node that calls a skill an option of its own: what ``make`` makes, with the fault that names the node or its skill."""
        self.given: dict[str, Option] = dict(options)
        nodes = [placed.node for placed in layout(task.tree, "") if placed.node.word == "skill"]
        names = {node.name for node in nodes} | {str(node.values["call"]) for node in nodes}
        by_node = {fault.node: fault for fault in faults if fault.node}
        for name in by_node:
            if name not in names:
                raise UnknownName("node or skill of the task", name, names)

        def with_fault(node: Node) -> Node:
            if node.word != "skill":
                return node
            fault = by_node.get(node.name) or by_node.get(str(node.values["call"]))
            alias, option = f"{node.values['call']} at {len(self.given)}", make(node)
            self.given[alias] = option if fault is None else Faulty(option, fault).option
            return replace(node, values={**node.values, "call": alias})

        self.tasks[task.name] = rewritten(task, with_fault)

    def skill_options(self) -> dict[str, Option]:
        return self.given


def rewritten(task: Task, change: Callable[[Node], Node]) -> Task:
    return replace(task, tree=_rewritten_node(task.tree, change))


def _rewritten_node(node: Node, change: Callable[[Node], Node]) -> Node:
    if node.task is not None:
        inner = rewritten(node.task, change)
        return change(replace(node, task=inner, children=(inner.tree,)))
    return change(replace(node, children=tuple(_rewritten_node(child, change) for child in node.children)))


class Delay:
    """Holds inputs back."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults, self.held = faults, deque[Input]()

    def of(self, heard: Sequence[Input], now: float) -> list[Input]:
        """What arrives now; what is held back arrives later, stamped with its arrival."""
        self.held.extend(heard)
        late = max((fault.amount for fault in self.faults if fault.after <= now < fault.after + fault.lasts), default=0.0)
        found: list[Input] = []
        while self.held and self.held[0].received <= now - late + 1e-9:
            found.append(self.held.popleft()._replace(received=now))
        return found


class LateWorld:
    """A simulated world whose senses are late."""

    def __init__(self, world: Any, faults: Sequence[Fault]) -> None:
        self._world, self._delays = world, {name: Delay(faults) for name in ("joint_inputs", "wrench_inputs", "object_inputs", "signal_inputs")}

    def __getattr__(self, name: str) -> Any:
        if name in self._delays:
            return lambda now: self._delays[name].of(getattr(self._world, name)(now), now)
        return getattr(self._world, name)
