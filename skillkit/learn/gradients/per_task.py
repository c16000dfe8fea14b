"""The gradient of the shared parameters for each task, at little more than the cost of the plain sum.

Back-propagating T losses one after the other through one joint forward pass costs T whole passes. Two cheaper ways, and the choice between them:

- *By layers.* One forward and one backward pass of the summed losses. A linear layer y = W a + b turns its rows' inputs a and output gradients δ into the
  gradient of each task t on its own rows: ∂Lₜ/∂W = Σ_{rows of t} δ aᵀ, ∂Lₜ/∂b = Σ δ (Goodfellow 2015, "Efficient per-example gradient computations").
  Together that is the very product the plain sum needs, cut into T blocks.
- *By tasks.* Forward and backward of each task's own sub-batch alone: right for every network, T small passes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from skillkit.exceptions import InvalidValue

Losses = Callable[[Sequence[int]], Tensor]
NOTHING = torch.empty(0)
TOLERANCE = 1e-3  # of the comparison with autograd at the first step, relative to the largest entry; float32 sums differ by about 1e-6


class TaskGradients:
    """Gradients of the shared parameters per task; the parameters that only some tasks have get their plain gradient.

    Each sub-batch must act on its own loss only: no statistics across rows, such as those of batch normalisation.

        per_task = TaskGradients(network, shared)
        losses, gradients = per_task(losses_of, rows)
        per_task.assign(aggregator(gradients))
        optimizer.step()

    Args:
        network: all of it; shared: those of its parameters that every task uses, in the order of the columns of the result.

    Attributes:
        by_layers: whether the fast way is taken. It is where linear, layer-norm and embedding layers hold all shared parameters, and, as the first
            call finds out, the result agrees with autograd's; else tasks are gone through one by one.
    """

    def __init__(self, network: nn.Module, shared: Iterable[nn.Parameter]) -> None:
        self.shared = [parameter for parameter in shared if parameter.requires_grad]
        if not self.shared:
            raise InvalidValue("shared parameters", 0, "at least one that all tasks use; without any, no task is in another's way: take the aggregator 'sum'")
        known = {id(parameter) for parameter in self.shared}
        self.own = [parameter for parameter in network.parameters() if parameter.requires_grad and id(parameter) not in known]
        ends = torch.tensor([parameter.numel() for parameter in self.shared]).cumsum(0).tolist()
        self.columns = {id(parameter): slice(end - parameter.numel(), end) for parameter, end in zip(self.shared, ends, strict=True)}
        self.layers = [layer for layer in network.modules() if type(layer) in LAYERS and any(id(p) in known for p in layer.parameters(recurse=False))]
        self.by_layers = known <= {id(parameter) for layer in self.layers for parameter in layer.parameters(recurse=False)}
        self._checked, self._space = False, torch.empty(0, 0)
        self._written: set[int] = set()  # parameters whose part of the result belongs to this call already

    def __call__(self, losses_of: Losses, rows: Sequence[int]) -> tuple[Tensor, Tensor]:
        """Losses (T,) and gradients (T, P), and ``.grad`` of the parameters that are not shared, as of the sum of losses.

        Args:
            losses_of: the losses of the tasks with the given numbers, from one forward pass over these tasks' rows, those of each task together and
                in this order.
            rows: how many rows each task has in this batch.

        The gradients are overwritten by the next call.
        """
        if self._space.shape[0] != len(rows):
            self._space = torch.empty(len(rows), sum(p.numel() for p in self.shared), dtype=self.shared[0].dtype, device=self.shared[0].device)
        if self.by_layers:
            losses = self._one_pass(losses_of, list(rows))
            if self.by_layers:
                return losses, self._space
        return self._task_by_task(losses_of, len(rows)), self._space

    def assign(self, direction: Tensor) -> None:
        """Put (P,) where the optimiser looks: ``.grad`` of the shared parameters."""
        for parameter in self.shared:
            parameter.grad = direction[self.columns[id(parameter)]].view_as(parameter)

    def _task_by_task(self, losses_of: Losses, tasks: int) -> Tensor:
        self._space.zero_()
        losses, sums = [], [torch.zeros_like(parameter) for parameter in self.own]
        for task in range(tasks):
            loss = losses_of((task,)).sum()
            found = torch.autograd.grad(loss, [*self.shared, *self.own], allow_unused=True)
            for parameter, gradient in zip(self.shared, found[: len(self.shared)], strict=True):
                if gradient is not None:
                    self._space[task, self.columns[id(parameter)]] = gradient.flatten()
            for total, gradient in zip(sums, found[len(self.shared) :], strict=True):
                total += 0.0 if gradient is None else gradient
            losses.append(loss.detach())
        for parameter, total in zip(self.own, sums, strict=True):
            parameter.grad = total
        return torch.stack(losses)

    def _one_pass(self, losses_of: Losses, rows: list[int]) -> Tensor:
        seen: list[tuple[nn.Module, Tensor, int, Any]] = []  # layer, its input, the input's version, where its output stands in the graph
        hooks = [layer.register_forward_hook(partial(_remember, seen)) for layer in self.layers]
        try:
            losses = losses_of(range(len(rows)))
        finally:
            for hook in hooks:
                hook.remove()
        edges = [edge for *_, edge in seen]
        found = torch.autograd.grad(losses.sum(), [*edges, *self.own], allow_unused=True, retain_graph=not self._checked)
        for parameter, gradient in zip(self.own, found[len(edges) :], strict=True):
            parameter.grad = torch.zeros_like(parameter) if gradient is None else gradient
        self._written.clear()
        for (layer, given, version, _), gradient in zip(seen, found, strict=False):
            counts = _counts(given, rows)
            if gradient is None or counts is None or given._version != version:
                self.by_layers = self.by_layers and gradient is None
                continue
            LAYERS[type(layer)](layer, given.detach(), gradient, counts, self._block)
        for parameter in self.shared:
            if id(parameter) not in self._written:
                self._space[:, self.columns[id(parameter)]] = 0.0
        if not self._checked:
            self._check(losses)
        return losses.detach()

    def _block(self, parameter: nn.Parameter | None) -> tuple[Tensor, int]:
        """(T, …) the part of the result that belongs to a parameter, and 1 where it is to be added to, 0 where what stands there is of the last call."""
        columns = self.columns.get(id(parameter))
        if columns is None or parameter is None:
            return NOTHING, 0
        written = id(parameter) in self._written
        self._written.add(id(parameter))
        return self._space[:, columns].unflatten(1, parameter.shape), int(written)

    def _check(self, losses: Tensor) -> None:
        """Compare a weighted sum over tasks with autograd's; a parameter that is used past its layer's forward shows here."""
        weights = torch.linspace(0.5, 1.5, len(losses), dtype=losses.dtype, device=losses.device)
        found = torch.autograd.grad(weights @ losses, self.shared, allow_unused=True)
        expected = torch.cat([(torch.zeros_like(p) if g is None else g).flatten() for p, g in zip(self.shared, found, strict=True)])
        self.by_layers = self.by_layers and bool((weights @ self._space - expected).abs().max() <= TOLERANCE * expected.abs().max())
        self._checked = True


def _remember(seen: list[tuple[nn.Module, Tensor, int, Any]], layer: nn.Module, given: tuple[Tensor, ...], output: Tensor) -> None:
    seen.append((layer, given[0], given[0]._version, torch.autograd.graph.get_gradient_edge(output)))


def _counts(given: Tensor, rows: list[int]) -> list[int] | None:
    """How many leading entries belong to each task: its rows, or one each where a layer works on tasks, as on their embeddings."""
    return rows if len(given) == sum(rows) else [1] * len(rows) if len(given) == len(rows) else None


Block = Callable[["nn.Parameter | None"], tuple[Tensor, int]]


def _linear(layer: nn.Linear, given: Tensor, gradient: Tensor, counts: list[int], block: Block) -> None:
    inner = given[0].numel() // given.shape[-1]  # rows of the layer per row of the batch
    given, gradient, counts = given.reshape(-1, given.shape[-1]), gradient.reshape(-1, gradient.shape[-1]), [inner * count for count in counts]
    (weight, keep), (bias, keep_bias) = block(layer.weight), block(layer.bias)
    for task, (a, delta) in enumerate(zip(given.split(counts), gradient.split(counts), strict=True)):
        if len(weight):
            weight[task].addmm_(delta.T, a, beta=keep)
        if len(bias):
            bias[task] = delta.sum(0) + bias[task] if keep_bias else delta.sum(0)


def _layer_norm(layer: nn.LayerNorm, given: Tensor, gradient: Tensor, counts: list[int], block: Block) -> None:
    normal = functional.layer_norm(given, layer.normalized_shape, eps=layer.eps)
    task = _task_of(counts, given)
    shape = (len(given), -1, *layer.normalized_shape)
    for parameter, value in ((layer.weight, gradient * normal), (layer.bias, gradient)):
        space, keep = block(parameter)
        if len(space):
            _cleared(space, keep).index_add_(0, task, value.reshape(shape).sum(1))


def _embedding(layer: nn.Embedding, given: Tensor, gradient: Tensor, counts: list[int], block: Block) -> None:
    space, keep = block(layer.weight)
    task = _task_of(counts, given).view(-1, *[1] * (given.dim() - 1)).expand_as(given)
    _cleared(space, keep).index_put_((task, given), gradient, accumulate=True)


def _task_of(counts: list[int], given: Tensor) -> Tensor:
    """(rows,) the number of the task that each row belongs to."""
    return torch.repeat_interleave(torch.arange(len(counts), device=given.device), torch.tensor(counts, device=given.device))


def _cleared(space: Tensor, keep: int) -> Tensor:
    return space if keep else space.zero_()


LAYERS: dict[type[nn.Module], Callable[..., None]] = {nn.Linear: _linear, nn.LayerNorm: _layer_norm, nn.Embedding: _embedding}
