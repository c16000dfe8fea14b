"""Per-task gradients: both ways of getting them agree with autograd, for any network."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: pip install 'skillkit[learn]'")
pytest.importorskip("scipy", reason="scipy is not installed: pip install 'skillkit[learn]'")

from torch import Tensor, nn  # noqa: E402

from skillkit.learn.gradients import MGDA, TaskGradients  # noqa: E402

ROWS = [3, 5, 1, 4]


class Headed(nn.Module):
    """A shared trunk and one head per task; the task's embedding enters once per task, not once per row."""

    def __init__(self, activation: nn.Module) -> None:
        super().__init__()
        self.embedding = nn.Embedding(len(ROWS), 3)
        self.inner = nn.Linear(3, 6)
        self.trunk = nn.Sequential(nn.Linear(6, 6), nn.LayerNorm(6), activation, nn.Linear(6, 6, bias=False), activation)
        self.heads = nn.ModuleList(nn.Linear(6, 2 + task) for task in range(len(ROWS)))

    def shared(self) -> list[nn.Parameter]:
        return [p for name, p in self.named_parameters() if not name.startswith("heads")]

    def forward(self, parts: Sequence[Tensor], tasks: Sequence[int]) -> list[Tensor]:
        told = self.inner(self.embedding(torch.tensor(list(tasks))))
        sizes = [len(part) for part in parts]
        hidden = self.trunk(torch.cat(list(parts)) + torch.repeat_interleave(told, torch.tensor(sizes), dim=0))
        return [self.heads[task](part) for task, part in zip(tasks, hidden.split(sizes), strict=True)]


class Sequences(nn.Module):
    """Linear layers on sequences (rows, length, d), one of them used twice."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = nn.Linear(6, 6), nn.Linear(6, 2)

    def forward(self, parts: Sequence[Tensor], tasks: Sequence[int]) -> list[Tensor]:
        hidden = torch.cat(list(parts))[:, None, :] * torch.tensor([1.0, -0.5, 2.0])[:, None]
        return list(self.b(self.a(torch.tanh(self.a(hidden))) + hidden).mean(1).split([len(part) for part in parts]))


class Sideways(nn.Module):
    """A layer whose weights are also used past its own forward."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.scale = nn.Linear(6, 6), nn.Linear(6, 6)

    def forward(self, parts: Sequence[Tensor], tasks: Sequence[int]) -> list[Tensor]:
        return [self.scale(self.a(part)) @ self.a.weight for part in parts]


class Bare(nn.Module):
    """A shared parameter that no layer holds."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.gate = nn.Linear(6, 6), nn.Parameter(torch.ones(6))

    def forward(self, parts: Sequence[Tensor], tasks: Sequence[int]) -> list[Tensor]:
        return [self.a(part) * self.gate for part in parts]


def losses(network: nn.Module) -> Callable[[Sequence[int]], Tensor]:
    generator = torch.Generator().manual_seed(1)
    data = [torch.randn(rows, 6, generator=generator) for rows in ROWS]

    def of(tasks: Sequence[int]) -> Tensor:
        outputs = network([data[task] for task in tasks], tasks)
        return torch.stack([(output - task).square().mean() for task, output in zip(tasks, outputs, strict=True)])

    return of


def expected(of: Callable[[Sequence[int]], Tensor], shared: list[nn.Parameter]) -> Tensor:
    found = [torch.autograd.grad(of((task,)).sum(), shared, allow_unused=True) for task in range(len(ROWS))]
    return torch.stack([torch.cat([(torch.zeros_like(p) if g is None else g).flatten() for p, g in zip(shared, row, strict=True)]) for row in found])


CASES = {
    "heads": (lambda: Headed(nn.Tanh()), True),
    "in-place activations": (lambda: Headed(nn.ReLU(inplace=True)), True),
    "sequences": (Sequences, True),
    "weights used elsewhere": (Sideways, False),
    "bare parameters": (Bare, False),
}


@pytest.mark.parametrize("case", CASES)
def test_gradients_per_task_are_those_of_autograd(case: str) -> None:
    torch.manual_seed(0)
    make, by_layers = CASES[case]
    network = make()
    shared = network.shared() if isinstance(network, Headed) else list(network.parameters())
    per_task, of = TaskGradients(network, shared), losses(network)
    for _ in range(2):
        found, gradients = per_task(of, ROWS)
        torch.testing.assert_close(gradients, expected(of, shared), rtol=1e-4, atol=1e-6)
        torch.testing.assert_close(found, of(range(len(ROWS))).detach())
    assert per_task.by_layers is by_layers


def test_nothing_of_the_last_call_is_left_over() -> None:
    torch.manual_seed(0)
    network = Headed(nn.Tanh())
    per_task, of = TaskGradients(network, network.shared()), losses(network)
    per_task(of, ROWS)[1].fill_(float("nan"))
    torch.testing.assert_close(per_task(of, ROWS)[1], expected(of, network.shared()), rtol=1e-4, atol=1e-6)
    unused = TaskGradients(network, [*network.inner.parameters(), *network.trunk.parameters()])
    unused(of, ROWS)[1].fill_(float("nan"))
    found = unused(lambda tasks: of(tasks).detach() + sum(p.square().sum() for p in network.heads.parameters()), ROWS)[1]
    assert found.abs().max() == 0.0


@pytest.mark.parametrize("by_layers", [True, False])
def test_what_is_not_shared_gets_its_plain_gradient(by_layers: bool) -> None:
    torch.manual_seed(0)
    network = Headed(nn.Tanh())
    per_task, of = TaskGradients(network, network.shared()), losses(network)
    per_task.by_layers = by_layers
    per_task(of, ROWS)
    own = list(network.heads.parameters())
    for parameter, gradient in zip(own, torch.autograd.grad(of(range(len(ROWS))).sum(), own), strict=True):
        torch.testing.assert_close(parameter.grad, gradient)


def test_the_sum_assigned_is_what_backward_gives() -> None:
    torch.manual_seed(0)
    network = Headed(nn.Tanh())
    per_task, of = TaskGradients(network, network.shared()), losses(network)
    per_task.assign(per_task(of, ROWS)[1].sum(0))
    assigned = [parameter.grad.clone() for parameter in network.parameters()]
    network.zero_grad()
    of(range(len(ROWS))).sum().backward()
    for parameter, gradient in zip(network.parameters(), assigned, strict=True):
        torch.testing.assert_close(gradient, parameter.grad)


def test_a_step_along_the_min_norm_direction_lowers_every_loss() -> None:
    torch.manual_seed(0)
    network = Headed(nn.Tanh())
    per_task, of = TaskGradients(network, network.shared()), losses(network)
    before, gradients = per_task(of, ROWS)
    network.heads.zero_grad()
    per_task.assign(MGDA()(gradients))
    torch.optim.SGD(network.parameters(), lr=1e-2).step()
    assert (of(range(len(ROWS))) < before).all()


def test_it_is_what_torchjd_finds() -> None:
    autojac = pytest.importorskip("torchjd.autojac", reason="torchjd is not installed: pip install 'skillkit[learn]'")
    aggregation = pytest.importorskip("torchjd.aggregation")
    torch.manual_seed(0)
    network = Sequences()
    of = losses(network)
    _, gradients = TaskGradients(network, list(network.parameters()))(of, ROWS)
    autojac.backward(of(range(len(ROWS))))
    jacobian = torch.cat([parameter.jac.flatten(1) for parameter in network.parameters()], 1)
    torch.testing.assert_close(gradients, jacobian, rtol=1e-4, atol=1e-6)
    torch.testing.assert_close(aggregation.Sum()(jacobian), gradients.sum(0), rtol=1e-4, atol=1e-6)
