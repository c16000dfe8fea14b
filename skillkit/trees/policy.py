"""π of a task: the tree, ticked.

The running leaves are stepped at every control tick. The tree itself is ticked ten times a second, and at once when a leaf has
ended or a timer is over, within the same step: the next skill then takes the arm over at speed, without braking between.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from py_trees.behaviour import Behaviour
from py_trees.common import Status

from skillkit.events import Event, StatusChange
from skillkit.option import EPSILON, Option, Situation
from skillkit.protocols import Snapshot
from skillkit.spaces import Directive, Ending, Observation, Outcome
from skillkit.trees.guard import Guarded
from skillkit.trees.node import Node, layout, root_path, segments
from skillkit.trees.planned import Planned
from skillkit.trees.question import Question
from skillkit.trees.rest import moving
from skillkit.trees.run import OTHER_WAY, OptionLeaf, Run, Treelike, behaviours, described, reason_of
from skillkit.trees.words import WORDS

if TYPE_CHECKING:
    from skillkit.trees.task import Task


class NodeState(NamedTuple):
    """One node for a live view; ``parent`` is an index into the same list, −1 for the root."""

    path: str
    name: str
    type: str
    status: str  # INVALID, RUNNING, SUCCESS or FAILURE
    parent: int
    detail: str


class TreePolicy:
    """One run of a task's tree (satisfies :class:`skillkit.protocols.Policy`).

    Args:
        options: the skills it may call.
        decision_rate: ticks of the tree per second [Hz].
        above: the path of the node that the tree stands in; empty for a tree of its own.
    """

    def __init__(self, task: Task, options: Mapping[str, Option], decision_rate: float = 10.0, above: str = "") -> None:
        self.task, self.options, self.decision_rate = task, options, decision_rate
        self.path = root_path(task.tree, task.name, above)
        self.layout = layout(task.tree, self.path)
        self.order = {placed.path: index for index, placed in enumerate(self.layout)}
        self.origin, self.ticks = 0.0, 0  # start of the run [s]; decisions that were due so far
        self.role_of: dict[str, str] = {}
        self.statuses: dict[str, str] = {}
        self.pending: list[Event] = []

    # -- running ------------------------------------------------------------------------------------------------------------------------

    def start(self, situation: Situation) -> None:
        """Build the tree for these parameters and arms."""
        self._build({**self.task.initial_variables, **situation.parameters}, situation.roles)
        self._look(situation)
        self.origin, self.ticks = self.run.now, 0

    def act(self, situation: Situation) -> dict[str, Directive] | Ending:
        """One control tick: step the leaves that run, tick the tree where that is due, ask for what the leaves ask for."""
        self._look(situation)
        ended = False
        for leaf in list(self.run.active.values()):
            leaf.step()
            ended = ended or leaf.ended
        if ended or self._late_to_rest() or self._due() or any(guard.broken() for guard in self.guards):
            ending = self._decide()
            if ending is not None:
                return ending
        return {self.role_of[arm]: directive for leaf in self.run.active.values() for arm, directive in leaf.directives().items()}

    def resume(self, situation: Situation, changed: bool) -> None:
        """Go on after a restore in another process: what ended stays ended, what ran asks its initiation set again."""
        self._look(situation)
        for leaf in self.run.active.values():
            leaf.resume(changed)

    def halt(self, observation: Observation, now: float, reason: str, outcome: Outcome) -> None:
        """End every run below; their events are kept for :meth:`drain`."""
        self.run.observation, self.run.now = observation, now
        self._stop_running(reason, outcome)
        self._note_changes()

    def drain(self) -> list[Event]:
        """Runs started and ended and statuses changed since the last call, in order."""
        self._collect()
        events, self.pending = self.pending, []
        return events

    # -- one decision ---------------------------------------------------------------------------------------------------------------------

    def _look(self, situation: Situation) -> None:
        self.run.observation, self.run.now, self.run.elapsed = situation.observation, situation.observation.time, situation.elapsed

    def _late_to_rest(self) -> bool:
        """Whether an arm is not at rest in the time that the halted node gave it, and nobody else has taken it."""
        run = self.run
        if not run.halted:
            return run.fatal is not None
        taken = {arm for leaf in run.active.values() for arm in leaf.arms}
        for arm, (deadline, leaf) in list(run.halted.items()):
            if arm in taken or not moving(run.seen, [arm]):
                del run.halted[arm]
            elif run.now >= deadline - EPSILON and run.fatal is None:
                run.fatal = (leaf, Ending(Outcome.UNSAFE, f"the arm '{arm}' is not at rest in the time given after a halt"))
        return run.fatal is not None

    def _due(self) -> bool:
        return self.run.now >= self.origin + self.ticks / self.decision_rate - EPSILON or self.run.now >= self.run.wake - EPSILON

    def _decide(self) -> Ending | None:
        run = self.run
        run.wake = float("inf")
        if run.fatal is None:
            for node in self.root.tick():
                run.touched[node.name] = node
                if run.fatal is not None:  # whatever stands above the leaf does not get to see it
                    break
        while run.now >= self.origin + self.ticks / self.decision_rate - EPSILON:
            self.ticks += 1
        ending = self._ending()
        self._note_changes()
        return ending

    def _ending(self) -> Ending | None:
        if self.run.fatal is not None:
            return self._abort(*self.run.fatal)
        if self.root.status is Status.SUCCESS:
            return self._judge()
        if self.root.status is Status.FAILURE:
            return Ending(Outcome.FAILED, reason_of(self.root) or "the tree failed")
        return None

    @property
    def remark(self) -> str:
        """What is to be said beside the outcome: cleanups that failed after what they followed had succeeded."""
        return "; ".join(dict.fromkeys(found for node in behaviours(self.root) if (found := getattr(node, "remark", ""))))

    def _judge(self) -> Ending:
        goal, situation = self.task.goal, self.run.situation()
        if goal is None or goal.truth(situation):
            return Ending(Outcome.SUCCEEDED, goal.text if goal is not None else "")
        return Ending(Outcome.FAILED, f"the tree succeeded, but its goal does not hold: {goal.explain(situation)}")

    def _abort(self, leaf: OptionLeaf, ending: Ending) -> Ending:
        self.run.active.pop(leaf.name, None)
        node: Behaviour | None = leaf
        while node is not None:
            node.status = Status.FAILURE
            self.run.touched[node.name] = node
            node = node.parent
        self._stop_running(described(leaf.name, ending), Outcome.PREEMPTED)
        name = leaf.name.rpartition("/")[2]
        return Ending(ending.outcome, f"{name}: {ending.reason}" if ending.reason else name)

    def _stop_running(self, reason: str, outcome: Outcome) -> None:
        self.run.halting = (reason, outcome)
        for node in behaviours(self.root):
            if node.status is Status.RUNNING or node.name in self.run.active:
                node.terminate(Status.INVALID)
                node.status = Status.INVALID
        self.run.halting = OTHER_WAY

    def _collect(self) -> None:
        self.pending.extend(self.run.events)
        self.run.events.clear()

    def _note_changes(self) -> None:
        self._collect()
        touched, self.run.touched = self.run.touched, {}
        for path in sorted(touched, key=self.order.__getitem__):
            status = touched[path].status.value
            if self.statuses.get(path, "INVALID") != status:
                self.statuses[path] = status
                self.pending.append(StatusChange(path, status, self.run.now))

    # -- building -------------------------------------------------------------------------------------------------------------------------

    def _build(self, parameters: Mapping[str, Any], roles: Mapping[str, str]) -> None:
        self.run = Run(self.task, self.options, parameters, roles, self.decision_rate)
        self.role_of = {arm: role for role, arm in roles.items()}
        self.given_roles = dict(roles)
        self.root = self._behaviour(self.task.tree, self.path)
        self.guards = [node for node in behaviours(self.root) if isinstance(node, Guarded)]
        self.statuses, self.pending = {}, []

    def _behaviour(self, node: Node, path: str) -> Behaviour:
        below = () if node.task is not None else node.children
        children = [self._behaviour(child, f"{path}/{part}") for child, part in zip(below, segments(below), strict=True)]
        return WORDS[node.word].build(node, path, self.run, children)

    @property
    def outputs(self) -> dict[str, Any]:
        """What the task hands to the task that it stands in."""
        return {name: self.run.parameters.get(name) for name in self.task.outputs}

    # -- looking in -----------------------------------------------------------------------------------------------------------------------

    def nodes(self) -> list[NodeState]:
        """Every node with its status, tasks within the tree unfolded; parents before children."""
        found, plans = self._details(), self._plans()
        states: list[NodeState] = []
        index: list[int] = []  # of each node of the layout among the states
        for path, node, parent, _ in self.layout:
            status, detail = found.get(path, ("INVALID", ""))
            index.append(len(states))
            above = index[parent] if parent >= 0 else -1
            states.append(NodeState(path, node.name or node.word, node.word, status, above, detail or WORDS[node.word].detail(node)))
            below = plans[path].nodes() if path in plans else []
            states += [one._replace(parent=one.parent + index[-1] + 1) for one in below]
        return states

    def questions(self) -> list[Question]:
        """What its running nodes wait to be told from outside."""
        found: list[Question] = []
        for node in behaviours(self.root) if hasattr(self, "root") else ():
            if node.status is Status.RUNNING and isinstance(node, Treelike):
                asked = node.asks()
                inner = node.execution.policy if isinstance(node, OptionLeaf) and node.execution is not None else None
                found += ([asked] if asked is not None else []) + (inner.questions() if isinstance(inner, TreePolicy) else [])
        return found

    def _plans(self) -> dict[str, TreePolicy]:
        """The plans that are carried out, by the path of their node, those of tasks within the tree included."""
        plans: dict[str, TreePolicy] = {}
        for leaf in behaviours(self.root) if hasattr(self, "root") else ():
            policy = leaf.execution.policy if isinstance(leaf, OptionLeaf) and leaf.execution is not None else None
            if isinstance(policy, TreePolicy):
                plans.update({leaf.name: policy} if isinstance(leaf, Planned) else policy._plans())
        return plans

    def _details(self) -> dict[str, tuple[str, str]]:
        details: dict[str, tuple[str, str]] = {}
        if not hasattr(self, "root"):
            return details
        for node in behaviours(self.root):
            details[node.name] = (node.status.value, str(node.feedback_message))
            if not isinstance(node, OptionLeaf) or node.execution is None:
                continue
            if node.status is Status.RUNNING:
                details[node.name] = (node.status.value, node.called())
            if isinstance(node.execution.policy, TreePolicy):
                details.update(node.execution.policy._details())
        return details

    # -- state in the open ------------------------------------------------------------------------------------------------------------------

    def snapshot(self) -> Snapshot:
        """The whole state as plain JSON values; events not yet drained are not part of it."""
        return {
            "parameters": dict(self.run.parameters),
            "roles": self.given_roles,
            "origin": self.origin,
            "ticks": self.ticks,
            "wake": None if self.run.wake == float("inf") else self.run.wake,
            "active": list(self.run.active),
            "halted": {arm: [deadline, leaf.name] for arm, (deadline, leaf) in self.run.halted.items()},
            "statuses": dict(self.statuses),
            "nodes": {node.name: _node_state(node) for node in behaviours(self.root)},
        }

    def restore(self, snapshot: Snapshot) -> None:
        """Continue a run of the same task bit for bit."""
        self._build(snapshot["parameters"], snapshot["roles"])
        self.origin, self.ticks, self.statuses = snapshot["origin"], snapshot["ticks"], dict(snapshot["statuses"])
        self.run.wake = float("inf") if snapshot["wake"] is None else snapshot["wake"]
        leaves: dict[str, OptionLeaf] = {}
        for node in behaviours(self.root):
            _set_node_state(node, snapshot["nodes"][node.name])
            if isinstance(node, OptionLeaf):
                leaves[node.name] = node
        self.run.active.update({path: leaves[path] for path in snapshot["active"]})
        self.run.halted.update({arm: (deadline, leaves[path]) for arm, (deadline, path) in snapshot["halted"].items()})


def _node_state(node: Behaviour) -> Snapshot:
    current = getattr(node, "current_child", None)
    state = getattr(node, "state", None)
    return {
        "status": node.status.value,
        "message": str(node.feedback_message),
        "current": node.children.index(current) if current in node.children else None,
        "own": state() if state is not None else None,
    }


def _set_node_state(node: Behaviour, values: Snapshot) -> None:
    node.status, node.feedback_message = Status(values["status"]), values["message"]
    if hasattr(node, "current_child"):
        node.current_child = None if values["current"] is None else node.children[values["current"]]
    set_state = getattr(node, "set_state", None)
    if set_state is not None:
        set_state(values["own"])
