"""How well the control loop keeps its schedule over real ROS 2: simulator, recorder and runtime as processes, the arm always moving.

    python benchmarks/ros_loop.py [--seconds 60] [--cameras 0] [--json]

Jitter is the start of a tick after its due time; publish is from the start of a tick until its command is out; the observation's age is
that of the joint state, by its arrival, when the command is out. A tick is ``missed_machine_stood`` where a core of the machine stood still
when it or the one before was due, as a process above all others noted there. Exit 0 when nothing else was missed and both 99th percentiles
are at most 1 ms.

With ``--cameras 2`` two streams of 640×480 images at 30 Hz are published beside, and all topics recorded raw into a second bag: then no image
may be missing in it either, by the numbers that the images carry.
"""

from __future__ import annotations

import argparse
import json
import os
import struct
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

os.environ.setdefault("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")

import rclpy
from _machine import Machine
from rclpy.signals import SignalHandlerOptions
from sensor_msgs.msg import Image
from skillkit_interfaces.msg import StepResult

from skillkit.bags import open_bag
from skillkit.bags.cdr import Codec
from skillkit.bags.schemas import schema
from skillkit.ros.children import Children
from skillkit.ros.client import TaskClient, TaskReport
from skillkit.ros.names import EVERY, RESULT
from skillkit.ros.processes import Process, Setup, bringup

TASK = """
task: to_and_fro
scene: coffee
tree:
  repeat:
    times: 1000
    do:
      sequence:
        - force_success: {skill: {reach: {object: cabinet_handle, distance: 0.25}}}
        - force_success: {skill: {reach: {object: tray, distance: 0.15, height: 0.2}}}
"""
LIMIT = 1.0  # [ms]
PERIOD = 0.01  # [s] of the Panda's control loop
IMAGE = "sensor_msgs/msg/Image"


def main() -> int:
    """Run, print, judge."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--cameras", type=int, default=0, help="streams of images that are recorded beside")
    parser.add_argument("--camera", default="", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.camera:
        return camera(arguments.camera)
    images: dict[str, float] = {}
    with TemporaryDirectory() as folder:
        task = Path(folder) / "to_and_fro.yaml"
        task.write_text(TASK, encoding="utf-8")
        setup = Setup(robot="panda", tasks=(str(task),), bag=str(Path(folder) / "run.mcap"))
        beside = Path(folder) / "images.mcap"
        recorder = [Process("topic_recorder", "skillkit.ros.topic_recorder", {"bag": str(beside)})] if arguments.cameras else []
        with Children([*bringup(setup), *recorder], Path(folder)) as children, rclpy.init():
            cameras = [subprocess.Popen([sys.executable, __file__, "--camera", f"camera{i}/image"]) for i in range(arguments.cameras)]
            try:
                with Machine() as machine:
                    report, started = measure(children, arguments.seconds)
            finally:
                for process in cameras:
                    process.terminate()
                    process.wait()
            time.sleep(1.0 if cameras else 0.0)  # the last images are on their way
        if cameras:
            images = recorded(beside)
        gaps = [due for due in skipped(Path(setup.bag)) if started + due < machine.ended]
    figures = {"outcome": report.outcome, "reason": report.reason, "cores": os.cpu_count(), "load": os.getloadavg()[0], **report.loop, **images}
    if machine.stalls is not None:
        else_at = [due for due in gaps if not machine.stood(started + due - PERIOD, started + due + PERIOD)]
        stood = min(figures["missed"], len(gaps) - len(else_at))
        longest = max((end - begin for begin, end in machine.stalls), default=0.0)
        figures |= {"missed_machine_stood": float(stood), "machine_stalls": float(len(machine.stalls)), "machine_stall_max_ms": 1e3 * longest}
        figures |= {"machine_stolen_s": machine.stolen, "missed_else_at_s": ", ".join(f"{due:.2f}" for due in else_at) or "never"}
    if arguments.json:
        print(json.dumps(figures))
    else:
        for name, value in figures.items():
            print(f"{name:24} {value if isinstance(value, str) else format(value, '.3f')}")
    kept = (
        figures["missed"] == figures.get("missed_machine_stood", 0.0)
        and figures["jitter_p99_ms"] <= LIMIT
        and figures["publish_p99_ms"] <= LIMIT
        and not images.get("images_missing")
    )
    return 0 if kept and report.outcome == "PREEMPTED" else 1


def camera(topic: str) -> int:
    """Publish numbered images until the process is ended; encoded once, for a camera's driver is not what is measured."""
    codec = Codec(IMAGE, schema(IMAGE))
    data = bytearray(codec.encode({"height": 480, "width": 640, "encoding": "rgb8", "step": 1920, "data": os.urandom(480 * 1920)}))
    with rclpy.init(signal_handler_options=SignalHandlerOptions.NO):  # a signal ends it at once
        node = rclpy.create_node(topic.replace("/", "_"))
        output, number = node.create_publisher(Image, topic, EVERY), 0
        begun = time.monotonic()
        while rclpy.ok():
            struct.pack_into("<i", data, 4, number)  # in its stamp
            output.publish(bytes(data))
            number += 1
            time.sleep(max(0.0, begun + number / 30.0 - time.monotonic()))
    return 0


def recorded(bag: Path) -> dict[str, float]:
    """How many images are in the bag, and how many are missing between the first and the last of a stream."""
    found, missing = 0, 0
    with open_bag(bag) as opened:
        for name in [name for name, topic in opened.topics.items() if topic.type == IMAGE]:
            numbers = [struct.unpack_from("<i", message.data, 4)[0] for message in opened.raw_messages(name)]
            found, missing = found + len(numbers), missing + numbers[-1] - numbers[0] + 1 - len(numbers)
    return {"images": float(found), "images_missing": float(missing)}


def skipped(bag: Path) -> list[float]:
    """When the ticks were due that are not in the bag [s, task clock]."""
    with open_bag(bag) as opened:
        ticks = [round(float(step["now"]) / PERIOD) for step, _ in opened.steps()]
    return [tick * PERIOD for before, after in pairwise(ticks) for tick in range(before + 1, after)]


def measure(children: Children, seconds: float) -> tuple[TaskReport, float]:
    """Move for a while, then cancel; the report, and when the task clock was 0 on the monotonic one [s]."""
    client = TaskClient()
    end = started = float("inf")

    def hear(message: StepResult) -> None:
        nonlocal started
        started = min(started, time.monotonic() - message.header.stamp.sec - 1e-9 * message.header.stamp.nanosec)

    def cancel_in_time() -> None:
        nonlocal end
        children.check()
        end = time.monotonic() + seconds if end == float("inf") else end
        if time.monotonic() > end:
            client.cancel()

    try:
        client.wait_until_ready(60.0, children.check)
        client.create_subscription(StepResult, RESULT, hear, 1)
        return client.run("to_and_fro", {}, cancel_in_time), started
    finally:
        client.close()


if __name__ == "__main__":
    sys.exit(main())
