"""A process that has one task run and ends with it; exit status 0 only when it SUCCEEDED. SIGINT and SIGTERM cancel it."""

from __future__ import annotations

import json
import signal
import sys
import threading
import time

import rclpy
from rclpy.signals import SignalHandlerOptions

from skillkit.exceptions import SkillkitError
from skillkit.library import load_skills
from skillkit.ros.client import TaskClient
from skillkit.ros.conversions import parameters_of
from skillkit.ros.origin import with_origin
from skillkit.ros.parameters import declare

PARAMETERS = {
    "task": ("", "the task to run"),
    "parameters": ("{}", "of the task, a JSON object"),
    "skills": ("", "folder of skill folders that the runtime's have to be equal to; empty: they are not compared, and neither are the clocks"),
    "ready_within": (60.0, "time to wait for the runtime [s]"),
}


class Interrupted(SkillkitError):
    """Asked to end before the task had begun."""


def main() -> None:
    """Entry point of the process."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    rclpy.init(signal_handler_options=SignalHandlerOptions.NO)
    client = TaskClient()
    try:
        sys.exit(_run(client, stop))
    except SkillkitError as error:
        print(error, file=sys.stderr)
        sys.exit(1)
    finally:
        client.close()
        rclpy.try_shutdown()


def _run(client: TaskClient, stop: threading.Event) -> int:
    given = declare(client, PARAMETERS)
    parameters = parameters_of(given["parameters"])

    def ready() -> None:
        if stop.is_set():
            raise Interrupted("ended before the task had begun")

    def cancel_when_asked() -> None:
        if stop.is_set():
            stop.clear()
            client.cancel()

    client.wait_until_ready(given["ready_within"], ready)
    if given["skills"]:
        digests = {name: skill.digest for name, skill in load_skills(given["skills"]).items()}
        parameters = with_origin(parameters, digests, time.time())
    report = client.run(given["task"], parameters, cancel_when_asked)
    found = {"task": given["task"], "outcome": report.outcome, "reason": report.reason, "duration_s": report.duration, "decisions": report.decisions}
    print(json.dumps(found), flush=True)
    return 0 if report.outcome == "SUCCEEDED" else 1


if __name__ == "__main__":
    main()
