"""A skill's folder does what the model does, says what it is, and is not run when it was tampered with."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the extra 'learn' is not installed")

from skillkit.exceptions import InvalidValue, SkillkitError  # noqa: E402
from skillkit.learn.export import export_skill  # noqa: E402
from skillkit.learn.folding import FOLDS, fold  # noqa: E402
from skillkit.learn.model import Model  # noqa: E402
from skillkit.learn.networks import NETWORKS  # noqa: E402
from skillkit.learn.training import Training  # noqa: E402
from skillkit.policies.learned import Network  # noqa: E402
from skillkit.policies.quantise import quantise  # noqa: E402
from skillkit.policies.tensors import read_tensors  # noqa: E402

VARIANTS = ({"film": True}, {"network": "heads", "film": True}, {"members": 3}, {"bins": 5}, {"bins": 9, "members": 2}, {"pulls": 3, "members": 2})
FOLDED = sorted(name for name, kind in NETWORKS.items() if kind in FOLDS)


def trained(configured: Callable, folder: Path, **changes: object) -> Model:
    training = Training(configured(**{"steps": 15, "average": 0.0, "rate": 0.02, "condition": "embedding", **changes}), folder)
    training.run()
    return training.model.eval()


def said(model: Model, task: str, seen: np.ndarray) -> np.ndarray:
    with torch.no_grad():
        return model(torch.from_numpy(seen)[None].to(torch.float32), torch.tensor([model.number(task)]))[0].numpy()


@pytest.mark.parametrize("changes", [*({"network": name} for name in FOLDED), *VARIANTS], ids=str)
def test_a_folded_task_is_the_model_on_that_task(changes: dict, configured: Callable, tmp_path: Path) -> None:
    model = trained(configured, tmp_path, **changes)
    seen = np.random.default_rng(0).normal(size=(20, 6))
    for task in ("approach", "sideways"):
        network = Network({name: value.numpy() for name, value in fold(model, task).items()}, model.config.scales, model.features.first)
        found = np.array([network(row) for row in seen])
        assert found == pytest.approx(said(model, task, seen), abs=2e-5, rel=1e-4)


def test_what_cannot_be_folded_says_so(configured: Callable, tmp_path: Path) -> None:
    with pytest.raises(InvalidValue, match="to export"):
        fold(trained(configured, tmp_path, network="mixture"), "flee")


@pytest.mark.parametrize("word", ["bins", "pulls"])
def test_bins_and_pulls_are_not_written_as_onnx_and_nothing_is_left_behind(word: str, configured: Callable, tmp_path: Path) -> None:
    trained(configured, tmp_path / "run", **{word: 5})
    with pytest.raises(InvalidValue, match="numpy"):
        export_skill(tmp_path / "run", tmp_path / "out", "flee", onnx=True)
    assert not (tmp_path / "out").exists()


def test_a_folder_has_weights_with_their_hash_and_a_card_with_the_data_s_licence(configured: Callable, tmp_path: Path) -> None:
    trained(configured, tmp_path / "run")
    export_skill(tmp_path / "run", tmp_path / "out", "flee")
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"weights.safetensors", "policy.json", "CARD.md"}
    policy = json.loads((tmp_path / "out" / "policy.json").read_text())
    assert "members.0.0.weight" in read_tensors(tmp_path / "out" / "weights.safetensors", policy["sha256"])
    card = (tmp_path / "out" / "CARD.md").read_text()
    for part in ("CC0-1.0", "a formula", "4 demonstrations", policy["sha256"], "## Limits"):
        assert part in card


def test_nothing_is_exported_over_something_or_for_no_task(configured: Callable, tmp_path: Path) -> None:
    trained(configured, tmp_path / "run")
    with pytest.raises(InvalidValue, match="approach, flee, sideways"):
        export_skill(tmp_path / "run", tmp_path / "out")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine").touch()
    with pytest.raises(InvalidValue, match="empty"):
        export_skill(tmp_path / "run", tmp_path / "out", "flee")


def test_weights_that_were_changed_are_not_loaded(configured: Callable, tmp_path: Path) -> None:
    trained(configured, tmp_path)
    file = tmp_path / "weights.safetensors"
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes(data)
    with pytest.raises(SkillkitError, match="sha256"):
        Model.load(tmp_path)


def test_onnx_says_what_the_model_says_and_eight_bits_nearly_so(configured: Callable, tmp_path: Path) -> None:
    pytest.importorskip("onnx", reason="the extra 'onnx' is not installed")
    pytest.importorskip("onnxruntime", reason="the extra 'onnx' is not installed")
    from skillkit.policies.learned import Loaded

    model = trained(configured, tmp_path / "run", members=2, steps=80)
    export_skill(tmp_path / "run", tmp_path / "plain", "approach", onnx=True)
    export_skill(tmp_path / "run", tmp_path / "int8", "approach", onnx=True, int8=quantise)
    seen = np.random.default_rng(0).uniform(-1, 1, (50, 6))
    wanted = said(model, "approach", seen)
    exact, near = Loaded(tmp_path / "plain"), Loaded(tmp_path / "int8")
    assert np.array([exact.network(row) for row in seen]) == pytest.approx(wanted, abs=1e-5, rel=1e-4)
    assert float(np.abs(np.array([near.network(row) for row in seen]) - wanted).mean()) < 0.08 * float(np.abs(wanted).mean())
    (tmp_path / "int8" / "policy-int8.onnx").write_bytes(b"other")
    with pytest.raises(SkillkitError, match="sha256"):
        Loaded(tmp_path / "int8")
