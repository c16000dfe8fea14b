"""What is wrong before anything moves: a camera's transform is missing, a controller has other joints, the robot is not put together as its model says.

All three at once, since the runtime has to find each of them at its activation.
"""

from __future__ import annotations

import json
import time
from base64 import b64decode
from pathlib import Path
from typing import Any, NamedTuple

from diagnostic_msgs.msg import DiagnosticArray
from fault_bench import STILL, Bench, emulated
from rclpy.action import ActionClient
from skillkit_interfaces.action import RunTask
from std_msgs.msg import Float64MultiArray, String

from skillkit.ros.names import DESCRIPTION, LATCHED
from skillkit.ros.origin import with_origin

FORWARD = {"driver": "forward_position", "controller": "forward_position_controller", "controller_manager": ""}
OFF = 0.003  # [m]
MANNERS = {"forward_order": "wrong", "object_frame": "lost_camera", "calibration": OFF}


class Found(NamedTuple):
    """What became of one of them: the outcome of a goal, or what else was done; ``wrong`` is what was promised and did not come."""

    name: str
    outcome: str
    resumed: str
    reason: str
    wrong: list[str]


def refused_for_its_clock(bench: Bench) -> Found:
    """A goal from a machine whose clock is half a second behind."""
    begun = time.monotonic()
    report = bench.client.run("to_and_fro", with_origin({}, {}, time.time() - 0.5))
    wrong = {
        f"answered after {1e3 * (time.monotonic() - begun):.0f} ms": time.monotonic() - begun > 0.15,
        f"outcome {report.outcome}": report.outcome != "REFUSED",
        f"reason '{report.reason}'": "clocks of the two machines" not in report.reason,
        "the arm moved": bench.fastest(begun, time.monotonic()) > STILL,
    }
    return Found(
        "clock offset 0.5 s", report.outcome, "by a goal of a machine whose clock agrees", report.reason, [text for text, holds in wrong.items() if holds]
    )


def run_activation(folder: Path) -> list[Found]:
    """Bring the arm up with all three, and look."""
    with emulated(folder, MANNERS, **FORWARD) as (bench, children):
        said: list[str] = []
        described: list[dict[str, Any]] = []
        commands: list[Any] = []
        node, begun = bench.observer.node, time.monotonic()
        node.create_subscription(DiagnosticArray, "/diagnostics", lambda message: said.extend(status.message for status in message.status), 10)
        node.create_subscription(String, DESCRIPTION, lambda message: described.append(json.loads(b64decode(json.loads(message.data)["run.json"]))), LATCHED)
        node.create_subscription(Float64MultiArray, "forward_position_controller/commands", commands.append, 10)
        bench.observer.until(lambda: any("lost_camera" in text for text in said), 60.0, "a word about the missing transform")
        offered = ActionClient(node, RunTask, "run_task").server_is_ready()
        bench.manners({"object_frame": "world"})
        bench.client.wait_until_ready(30.0, children.check)
        report = bench.client.run("to_and_fro", {})
        moved = "the arm moved" if commands or bench.fastest(begun, time.monotonic()) > STILL else ""
        off = described[-1]["calibration"]["ur5e"]
        printed = next((line for line in (folder / "runtime.log").read_text().splitlines() if "differs" in line), "").rpartition("]: ")[2]
    reason = next(text for text in said if "lost_camera" in text)
    named = "joints of the controller" in report.reason and report.outcome == "REFUSED"
    told = not off["agrees"] and abs(off["distance"] - OFF) < 1e-4 and "3.00 mm" in printed
    return [
        Found("tf missing", "accepts no goals", "when the transform is there", reason, [*["goals are accepted"][: int(offered)], *filter(None, [moved])]),
        Found("wrong joint order", report.outcome, "-", report.reason, [*["not refused by name"][: int(not named)], *filter(None, [moved])]),
        Found("calibration off by 3 mm", "the robot's own is used", "-", printed, [*["not printed and recorded"][: int(not told)], *filter(None, [moved])]),
    ]
