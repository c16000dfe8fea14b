"""Steps as plain dicts shaped like the messages of ``skillkit_interfaces``: what bags hold and ROS publishes.

One shape for both, so that a bag written in process and one recorded over ROS re-execute alike. Floats are never rounded.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from skillkit.events import Called, Drawn, Event, Judged, Note, Started, StatusChange, Transition, Written
from skillkit.exceptions import SkillkitError
from skillkit.protocols import Snapshot
from skillkit.runtime import GoalEnded, Runtime, StepResult
from skillkit.spaces import (
    AnswerInput,
    CancelInput,
    CartesianDelta,
    ControlInput,
    Delegated,
    Directive,
    DriverInput,
    GoalInput,
    Input,
    JointCommand,
    JointInput,
    JointTarget,
    ObjectInput,
    SignalInput,
    TeleopInput,
    WrenchInput,
)

NAN = float("nan")
Record = dict[str, Any]
NO_EVENTS: Mapping[str, Any] = {"started": (), "statuses": (), "transitions": ()}
NO_NOTES: Mapping[str, Any] = {"judged": (), "calls": (), "writes": (), "draws": ()}


def time_fields(seconds: float) -> Record:
    """Task clock [s] → the fields of ``builtin_interfaces/Time``."""
    nanoseconds = round(seconds * 1e9)
    return {"sec": nanoseconds // 1_000_000_000, "nanosec": nanoseconds % 1_000_000_000}


def header(seconds: float, frame: str = "") -> Record:
    """The fields of ``std_msgs/Header``."""
    return {"stamp": time_fields(seconds), "frame_id": frame}


def time_of(record: Mapping[str, Any]) -> float:
    """The stamp in a record's header [s]."""
    stamp = record["header"]["stamp"]
    return float(stamp["sec"]) + 1e-9 * float(stamp["nanosec"])


# -- inputs --------------------------------------------------------------------------------------------------------------------------


def input_record(given: Input) -> Record:
    """``skillkit_interfaces/Input``."""
    said = SAID[type(given)](given)
    stamp, values = getattr(given, "stamp", given.received), [float(value) for value in said.values]
    return {"kind": said.kind, "name": said.name, "stamp": float(stamp), "received": float(given.received), "values": values, "text": said.text}


class _Said(NamedTuple):
    """What is particular to one kind of input."""

    kind: str
    name: str
    values: Sequence[float] = ()
    text: str = ""


def _words(**words: Any) -> str:
    return json.dumps(words, sort_keys=True)


SAID: Mapping[type, Callable[[Any], _Said]] = {
    JointInput: lambda i: _Said("joint", i.arm, (*i.position, *i.velocity, i.opening, i.force)),
    WrenchInput: lambda i: _Said("wrench", i.arm, i.values),
    ObjectInput: lambda i: _Said("object", i.name, (*i.position, *i.quaternion)),
    SignalInput: lambda i: _Said("signal", i.name, (i.value,)),
    GoalInput: lambda i: _Said("goal", i.goal, text=_words(option=i.option, parameters=dict(i.parameters), roles=dict(i.roles))),
    CancelInput: lambda i: _Said("cancel", i.goal, text=i.reason),
    DriverInput: lambda i: _Said("driver", i.arm, (i.speed,), _words(state=i.state, reason=i.reason)),
    TeleopInput: lambda i: _Said("teleop", i.arm, (*i.twist, *i.pose), _words(frame=i.frame, closure=i.closure, who=i.who, why=i.why)),
    AnswerInput: lambda i: _Said("answer", i.question, text=i.answer),
    ControlInput: lambda i: _Said("control", i.word),
}


def input_from_record(record: Mapping[str, Any]) -> Input:
    """The inverse of :func:`input_record`, bit for bit.

    Raises:
        SkillkitError: not an input record; the message says what is wrong.
    """
    kind, name, stamp, received = str(record["kind"]), str(record["name"]), float(record["stamp"]), float(record["received"])
    values, text = tuple(map(float, record["values"])), str(record["text"])
    try:
        if kind == "joint":
            n = (len(values) - 2) // 2
            return JointInput(name, stamp, received, values[:n], values[n : 2 * n], values[2 * n], values[2 * n + 1])
        if kind == "wrench":
            return WrenchInput(name, stamp, received, values)
        if kind == "object":
            x, y, z, qx, qy, qz, qw = values
            return ObjectInput(name, stamp, received, (x, y, z), (qx, qy, qz, qw))
        if kind == "signal":
            return SignalInput(name, stamp, received, values[0])
        if kind == "goal":
            goal = json.loads(text)
            return GoalInput(name, received, goal["option"], goal["parameters"], goal["roles"])
        if kind == "driver":
            driver = json.loads(text)
            return DriverInput(name, received, driver["state"], driver["reason"], values[0])
        if kind == "teleop":
            twist, pose = (values, ()) if len(values) == 6 else ((), values)
            return TeleopInput(name, stamp, received, twist, pose, **json.loads(text))
    except (ValueError, IndexError, KeyError, TypeError) as error:
        raise SkillkitError(f"the recorded {kind} input '{name}' is damaged: {error}") from None
    if kind == "cancel":
        return CancelInput(name, received, text)
    if kind == "control":
        return ControlInput(name, received)
    if kind == "answer":
        return AnswerInput(name, received, text)
    raise SkillkitError(f"unknown kind of input '{kind}'; allowed: joint, wrench, object, signal, goal, cancel, control, answer, driver, teleop")


def step_record(tick: int, now: float, inputs: Sequence[Input]) -> Record:
    """``skillkit_interfaces/Step``: enough, alone, to re-execute."""
    return {"header": header(now), "tick": tick, "now": now, "inputs": [input_record(given) for given in inputs]}


def inputs_from_record(record: Mapping[str, Any]) -> list[Input]:
    """The inputs of a Step record, in the order in which they were consumed."""
    return [input_from_record(given) for given in record["inputs"]]


# -- results -------------------------------------------------------------------------------------------------------------------------


def result_record(result: StepResult) -> Record:
    """``skillkit_interfaces/StepResult``."""
    return {
        "header": header(result.time),
        "tick": result.tick,
        "directives": [directive_record(arm, directive) for arm, directive in result.directives.items()],
        "commands": [_command(arm, command, result.residuals.get(arm, ())) for arm, command in result.commands.items()],
        **(_events(result.events, result.time) if result.events else NO_EVENTS),
        "ended": [_ended(goal) for goal in result.ended],
        **(_notes(result.notes) if result.notes else NO_NOTES),
    }


def _events(events: Sequence[Event], time: float) -> Record:
    return {
        "started": [_started(event) for event in events if isinstance(event, Started)],
        "statuses": [{"path": event.path, "status": event.status} for event in events if isinstance(event, StatusChange)],
        "transitions": [_transition(event, time) for event in events if isinstance(event, Transition)],
    }


def _notes(notes: Sequence[Note]) -> Record:
    return {
        "judged": [{"path": note.path, "part": note.part, "score": float(note.score)} for note in notes if isinstance(note, Judged)],
        "calls": [{"path": note.path, "weights": note.weights} for note in notes if isinstance(note, Called)],
        "writes": [{"path": note.path, "name": note.name, "value": json.dumps(note.value)} for note in notes if isinstance(note, Written)],
        "draws": [{"path": note.path, "count": note.count, "state": note.state} for note in notes if isinstance(note, Drawn)],
    }


def state_text(runtime: Runtime) -> str:
    """The whole state of a runtime as one line of JSON, as ``skillkit_interfaces/Keyframe`` holds it."""
    return snapshot_text(runtime.snapshot())


def snapshot_text(state: Snapshot) -> str:
    """As :func:`state_text`, of a state that was taken before."""
    return json.dumps(state, sort_keys=True)


def keyframe_record(tick: int, time: float, state: str) -> Record:
    """``skillkit_interfaces/Keyframe``: the state behind a step, as :func:`state_text` gives it."""
    return {"header": header(time), "tick": tick, "state": state}


def directive_record(arm: str, directive: Directive) -> Record:
    """``skillkit_interfaces/Directive``."""
    kind, frame, closure, period, start = "hold", "", None, 0.0, 0.0
    values: list[float] = []
    if isinstance(directive, CartesianDelta):
        kind, frame, closure, period, start = "delta", directive.frame, directive.closure, directive.period, directive.start
        values = [float(value) for value in (*directive.translation, *directive.rotation)]
    elif isinstance(directive, JointTarget):
        kind, values, closure = "joints", [float(value) for value in directive.position], directive.closure
    elif isinstance(directive, Delegated):
        kind, frame = "delegated", directive.to
    closed = NAN if closure is None else float(closure)
    return {"arm": arm, "kind": kind, "frame": frame, "values": values, "closure": closed, "period": float(period), "start": float(start)}


def _command(arm: str, command: JointCommand, residual: Iterable[float]) -> Record:
    return {
        "arm": arm,
        "position": command.position.tolist(),
        "velocity": command.velocity.tolist(),
        "closure": float(command.closure),
        "limited": list(command.limited),
        "safe": command.safe,
        "residual": [float(value) for value in residual],
    }


def _started(event: Started) -> Record:
    return {"path": event.path, "option": event.option, "parameters": _json(event.parameters), "time": float(event.time), "score": float(event.score)}


def _transition(event: Transition, time: float) -> Record:
    return {
        "header": header(time),
        "path": event.path,
        "option": event.option,
        "parameters": _json(event.parameters),
        "start": float(event.start),
        "duration": float(event.duration),
        "steps": event.steps,
        "reward": float(event.reward),
        "terminated": event.terminated,
        "truncated": event.truncated,
        "outcome": event.ending.outcome.value,
        "reason": event.ending.reason,
    }


def _ended(goal: GoalEnded) -> Record:
    return {"goal": goal.goal, "outcome": goal.ending.outcome.value, "reason": goal.ending.reason, "time": float(goal.time)}


def _json(parameters: Mapping[str, Any]) -> str:
    return json.dumps(dict(parameters), sort_keys=True)
