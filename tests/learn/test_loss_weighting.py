"""Weights of the losses, against closed forms, torchjd and what each paper promises."""

from __future__ import annotations

import math

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: pip install 'skillkit[learn]'")

from hypothesis import given, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402
from torch import Tensor  # noqa: E402

from skillkit.learn.weighting import WEIGHTINGS, ByDemonstrations, Famo, GradNorm, InverseLoss, Maximum, Uncertainty, Weighting  # noqa: E402

DEMONSTRATIONS = [5, 10, 20, 5]
OWN_SCALE = {"uncertainty"}


def train(weighting: Weighting, curvature: Tensor, steps: int, rate: float = 0.05) -> Tensor:
    """Losses aᵢ (xᵢ² + 0.1): one parameter a task, plain descent; their values at the end."""
    x = torch.ones(len(curvature), dtype=torch.float64)
    for step in range(steps):
        losses, slopes = curvature * (x**2 + 0.1), 2 * curvature * x
        if weighting.needs_gradients:
            weighting.observe(losses, torch.diag(slopes))
        x = x - rate * weighting.weights(losses, step) * slopes
        weighting.after(curvature * (x**2 + 0.1))
    return curvature * (x**2 + 0.1)


@pytest.mark.parametrize("name", sorted(set(WEIGHTINGS) - OWN_SCALE))
@settings(max_examples=25)
@given(losses=st.lists(st.floats(1e-3, 1e3), min_size=4, max_size=4))
def test_weights_are_positive_and_add_up_to_the_number_of_tasks(name: str, losses: list[float]) -> None:
    weights = WEIGHTINGS[name](DEMONSTRATIONS).weights(torch.tensor(losses), 0)
    assert (weights >= 0).all()
    assert float(weights.sum()) == pytest.approx(4.0, rel=1e-5)


@pytest.mark.parametrize("name", WEIGHTINGS)
def test_weights_are_no_part_of_the_graph(name: str) -> None:
    losses = torch.tensor([1.0, 2.0, 3.0, 4.0], requires_grad=True)
    assert not WEIGHTINGS[name](DEMONSTRATIONS).weights(losses, 0).requires_grad


@pytest.mark.parametrize("name", WEIGHTINGS)
def test_a_resumed_weighting_goes_on_bit_for_bit(name: str) -> None:
    whole, first, second = (WEIGHTINGS[name](DEMONSTRATIONS) for _ in range(3))
    curvature = torch.tensor([1.0, 2.0, 5.0, 0.1], dtype=torch.float64)
    train(whole, curvature, 7)
    train(first, curvature, 7)
    second.load_state_dict({key: value.clone() for key, value in first.state_dict().items()})
    assert torch.equal(train(whole, curvature, 5), train(second, curvature, 5))


def test_inverse_loss_favours_the_easy_task() -> None:
    weights = InverseLoss([1, 1]).weights(torch.tensor([1.0, 3.0]), 0)
    torch.testing.assert_close(weights, torch.tensor([1.5, 0.5]))


def test_by_demonstrations_is_their_share() -> None:
    torch.testing.assert_close(ByDemonstrations(DEMONSTRATIONS).weights(torch.ones(4), 0), torch.tensor([0.5, 1.0, 2.0, 0.5]))


def test_the_weighted_mean_under_maximum_is_the_maximum() -> None:
    losses = torch.tensor([1.0, 4.0, 2.0, 3.0])
    assert float((Maximum(DEMONSTRATIONS).weights(losses, 0) * losses).mean()) == 4.0
    soft = Maximum(DEMONSTRATIONS, softness=1e3).weights(losses, 0)
    torch.testing.assert_close(soft, torch.ones(4), rtol=0, atol=5e-3)


def test_uncertainty_finds_the_noise_level_of_each_loss() -> None:
    weighting, losses = Uncertainty([1, 1], rate=0.05), torch.tensor([0.5, 8.0], dtype=torch.float64)
    for step in range(600):
        weights = weighting.weights(losses, step)
    torch.testing.assert_close(weights * losses, torch.full((2,), 0.5, dtype=torch.float64), rtol=1e-3, atol=0)
    assert weighting.values.tolist() == pytest.approx([math.log(0.5), math.log(8.0)], abs=1e-3)


def test_uncertainty_descends_as_in_torchjd() -> None:
    scalarization = pytest.importorskip("torchjd.scalarization", reason="torchjd is not installed: pip install 'skillkit[learn]'")
    ours, theirs = Uncertainty([1, 1, 1], rate=0.01), scalarization.UW(3)
    adam = torch.optim.Adam(theirs.parameters(), lr=0.01)
    for step in range(20):
        losses = (torch.arange(1.0, 4.0) / (1 + step)).requires_grad_()
        adam.zero_grad()
        theirs(losses).backward()
        adam.step()
        torch.testing.assert_close(ours.weights(losses, step), losses.grad, rtol=1e-4, atol=1e-6)


def test_gradnorm_with_alpha_zero_makes_gradients_equally_long() -> None:
    weighting, norms = GradNorm([1, 1, 1], alpha=0.0, rate=0.01), torch.tensor([1.0, 4.0, 10.0], dtype=torch.float64)
    for _ in range(1500):
        weighting.observe(torch.ones(3), torch.diag(norms))
    lengths = weighting.weights(torch.ones(3, dtype=torch.float64), 0) * norms
    torch.testing.assert_close(lengths, lengths.mean().expand(3), rtol=0.05, atol=0)


def test_gradnorm_gives_the_slow_task_the_longer_gradient() -> None:
    weighting = GradNorm([1, 1], alpha=1.0, rate=0.01)
    weighting.observe(torch.tensor([1.0, 1.0]), torch.eye(2))
    for _ in range(300):
        weighting.observe(torch.tensor([0.9, 0.3]), torch.eye(2))
    weights = weighting.weights(torch.tensor([0.9, 0.3]), 0)
    assert float(weights[0] / weights[1]) == pytest.approx(3.0, rel=0.05), "lengths in proportion to what is left of the losses"


def test_famo_is_torchjds_times_the_number_of_tasks() -> None:
    scalarization = pytest.importorskip("torchjd.scalarization", reason="torchjd is not installed: pip install 'skillkit[learn]'")
    ours, theirs = Famo([1, 1, 1]), scalarization.FAMO(3)
    for step in range(20):
        losses = torch.tensor([1.0, 2.0, 3.0]) * 0.9**step
        losses.requires_grad_()
        (wanted,) = torch.autograd.grad(theirs(losses), losses)
        torch.testing.assert_close(ours.weights(losses, step), 3 * wanted, rtol=1e-4, atol=1e-6)
        after = losses.detach() * torch.tensor([0.99, 0.8, 0.9])
        ours.after(after)
        theirs.update(after)


def test_famo_lets_losses_of_any_size_fall_at_the_same_pace() -> None:
    curvature = torch.tensor([100.0, 1.0, 0.01], dtype=torch.float64)
    weighting = Famo([1, 1, 1])
    fallen = train(weighting, curvature, 30, rate=1e-3) / (1.1 * curvature)
    alone = train(WEIGHTINGS["equal"]([1, 1, 1]), curvature, 30, rate=1e-3) / (1.1 * curvature)
    assert float(fallen.max() - fallen.min()) < 0.2 * float(alone.max() - alone.min())
