"""A training learns what is there to learn, gives the same weights every time, and goes on after a kill as if nothing had been."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="the extra 'learn' is not installed")

from skillkit.exceptions import InvalidValue, UnknownName  # noqa: E402
from skillkit.learn.acting import Acting  # noqa: E402
from skillkit.learn.model import WEIGHTS, Model  # noqa: E402
from skillkit.learn.networks import NETWORKS  # noqa: E402
from skillkit.learn.report import write_report  # noqa: E402
from skillkit.learn.training import LOG, Training  # noqa: E402


class Killed(Exception):
    """Stands for a process that ends at once."""


def trained(config: object, folder: Path) -> Path:
    return Training(config, folder).run()  # type: ignore[arg-type]


def killed_at(step: int) -> Callable[[int, float], None]:
    def on_step(done: int, loss: float) -> None:
        if done == step:
            raise Killed

    return on_step


VARIANTS = {
    "plain": {},
    "pcgrad": {"aggregator": "pcgrad"},
    "gradnorm": {"weighting": "gradnorm"},
    "famo": {"weighting": "famo", "sampling": "square_root", "slots": 5},
    "relation": {"network": "relation"},
    "bins": {"bins": 5, "members": 2, "jitter": 0.01},
    "pulls": {"pulls": 3, "members": 2},
    "sixteen bits": {"precision": "bfloat16", "shift": 0.05},
}


@pytest.mark.parametrize("name", sorted(VARIANTS))
def test_a_killed_training_resumes_to_the_same_weights_bit_for_bit(name: str, configured: Callable, tmp_path: Path) -> None:
    config = configured(**VARIANTS[name])
    whole = trained(config, tmp_path / "whole")
    with pytest.raises(Killed):
        Training(config, tmp_path / "killed").run(killed_at(27))
    resumed = Training(config, tmp_path / "killed")
    assert resumed.step == 20
    resumed.run()
    assert (tmp_path / "killed" / WEIGHTS).read_bytes() == (whole / WEIGHTS).read_bytes()
    assert (tmp_path / "killed" / LOG).read_text() == (whole / LOG).read_text()


def test_kill_9_on_the_way_loses_nothing(configured: Callable, tmp_path: Path) -> None:
    config = configured(steps=4000, checkpoint_every=20)
    file = tmp_path / "t.yaml"
    import yaml

    file.write_text(yaml.safe_dump(config.as_dict()))
    command = [sys.executable, "-m", "skillkit", "train", str(file), "-o", str(tmp_path / "run")]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 300  # many seconds for torch to load where the machine is busy
    while not (tmp_path / "run" / "checkpoint.safetensors").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert not (tmp_path / "run" / WEIGHTS).exists()
    resumed = Training(config, tmp_path / "run")
    begun = resumed.step
    assert 0 < begun < 4000
    with pytest.raises(Killed):
        resumed.run(killed_at(begun + 20))
    again = Training(config, tmp_path / "other")
    with pytest.raises(Killed):
        again.run(killed_at(begun + 20))
    assert all(bool((a == b).all()) for a, b in zip(again.model.parameters(), resumed.model.parameters(), strict=True))


def test_another_seed_gives_another_model_and_the_same_seed_the_same(configured: Callable, tmp_path: Path) -> None:
    runs = [trained(configured(seed=seed, steps=5), tmp_path / name) for name, seed in (("a", 0), ("b", 0), ("c", 1))]
    a, b, c = ((run / WEIGHTS).read_bytes() for run in runs)
    assert a == b
    assert a != c


def test_a_run_does_not_go_on_with_another_configuration(configured: Callable, tmp_path: Path) -> None:
    trained(configured(steps=5), tmp_path)
    with pytest.raises(InvalidValue, match="config"):
        Training(configured(steps=6), tmp_path)


@pytest.mark.parametrize("network", ["shared", "heads", "separate"])
def test_it_learns_three_linear_tasks(network: str, configured: Callable, tmp_path: Path) -> None:
    trained(configured(network=network, steps=600, batch=64, rate=1e-2, average=0.99), tmp_path)
    acting = Acting(tmp_path)
    seen = torch.tensor([0.1, -0.2, 0.3, 0.5, 0.4, -0.1]).numpy()
    for task, wanted in (("approach", [0.4, 0.6, -0.4]), ("flee", [-0.4, -0.6, 0.4]), ("sideways", [0.5, 0.6, 0.1])):
        assert acting.of(task)(seen) == pytest.approx(wanted, abs=0.15)


@pytest.mark.parametrize("network", sorted(NETWORKS))
def test_every_network_trains_saves_and_loads(network: str, configured: Callable, tmp_path: Path) -> None:
    training = Training(configured(network=network, steps=3, condition="embedding"), tmp_path)
    training.run()
    x, task = torch.randn(2, 3, 6), torch.tensor([0, 2])
    with torch.no_grad():
        assert bool((Model.load(tmp_path)(x, task) == training.model.eval()(x, task)).all())


def test_failed_demonstrations_are_left_out_and_limits_hold(configured: Callable, tmp_path: Path) -> None:
    counts = {task.name: task.demonstrations for task in Training(configured(limits={"flee": 1}), tmp_path).data.tasks}
    assert counts == {"approach": 4, "flee": 1, "sideways": 3}
    assert [task.name for task in Training(configured(tasks="flee,approach"), tmp_path / "b").data.tasks] == ["flee", "approach"]


@pytest.mark.parametrize(
    "change", [{"network": "telepathy"}, {"weighting": "heavy"}, {"aggregator": "x"}, {"sampling": "x"}, {"tasks": "fly"}, {"condition": "x"}]
)
def test_a_method_that_does_not_exist_is_named(change: dict, configured: Callable, tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match=next(iter(change.values()))):
        Training(configured(**change), tmp_path)


def test_a_weighting_of_all_tasks_asks_for_a_slot_for_each(configured: Callable, tmp_path: Path) -> None:
    with pytest.raises(InvalidValue, match="slots"):
        Training(configured(weighting="uncertainty", slots=2), tmp_path)


def test_tasks_told_in_words_extend_to_words_not_heard_before(configured: Callable, tmp_path: Path) -> None:
    trained(configured(condition="language", steps=100, batch=16, rate=5e-3), tmp_path)
    acting, seen = Acting(tmp_path), torch.tensor([0.1, -0.2, 0.3, 0.5, 0.4, -0.1]).numpy()
    assert acting.of("new", "approach the goal")(seen) == pytest.approx(acting.of("approach")(seen), abs=1e-6)
    with pytest.raises(UnknownName):
        acting.of("new")


def test_the_report_is_one_page_that_asks_for_nothing_else(configured: Callable, tmp_path: Path) -> None:
    trained(configured(aggregator="pcgrad", network="mixture"), tmp_path)
    page = write_report(tmp_path).read_text()
    assert "<svg" in page
    assert "load of experts" in page
    assert "data:image/png;base64" in page
    assert "http" not in page.replace("http-equiv", "")


def test_the_log_has_a_line_for_every_so_many_steps(configured: Callable, tmp_path: Path) -> None:
    trained(configured(), tmp_path)
    lines = [json.loads(line) for line in (tmp_path / LOG).read_text().splitlines()]
    assert [line["step"] for line in lines] == [10, 20, 30, 40]
    assert all(len(line["losses"]) == 3 for line in lines)


PROCESS = """
import hashlib, sys
from pathlib import Path
from skillkit.learn.config import load_config
from skillkit.learn.training import Training
training = Training(load_config(sys.argv[1], {}), Path(sys.argv[2]))
training.run()
weights = b"".join(value.detach().numpy().tobytes() for value in training.averaged.values())
print(training.processes, hashlib.sha256(weights).hexdigest(), training.random.bit_generator.state["state"]["state"])
"""


def test_two_processes_under_torchrun_end_with_the_same_weights_from_draws_of_their_own(configured: Callable, tmp_path: Path) -> None:
    """Gradients are averaged over processes (gloo); what each ended with is printed by it."""
    (tmp_path / "train.yaml").write_text(json.dumps(configured().as_dict()))
    (tmp_path / "process.py").write_text(PROCESS)
    command = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2", str(tmp_path / "process.py"), str(tmp_path / "train.yaml")]
    done = subprocess.run([sys.executable, *command, str(tmp_path / "run")], capture_output=True, text=True, timeout=110)
    assert done.returncode == 0, done.stderr
    first, second = (line.split() for line in done.stdout.splitlines())
    assert first[:2] == second[:2]
    assert first[0] == "2"
    assert first[2] != second[2], "both drew the same batches"
    assert len((tmp_path / "run" / LOG).read_text().splitlines()) == 4, "only the first process writes"
