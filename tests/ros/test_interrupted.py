"""A node that is interrupted before it runs leaves at once, and says nothing."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest

pytestmark = pytest.mark.ros
pytest.importorskip("rclpy")


@pytest.mark.parametrize("library", ["_multiarray_umath", "libpinocchio_default", "mujoco/_structs", "rcl_interfaces_s__rosidl"])
def test_an_interrupt_while_a_node_imports_leaves_no_traceback(library: str) -> None:
    command = [sys.executable, "-m", "skillkit.ros.runtime_node", "--ros-args", "-p", "robot:=panda"]
    heed = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)  # whoever runs the tests in the background has it ignored, and a child inherits that
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, preexec_fn=heed) as process:
        try:
            while process.poll() is None and library not in Path(f"/proc/{process.pid}/maps").read_text():  # so far it has come
                time.sleep(0.002)
            process.send_signal(signal.SIGINT)
            said, _ = process.communicate(timeout=60.0)
        finally:
            process.kill()  # one that does not heed would run beside all further tests, above them
    assert "Traceback" not in said
    assert process.returncode in (0, -signal.SIGINT)
