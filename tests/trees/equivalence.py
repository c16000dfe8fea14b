"""The library against the reference interpreter on one random tree, with what must hold at every tick."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import reference
from scripted import ENDINGS, SKILLS, observation

from skillkit.events import Transition
from skillkit.execution import Execution
from skillkit.spaces import Observation
from skillkit.trees import TreePolicy, load_task

ARMS = {"left": "one", "right": "two"}
TICKS = 400
LETTERS = {outcome: letter for letter, outcome in ENDINGS.items()}
HEADER = "variables: {n: {type: number, maximum: 3, default: 0}}"


def compare(seed: int, folder: Path, halt_at: int = TICKS) -> str:
    """Empty when both did the same; else what differs. The run is halted at a tick, and nothing may be active after that."""
    tree = {"sequence": [{"wait": 0.0}, reference.random_tree(random.Random(seed))]}
    outcome, log = reference.run(tree, halt_at)
    found, runs, wrong = _run(tree, folder / "t.yaml", halt_at)
    if wrong:
        return f"seed {seed}: {wrong}"
    if outcome != found or sorted(log) != sorted(runs):
        return f"seed {seed}: {json.dumps(tree)}\nreference {outcome} {sorted(log)}\nlibrary   {found} {sorted(runs)}"
    return ""


def _run(tree: dict[str, Any], path: Path, ticks: int) -> tuple[str, list[tuple[str, str, int, int]], str]:
    path.write_text(f"task: t\n{HEADER}\ntree: {json.dumps(tree)}\n")
    execution = Execution(load_task(path, SKILLS).option(SKILLS, roles=tuple(ARMS)), {}, ARMS)
    execution.begin(_look(0), 0.0)
    runs, wrong = [], ""
    for tick in range(ticks):
        execution.step(_look(tick), tick * 0.01)
        runs += _ended(execution)
        wrong = wrong or _shared(execution)
        if execution.ending is not None:
            break
    outcome = LETTERS[execution.ending.outcome] if execution.ending is not None else ""
    execution.preempt(_look(ticks), ticks * 0.01, "stop")
    left = [leaf.name for leaf in execution.policy.run.active.values()] if isinstance(execution.policy, TreePolicy) else []
    return outcome, runs, wrong or (f"active after the end: {left}" if left else "")


def _look(tick: int) -> Observation:
    still = observation(0.0).arms["panda"]
    return Observation(tick * 0.01, dict.fromkeys(ARMS.values(), still), {}, {"beat": reference.beat(tick)})


def _ended(execution: Execution) -> list[tuple[str, str, int, int]]:
    ended = [event for event in execution.drain() if isinstance(event, Transition) and event.option != "t"]
    return [(event.option, LETTERS[event.ending.outcome], round(event.start * 100), round((event.start + event.duration) * 100)) for event in ended]


def _shared(execution: Execution) -> str:
    policy = execution.policy
    arms = [arm for leaf in policy.run.active.values() for arm in leaf.arms] if isinstance(policy, TreePolicy) and execution.ending is None else []
    return f"a shared lease: {arms}" if len(arms) > len(set(arms)) else ""
