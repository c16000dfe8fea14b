"""``skillkit run --checkpoint`` and ``--resume`` from the command line, with a real kill between."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from skillkit.assembly.checkpoint import Checkpoint
from skillkit.cli.app import call

RUN = ["run", "prepare_coffee", "--seed", "3", "--json"]


@pytest.mark.timeout(300)
def test_a_killed_run_is_resumed_by_name_of_its_checkpoint(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "run.json"
    process = subprocess.Popen([sys.executable, "-m", "skillkit", *RUN, "--checkpoint", str(file)], stdout=subprocess.DEVNULL)
    end = time.monotonic() + 120.0
    while time.monotonic() < end and not (file.exists() and Checkpoint.read(file).runtime["now"] > 3.0):
        assert process.poll() is None
        time.sleep(0.02)
    process.kill()
    process.wait()
    assert call(["run", "press_everything", "--resume", str(file)]) == 2
    assert "it is of the task 'prepare_coffee'" in capsys.readouterr().err
    assert call(["run", "prepare_coffee", "--resume", str(file), "--seed", "0", "--checkpoint", str(file), "--json"]) == 0
    run = json.loads(capsys.readouterr().out)["runs"][0]
    assert (run["seed"], run["success"]) == (3, True)
    assert call(["run", "prepare_coffee", "--resume", str(file)]) == 2
    assert "nothing left to do" in capsys.readouterr().err


def test_resume_takes_parameters_from_the_checkpoint_only(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call([*RUN, "--resume", str(tmp_path / "none.json")]) == 2
    assert "cannot resume" in capsys.readouterr().err
    assert call([*RUN, "--resume", str(tmp_path / "none.json"), "--set", "cup=cup_1"]) == 2
    assert "--set" in capsys.readouterr().err
    assert call([*RUN, "--checkpoint", "a.json", "--episodes", "2"]) == 2
