"""Records of a short run, as the runtime makes them."""

from __future__ import annotations

import math
from types import SimpleNamespace

import pytest

from skillkit.bags.standard import Joints

JOINTS = Joints(tuple(f"panda_joint{i}" for i in range(1, 8)), ("finger_left", "finger_right"), (0.5, 0.0))


def head(time: float) -> dict:
    nanoseconds = round(time * 1e9)
    return {"stamp": {"sec": nanoseconds // 10**9, "nanosec": nanoseconds % 10**9}, "frame_id": ""}


def step_record(tick: int) -> dict:
    now = tick * 0.01
    inputs = [
        {"kind": "joint", "name": "panda", "stamp": now - 0.001, "received": now, "values": [math.sin(tick + i) for i in range(14)] + [0.08, 1.5], "text": ""},
        {"kind": "object", "name": "cup_1", "stamp": now, "received": now, "values": [0.4, -0.1 / 3, 0.2, 0.0, 0.0, 0.0, 1.0], "text": ""},
        {"kind": "signal", "name": "cup_1_fill", "stamp": now, "received": now, "values": [0.25], "text": ""},
    ]
    if tick == 0:
        goal = {
            "kind": "goal",
            "name": "g1",
            "stamp": 0.0,
            "received": 0.0,
            "values": [],
            "text": '{"option": "prepare_coffee", "parameters": {"was": "ÄÖ ☕"}, "roles": {}}',
        }
        inputs.append(goal)
    return {"header": head(now), "tick": tick, "now": now, "inputs": inputs}


def result_record(tick: int) -> dict:
    now = tick * 0.01
    directive = {"arm": "panda", "kind": "delta", "frame": "world", "values": [1e-3 / 3] * 6, "closure": math.nan, "period": 0.05, "start": now}
    command = {"arm": "panda", "position": [0.1 * tick] * 7, "velocity": [0.5] * 7, "closure": 0.25, "limited": ["gate:velocity:panda_joint2"], "safe": True}
    command["residual"] = [1e-4 * tick, 0.0, 0.0, 0.0, 0.0, 1e-3]
    result = {
        "header": head(now), "tick": tick, "directives": [directive], "commands": [command],
        "started": [], "statuses": [], "transitions": [], "ended": [], "judged": [], "writes": [], "draws": [],
        "calls": [{"path": "coffee/open_cabinet", "weights": "0123456789abcdef"}],
    }  # fmt: skip
    if tick == 0:
        result["started"] = [started("coffee", "prepare_coffee", now), started("coffee/open_cabinet", "open_door", now)]
        result["statuses"] = [{"path": "coffee/open_cabinet", "status": "RUNNING"}]
    if tick == 50:
        result["judged"] = [{"path": "coffee/open_cabinet", "part": "termination", "score": 1.0}]
        result["writes"] = [{"path": "coffee/set", "name": "tries", "value": "2"}]
        result["transitions"] = [transition("coffee/open_cabinet", "open_door", 0.0, now, "SUCCEEDED", "")]
        result["started"] = [started("coffee/grasp_cup", "grasp", now)]
    if tick == 90:
        result["transitions"] = [
            transition("coffee/grasp_cup", "grasp", 0.5, now, "FAILED", "the cup slipped"),
            transition("coffee", "prepare_coffee", 0.0, now, "FAILED", "grasp_cup"),
        ]  # fmt: skip
        result["ended"] = [{"goal": "g1", "outcome": "FAILED", "reason": "grasp_cup: the cup slipped", "time": now}]
    return result


def started(path: str, option: str, time: float) -> dict:
    return {"path": path, "option": option, "parameters": '{"object": "cup_1"}', "time": time, "score": 1.0}


def transition(path: str, option: str, start: float, end: float, outcome: str, reason: str) -> dict:
    return {
        "header": head(end), "path": path, "option": option, "parameters": '{"object": "cup_1"}', "start": start, "duration": end - start,
        "steps": 10, "reward": 0.5, "terminated": True, "truncated": False, "outcome": outcome, "reason": reason,
    }  # fmt: skip


def write_run(writer, ticks: int = 100) -> None:
    """Attachments, metadata and ``ticks`` steps."""
    writer.attach("robot.urdf", b"<robot name='panda'/>", "application/xml")
    writer.attach("task.yaml", "task: prepare_coffee # ☕\n".encode(), "application/yaml")
    writer.metadata("run", {"task": "prepare_coffee", "robot": "panda", "seed": 7})
    writer.metadata("platform", {"version_numpy": "2.0"})
    for tick in range(ticks):
        writer.write_step(step_record(tick), result_record(tick))


@pytest.fixture(scope="session")
def run_bag(tmp_path_factory):
    """A finished bag of 100 steps."""
    from skillkit.bags import BagWriter

    path = tmp_path_factory.mktemp("bags") / "run.mcap"
    with BagWriter(path, arms={"panda": JOINTS}, flush_every=0.1) as writer:
        write_run(writer)
    return path


@pytest.fixture(scope="session")
def run():
    """What the run is made of."""
    return SimpleNamespace(step=step_record, result=result_record, write=write_run, joints=JOINTS)
