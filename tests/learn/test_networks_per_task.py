"""Every network for many tasks: gradients per task agree with autograd's, and take the fast way where its layers allow it."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: pip install 'skillkit[learn]'")
pytest.importorskip("scipy", reason="scipy is not installed: pip install 'skillkit[learn]'")

from torch import Tensor  # noqa: E402

from skillkit.exceptions import InvalidValue  # noqa: E402
from skillkit.learn.gradients import TaskGradients  # noqa: E402
from skillkit.learn.networks import NETWORKS, Shape  # noqa: E402

SLOTS = [2, 1, 3]
SHARING_NOTHING = {"separate", "soft"}
OF_LINEAR_LAYERS = {"adapters", "attention", "heads", "hyper", "lora", "relation", "shared"}


@pytest.mark.parametrize("name", sorted(set(NETWORKS) - SHARING_NOTHING))
def test_gradients_per_task_of_every_network_are_autograds(name: str) -> None:
    torch.manual_seed(0)
    network = NETWORKS[name](Shape(7, 3, (4, 4, 2), (8, 8), (3, 4)))
    task = torch.repeat_interleave(torch.arange(3), torch.tensor(SLOTS))
    x, condition = torch.randn(6, 5, 7), torch.eye(3)[task]
    ends = torch.tensor(SLOTS).cumsum(0).tolist()

    def losses_of(tasks: Sequence[int]) -> Tensor:
        part = slice(ends[tasks[0]] - SLOTS[tasks[0]], ends[tasks[-1]])
        losses = (network(x[part], condition[part], task[part]) - 1.0).square().mean((1, 2))
        return torch.stack([loss.mean() for loss in losses.split([SLOTS[task] for task in tasks])])

    shared = list(network.shared())
    per_task = TaskGradients(network, shared)
    _, gradients = per_task(losses_of, SLOTS)
    assert per_task.by_layers == (name in OF_LINEAR_LAYERS)
    for number in range(3):
        found = torch.autograd.grad(losses_of((number,)).sum(), shared, allow_unused=True)
        expected = torch.cat([(torch.zeros_like(p) if g is None else g).flatten() for p, g in zip(shared, found, strict=True)])
        torch.testing.assert_close(gradients[number], expected, rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize("name", sorted(SHARING_NOTHING))
def test_without_shared_parameters_there_is_nothing_to_aggregate(name: str) -> None:
    network = NETWORKS[name](Shape(7, 3, (4, 4), (8, 8), (3, 4)))
    with pytest.raises(InvalidValue, match="all tasks use"):
        TaskGradients(network, network.shared())
