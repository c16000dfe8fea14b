"""Training over processes that share their gradients (gloo, two on this machine)."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

torch = pytest.importorskip("torch", reason="the extra 'learn' is not installed")

from skillkit.learn.acting import Acting  # noqa: E402
from skillkit.learn.model import Model  # noqa: E402
from skillkit.learn.training import LOG, Training  # noqa: E402


@pytest.mark.timeout(400)  # three times that torch is loaded, where the machine is busy
def test_two_processes_train_one_model_and_one_of_them_writes(configured: Callable, tmp_path: Path) -> None:
    config = configured(steps=60, batch=32, rate=1e-2, average=0.9)
    (tmp_path / "t.yaml").write_text(yaml.safe_dump(config.as_dict()))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        meeting = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free.getsockname()[1]), "WORLD_SIZE": "2"}  # what torchrun says to each process
    command = [sys.executable, "-m", "skillkit", "train", str(tmp_path / "t.yaml"), "-o", str(tmp_path / "two")]
    processes = [subprocess.Popen(command, env={**os.environ, **meeting, "RANK": str(rank)}, stdout=subprocess.DEVNULL) for rank in range(2)]
    try:
        assert [process.wait(timeout=380) for process in processes] == [0, 0]
    finally:
        for process in processes:
            process.kill()
    assert len((tmp_path / "two" / LOG).read_text().splitlines()) == 6
    Training(config, tmp_path / "one").run()
    first, second = (list(Model.load(tmp_path / name).parameters()) for name in ("one", "two"))
    assert not all(bool((a == b).all()) for a, b in zip(first, second, strict=True))  # the other process drew batches of its own
    seen = torch.tensor([0.1, -0.2, 0.3, 0.5, 0.4, -0.1]).numpy()
    assert Acting(tmp_path / "two").of("approach")(seen) == pytest.approx([0.4, 0.6, -0.4], abs=0.3)
