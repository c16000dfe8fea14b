"""A model: raw observations and a task's number in, raw actions out; everything it needs travels with it, as numbers and plain words."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from skillkit.exceptions import InvalidValue, SkillkitError, UnknownName
from skillkit.learn.condition import CONDITIONS
from skillkit.learn.config import Config, from_dict
from skillkit.learn.dataset import Space
from skillkit.learn.features import Features, choose
from skillkit.learn.images import ENCODERS
from skillkit.learn.networks import NETWORKS, Shape
from skillkit.learn.outputs import LOSSES, Bins, Regression
from skillkit.learn.pulls import Pulls
from skillkit.learn.sentences import sentence_vectors

WEIGHTS, DESCRIPTION = "weights.safetensors", "model.json"


@dataclass(frozen=True)
class Task:
    """A task that a model knows: its name, its instruction, its number of actions and of demonstrations."""

    name: str
    language: str
    actions: int
    demonstrations: int = 0


class Model(nn.Module):
    """Features → condition → networks → actions.

    Args:
        members: networks whose mean acts.
        vectors: of the tasks' instructions, where they are known already; else the configuration's sentence encoder finds them.
    """

    def __init__(self, config: Config, space: Space, tasks: Sequence[Task], vectors: Tensor | None = None) -> None:
        super().__init__()
        for kind, name, known in (("network", config.network, NETWORKS), ("condition", config.condition, CONDITIONS), ("loss", config.loss, LOSSES)):
            if name not in known:
                raise UnknownName(kind, name, known)
        self.config, self.space, self.tasks = config, space, tuple(tasks)
        self.features = Features(choose(space, config.features), config.scales)
        self.encoder = _encoder(config.encoder, space)
        seen = [self.encoder.size] * (1 + (config.goal == "image")) if self.encoder is not None else []
        self.condition = CONDITIONS[config.condition](_vectors(config, tasks) if vectors is None else vectors)
        self.output, sizes = _output(config, space, [task.actions for task in tasks])
        shape = Shape(self.features.size + sum(seen), self.condition.size, sizes, config.hidden, (*self.features.groups, *seen))
        options = {**config.network_options, **({"film": True} if config.film else {})}
        try:
            self.members = nn.ModuleList(NETWORKS[config.network](shape, **options) for _ in range(config.members))
        except TypeError as error:
            raise InvalidValue(f"options of the network '{config.network}'", options, str(error)) from None

    def fit(self, observations: Tensor, actions: Tensor, counts: Sequence[int] = ()) -> None:
        """Take the normalisation of features and actions from data, ``counts`` rows of each task in turn."""
        self.features.fit(observations)
        if isinstance(self.output, Pulls):
            self.output.begin(observations, actions, counts)
        else:
            self.output.fit(actions)

    def forward(self, raw: Tensor, task: Tensor, images: Tensor | None = None) -> Tensor:
        """(S, b, raw), (S,), (S, b, views, H, W, 3) → (S, b, actions), in the actions' own units."""
        return self.act(raw, self.condition(task), task, images)

    def act(self, raw: Tensor, condition: Tensor, task: Tensor, images: Tensor | None = None) -> Tensor:
        """The same, for conditions (S, k) that need not be those of the tasks.

        Raises:
            InvalidValue: a model that sees images got none.
        """
        x = self._seen(raw, images)
        return self.output([member(x, condition, task) for member in self.members], raw, task)

    def _seen(self, raw: Tensor, images: Tensor | None) -> Tensor:
        """(S, b, inputs) of the networks: features of the state, then of every image."""
        x: Tensor = self.features(raw)
        if self.encoder is None:
            return x
        if images is None:
            raise InvalidValue("images", None, "what the camera sees: this model was trained with it")
        return torch.cat([x, self.encoder(images.flatten(0, 2)).unflatten(0, images.shape[:3]).flatten(2)], dim=-1)

    def losses(self, raw: Tensor, actions: Tensor, task: Tensor, images: Tensor | None = None) -> Tensor:
        """(S,) mean over samples and the task's own actions, added up over members."""
        x, condition = self._seen(raw, images), self.condition(task)
        own = torch.tensor([one.actions for one in self.tasks], device=raw.device)[task]  # (S,)
        mask = torch.arange(actions.shape[-1], device=raw.device) < own[:, None]
        with torch.autocast(raw.device.type, torch.bfloat16, enabled=self.config.precision == "bfloat16"):
            found = [member(x, condition, task) for member in self.members]
        each = [(self.output.loss(one.float(), actions, raw, task).mean(1) * mask).sum(-1) / own for one in found]
        return torch.stack(each).sum(0)

    def penalty(self) -> Tensor:
        """The networks' own."""
        return torch.stack([member.penalty() for member in self.members]).sum()

    def shared(self) -> list[nn.Parameter]:
        """The parameters that every task moves."""
        eyes = [] if self.encoder is None else list(self.encoder.parameters())
        return [*eyes, *(parameter for member in self.members for parameter in member.shared())]

    def number(self, task: str) -> int:
        """The number of a task.

        Raises:
            UnknownName: the model does not know it.
        """
        names = [one.name for one in self.tasks]
        if task not in names:
            raise UnknownName("task of the model", task, names)
        return names.index(task)

    # -- files ---------------------------------------------------------------------------------------------------------------------------

    def save(self, folder: Path, **more: Any) -> str:
        """Write ``weights.safetensors`` and ``model.json`` (with ``more`` in it); the sha256 of the weights."""
        folder.mkdir(parents=True, exist_ok=True)
        save_file({name: value.detach().contiguous().cpu() for name, value in self.state_dict().items()}, folder / WEIGHTS)
        digest = hashlib.sha256((folder / WEIGHTS).read_bytes()).hexdigest()
        tasks = [asdict(task) for task in self.tasks]
        document = {"config": self.config.as_dict(), "space": _plain(asdict(self.space)), "tasks": tasks, "sha256": digest, **more}
        (folder / DESCRIPTION).write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
        return digest

    @classmethod
    def load(cls, folder: str | Path) -> Model:
        """Read a model.

        Raises:
            SkillkitError: there is none, or its weights are not those that its description was written for.
        """
        description, folder = describe(folder), Path(folder)
        if hashlib.sha256((folder / WEIGHTS).read_bytes()).hexdigest() != description["sha256"]:
            raise SkillkitError(f"{folder / WEIGHTS} is not what {DESCRIPTION} was written for: its sha256 differs; export or train again")
        space, weights = description["space"], load_file(folder / WEIGHTS)
        made = cls(
            from_dict(description["config"]),
            Space(tuple(space["observation"]), tuple(space["action"]), space["rate"], space["details"], tuple(space["image"]) if space.get("image") else None),
            [Task(**task) for task in description["tasks"]],
            weights.get("condition.vectors"),
        )
        made.load_state_dict(weights)
        return made.eval()


def _output(config: Config, space: Space, actions: Sequence[int]) -> tuple[Pulls | Bins | Regression, tuple[int, ...]]:
    """What the networks' numbers mean, and how many each task needs."""
    widest = max(actions)
    if config.pulls:
        if min(actions) != widest:
            raise InvalidValue("pulls", config.pulls, "0 where tasks differ in their number of actions")
        pulls = Pulls(len(actions), widest, config.pulls, space.details.get("points", {}))
        return pulls, (pulls.numbers,) * len(actions)
    output = Bins(widest, config.bins) if config.bins else Regression(widest, config.loss)
    return output, tuple(output.size(own, config.bins) for own in actions)


def describe(folder: str | Path) -> Mapping[str, Any]:
    """What ``model.json`` says.

    Raises:
        SkillkitError: there is no model.
    """
    try:
        found: Mapping[str, Any] = json.loads((Path(folder) / DESCRIPTION).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SkillkitError(f"{folder} holds no trained model: {error}; make one with 'skillkit train CONFIG -o {folder}'") from None
    return found


def _vectors(config: Config, tasks: Sequence[Task]) -> Tensor:
    if config.condition != "language":
        return torch.zeros(len(tasks), 0)
    return torch.from_numpy(sentence_vectors([task.language for task in tasks], config.sentence_encoder, config.encoder_sha256))


def _encoder(name: str, space: Space) -> nn.Module | None:
    if name == "none":
        return None
    if space.image is None:
        raise InvalidValue("encoder", name, "none: there are no images")
    return ENCODERS[name](*space.image)


def _plain(space: Mapping[str, Any]) -> dict[str, Any]:
    return {name: list(value) if isinstance(value, tuple) else value for name, value in space.items()}
