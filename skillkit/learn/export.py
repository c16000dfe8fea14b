"""A trained model → a skill's folder that runs without torch: description, numbers with their hash, and a card; no code that was not written here."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import torch
import yaml
from numpy.typing import NDArray
from safetensors.torch import save_file

from skillkit.exceptions import InvalidValue
from skillkit.learn.batches import chosen_episodes
from skillkit.learn.dataset import ACTION, STATE, Dataset
from skillkit.learn.folding import fold
from skillkit.learn.model import Model, describe
from skillkit.learn.results import RESULTS

POLICY = '''"""Learned from demonstrations; CARD.md says from which, and how well it does."""

from pathlib import Path

from skillkit.policies.learned import Learned


class Policy(Learned):
    """A trained network."""

    FOLDER = Path(__file__).resolve().parent
'''
Quantise: TypeAlias = Callable[[Path, Path, NDArray[np.float32]], None]
CALIBRATION = 512  # observations that the ranges of eight-bit activations are taken from
SLACK = 1.2  # an action may be this much larger than the largest one demonstrated


def export_skill(run: Path, folder: Path, task: str = "", onnx: bool = False, int8: Quantise | None = None) -> list[Path]:
    """Write the folder; what was written.

    Args:
        int8: makes the ONNX graph's eight-bit form, :func:`skillkit.policies.quantise.quantise`; none is written without.

    Raises:
        InvalidValue: the folder holds something already, the model knows several tasks and none is named, or its network cannot be folded.
        UnknownName: no such task. SkillkitError: there is no model, or its dataset is gone. MissingLibrary: for ONNX.
    """
    if folder.exists() and any(folder.iterdir()):
        raise InvalidValue("the folder to export to", str(folder), "a new or empty one")
    model, said = Model.load(run), describe(run)
    if not task and len(model.tasks) > 1:
        raise InvalidValue("--task", task, f"one of {', '.join(one.name for one in model.tasks)}")
    if model.encoder is not None or model.config.goal != "none":
        raise InvalidValue("encoder and goal", (model.config.encoder, model.config.goal), "none: a skill's policy sees the state of the scene only, so far")
    if onnx and (model.config.bins or model.config.pulls):
        given = {"bins": model.config.bins, "pulls": model.config.pulls}
        raise InvalidValue("outputs of the model to export as ONNX", given, "0 of both; numpy runs them: leave --onnx out, or train a regression")
    task = task or model.tasks[0].name
    shown = chosen_episodes(model.config, Dataset.read(model.config.dataset), task)
    tensors = fold(model, task)
    folder.mkdir(parents=True, exist_ok=True)
    save_file(tensors, folder / "weights.safetensors")
    limit = SLACK * np.abs(shown.steps(ACTION)).max(0).astype(np.float64)
    details = model.space.details
    view = {name: details.get(name, []) for name in ("objects", "numbers")}
    policy: dict[str, Any] = {
        "task": task, "view": view, "limit": limit.tolist(), "scales": list(model.config.scales), "first_difference": model.features.first,
        "sha256": _sha256(folder / "weights.safetensors"), "backend": "numpy",
    }  # fmt: skip
    policy |= _onnx(folder, tensors, model, shown, int8) if onnx else {}
    (folder / "policy.json").write_text(json.dumps(policy, indent=1) + "\n", encoding="utf-8")
    if "skill_yaml" in details:
        (folder / "policy.py").write_text(POLICY, encoding="utf-8")
        skill = {**yaml.safe_load(details["skill_yaml"]), "policy": {"python": "policy:Policy"}}
        (folder / "skill.yaml").write_text(yaml.safe_dump(skill, sort_keys=False, allow_unicode=True, width=150), encoding="utf-8")
    (folder / "CARD.md").write_text(card(run, model, said, task, shown, policy), encoding="utf-8")
    return sorted(folder.iterdir())


def _onnx(folder: Path, tensors: Mapping[str, torch.Tensor], model: Model, shown: Dataset, int8: Quantise | None) -> dict[str, str]:
    from skillkit.learn.onnx_graph import write_onnx

    name = "policy.onnx"
    arrays = {key: value.numpy() for key, value in tensors.items()}
    write_onnx(folder / name, arrays, model.config.scales, model.features.first)
    if int8 is not None:
        steps = shown.steps(STATE)
        int8(folder / name, folder / "policy-int8.onnx", steps[:: max(1, len(steps) // CALIBRATION)])
        name = "policy-int8.onnx"
    return {"backend": "onnx", "onnx": name, "onnx_sha256": _sha256(folder / name)}


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def card(run: Path, model: Model, said: Mapping[str, Any], task: str, shown: Dataset, policy: Mapping[str, Any]) -> str:
    """The model card: what it is for, where it comes from, how well it does, what it must not be trusted with."""
    data, config = said["dataset"], model.config
    noise = sorted({json.loads(text).get("noise", 0.0) for text in shown.column("details")})
    results = []
    for path in sorted(run.glob(RESULTS.format(seed="*"))):
        document = json.loads(path.read_text(encoding="utf-8"))
        rows = [row for row in document["tasks"] if row["task"] == task]
        results += [f"- seed {document['seed']}: {row['successes']} of {row['episodes']} episodes ({row['low']:.2f} to {row['high']:.2f})" for row in rows]
    lines = [
        f"# {task}", "", next(one.language for one in model.tasks if one.name == task), "",
        "## Data", "",
        f"- {len(shown)} demonstrations, {int(shown.lengths().sum())} steps at {model.space.rate:g} Hz; disturbance of what was executed: {noise}",
        f"- by {', '.join(data['operator'])}; arms: {', '.join(data['embodiment'])}; scenes: {', '.join(data['scene'])}",
        f"- licence: {', '.join(data['licence'])}; sha256 of the dataset: {data['digest']}",
        "", "## Model", "",
        f"- network `{config.network}`, condition `{config.condition}`, hidden {list(config.hidden)}, members {config.members}; learned together with "
        f"{len(model.tasks) - 1} other tasks; {said['steps']} steps, seed {config.seed}",
        f"- weights: 32-bit floats, sha256 {policy['sha256']}; run by {policy['backend']}{' from ' + policy['onnx'] if 'onnx' in policy else ''}",
        f"- sees: {', '.join(model.space.observation)}", f"- does: {', '.join(model.space.action)}",
        "", "## Results (95 % intervals)", "", *(results or ["- not evaluated before export"]),
        "", "## Limits", "",
        "- Only as good as its demonstrations: other objects, arms and layouts than those above are untested.",
        f"- No action is larger than {SLACK:g} times the largest one demonstrated; the safety gate limits everything besides.",
        "- It does not know when it is lost; the skill's own failure conditions and time limit end it.", "",
    ]  # fmt: skip
    return "\n".join(lines)
