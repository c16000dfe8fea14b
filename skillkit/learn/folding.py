"""One task of a model as plain layers: what is fixed once the task is known is multiplied out, so that running it needs no torch and costs one small
network, whatever way of sharing it was learned in.

With the condition c known, concatenation becomes part of the first bias, FiLM of weights and biases, W ← (1 + γ(c)) W, b ← (1 + γ(c)) b + β(c); a
task's low-rank change is added to W; a hypernetwork's weights are generated. Networks whose routes depend on the observation cannot be folded.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from skillkit.exceptions import InvalidValue
from skillkit.learn.model import Model
from skillkit.learn.networks import Network
from skillkit.learn.networks.heads import Heads
from skillkit.learn.networks.hyper import Hyper
from skillkit.learn.networks.lora import LowRank
from skillkit.learn.networks.network import TaskLinear, Trunk
from skillkit.learn.networks.relation import Relation
from skillkit.learn.networks.separate import Separate, Soft
from skillkit.learn.networks.shared import Shared
from skillkit.learn.outputs import Bins, Regression
from skillkit.learn.pulls import Pulls

Layers = list[tuple[Tensor, Tensor]]  # W (inputs, outputs) and b (outputs,) of each layer, ReLU between them


def fold(model: Model, task: str) -> dict[str, Tensor]:
    """The tensors that :mod:`skillkit.policies.learned` runs: features, layers of each member, and the scale of the actions.

    Raises:
        InvalidValue: a network that cannot be folded. UnknownName: no such task.
    """
    number = model.number(task)
    with torch.no_grad():
        condition = model.condition(torch.tensor([number]))[0]
        features, actions = model.features, model.tasks[number].actions
        found = {"matrix": features.matrix.T, "mean": features.mean, "deviation": features.deviation}
        found |= _output(model.output, actions, number)
        for one, member in enumerate(model.members):
            for place, (weight, bias) in enumerate(fold_network(member, condition, number)):
                found[f"members.{one}.{place}.weight"], found[f"members.{one}.{place}.bias"] = weight, bias
    member_size = model.members[0].shape.actions[number]
    last = max(int(name.split(".")[2]) for name in found if name.startswith("members."))
    for name in [name for name in found if name.startswith("members.") and name.split(".")[2] == str(last)]:
        found[name] = found[name][..., :member_size]
    return {name: value.detach().to(torch.float32).contiguous() for name, value in found.items()}


def _output(output: Pulls | Bins | Regression, actions: int, task: int) -> dict[str, Tensor]:
    """What the last numbers mean."""
    if isinstance(output, Pulls):
        known = output.of(torch.tensor([task]))
        named = {"offsets": known.offsets[0], "gains": known.gains[0], "levels": known.levels[0]}
        return {"points": torch.tensor(output.columns, dtype=torch.float32), "largest": output.largest, **named}
    if isinstance(output, Bins):
        return {"low": output.low[:actions], "step": output.step[:actions]}
    return {"unit": output.unit[:actions]}


def foldable(model: Model) -> bool:
    """Whether its tasks can be folded."""
    return model.encoder is None and model.config.goal == "none" and all(type(member) in FOLDS for member in model.members)


def fold_network(network: Network, condition: Tensor, task: int) -> Layers:
    """The layers of one network for a condition (k,) and a task's number.

    Raises:
        InvalidValue: it cannot be folded.
    """
    if type(network) not in FOLDS:
        foldable = ", ".join(sorted(kind.__name__.lower() for kind in FOLDS))
        raise InvalidValue("the network to export", type(network).__name__.lower(), f"one that is plain layers once the task is known: {foldable}")
    return FOLDS[type(network)](network, condition, task)


def _linear(layer: nn.Linear, known: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """A layer whose last inputs are known."""
    weight, bias = layer.weight.T, layer.bias
    if known is None or not len(known):
        return weight, bias
    own = len(weight) - len(known)
    return weight[:own], bias + known @ weight[own:]


def _trunk(trunk: Trunk, condition: Tensor) -> Layers:
    if not trunk.films:
        return [_linear(layer, condition if place == 0 else None) for place, layer in enumerate(trunk.layers)]
    layers = []
    for layer, film in zip(trunk.layers, trunk.films, strict=True):
        (weight, bias), (scale, shift) = _linear(layer), film(condition).chunk(2)
        layers.append((weight * (1.0 + scale), bias * (1.0 + scale) + shift))
    return layers


def _of_task(layer: TaskLinear, task: int) -> tuple[Tensor, Tensor]:
    return layer.weight[task], layer.bias[task, 0]


def _shared(network: Shared, condition: Tensor, task: int) -> Layers:
    return [*_trunk(network.trunk, condition), _linear(network.output)]


def _heads(network: Heads, condition: Tensor, task: int) -> Layers:
    return [*_trunk(network.trunk, condition), _of_task(network.heads, task)]


def _separate(network: Separate, condition: Tensor, task: int) -> Layers:
    return [_of_task(layer, task) for layer in network.layers]


def _low_rank(network: LowRank, condition: Tensor, task: int) -> Layers:
    layers: Layers = []
    for place, layer in enumerate(network.layers):
        change = network.scale * network.down[place].value[task] @ network.up[place].value[task]
        weight, bias = layer.weight.T + change, layer.bias
        own = len(weight) - (len(condition) if place == 0 else 0)
        layers.append((weight[:own], bias + condition @ weight[own:] if own < len(weight) else bias))
    return layers


def _hyper(network: Hyper, condition: Tensor, task: int) -> Layers:
    return [(weight[0], bias[0, 0]) for weight, bias in network.weights(condition[None])]


FOLDS: dict[type[Network], Callable[..., Layers]] = {
    Shared: _shared,
    Heads: _heads,
    Relation: _heads,
    Separate: _separate,
    Soft: _separate,
    LowRank: _low_rank,
    Hyper: _hyper,
}


def member_names(tensors: Sequence[str]) -> list[list[str]]:
    """The prefixes of the layers of each member, in order: ``members.0.0``, ``members.0.1`` …"""
    prefixes = sorted({name.rpartition(".")[0] for name in tensors if name.startswith("members.")}, key=lambda p: tuple(map(int, p.split(".")[1:])))
    members: dict[str, list[str]] = {}
    for prefix in prefixes:
        members.setdefault(prefix.split(".")[1], []).append(prefix)
    return list(members.values())
