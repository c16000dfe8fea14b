"""What each aggregator makes of the tasks' gradients, against closed forms, properties and torchjd."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: pip install 'skillkit[learn]'")
pytest.importorskip("scipy", reason="scipy is not installed: pip install 'skillkit[learn]'")

from hypothesis import given, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402
from scipy.optimize import minimize  # noqa: E402

from skillkit.exceptions import InvalidValue, SkillkitError, UnknownName  # noqa: E402
from skillkit.learn.gradients import AGGREGATORS, MGDA, TORCHJD, CAGrad, Mean, PCGrad, Sum, make_aggregator  # noqa: E402
from skillkit.learn.gradients.min_norm import min_norm_weights  # noqa: E402

seeds = st.integers(0, 10_000)


def drawn(seed: int, tasks: int = 5, size: int = 8) -> torch.Tensor:
    """Gradients with conflicts, of lengths that differ."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(tasks, size, generator=generator, dtype=torch.float64) * torch.rand(tasks, 1, generator=generator, dtype=torch.float64).exp()


def test_sum_and_mean_are_the_sum_and_the_mean() -> None:
    gradients = drawn(0)
    torch.testing.assert_close(Sum()(gradients), gradients.sum(0))
    torch.testing.assert_close(Mean()(gradients), gradients.mean(0))


@pytest.mark.parametrize("name", AGGREGATORS)
def test_one_task_keeps_its_direction(name: str) -> None:
    gradients = drawn(1, tasks=1)
    direction = make_aggregator(name)(gradients)
    assert torch.cosine_similarity(direction, gradients[0], dim=0) > 1 - 1e-9


@pytest.mark.parametrize("name", AGGREGATORS)
def test_gradients_of_zero_give_no_step(name: str) -> None:
    assert make_aggregator(name)(torch.zeros(4, 6)).abs().max() == 0.0


@pytest.mark.parametrize("name", AGGREGATORS)
def test_a_gradient_that_is_not_a_number_is_not_hidden(name: str) -> None:
    gradients = drawn(8)
    gradients[2, 3] = float("nan")
    assert make_aggregator(name)(gradients)[3].isnan()


@pytest.mark.parametrize("name", AGGREGATORS)
def test_turning_all_gradients_turns_the_step(name: str) -> None:
    turn, _ = torch.linalg.qr(drawn(3, 8, 8))
    gradients = drawn(2)
    torch.testing.assert_close(make_aggregator(name)(gradients @ turn), make_aggregator(name)(gradients) @ turn, rtol=1e-6, atol=1e-8)


@given(seeds)
def test_pcgrad_of_two_tasks_conflicts_with_neither(seed: int) -> None:
    gradients = drawn(seed, tasks=2)
    direction = PCGrad()(gradients)
    assert (gradients @ direction >= -1e-9).all()
    if gradients[0] @ gradients[1] >= 0:
        torch.testing.assert_close(direction, gradients.sum(0))


def test_pcgrad_of_two_conflicting_tasks_is_the_sum_of_both_projections() -> None:
    gradients = torch.tensor([[1.0, 0.0], [-1.0, 1.0]])
    torch.testing.assert_close(PCGrad()(gradients), torch.tensor([0.5, 0.5]) + torch.tensor([0.0, 1.0]))


@pytest.mark.parametrize("seed", range(5))
def test_pcgrad_does_with_inner_products_what_it_says_about_vectors(seed: int) -> None:
    gradients, orders = drawn(seed, tasks=7, size=6), PCGrad(seed).orders(7)
    expected = torch.zeros(6, dtype=torch.float64)
    for task, order in enumerate(orders):
        projected = gradients[task].clone()
        for other in order.tolist():
            if other != task and projected @ gradients[other] < 0:
                projected -= (projected @ gradients[other]) / (gradients[other] @ gradients[other]) * gradients[other]
        expected += projected
    torch.testing.assert_close(PCGrad(seed)(gradients), expected)


def test_pcgrad_goes_on_after_a_resume_as_it_would_have() -> None:
    gradients, first, second = drawn(4, tasks=9), PCGrad(1), PCGrad(2)
    first(gradients)
    second.load_state_dict(first.state_dict())
    assert torch.equal(first(gradients), second(gradients))


@given(seeds)
def test_mgda_meets_the_conditions_of_the_min_norm_point(seed: int) -> None:
    gradients = drawn(seed)
    direction = MGDA()(gradients)
    weights = MGDA().weights(gradients @ gradients.T)
    assert (weights >= 0).all()
    assert weights.sum() == pytest.approx(1.0)
    assert (gradients @ direction >= direction @ direction - 1e-8).all(), "no task is served less than by the norm itself"


def test_mgda_of_two_tasks_is_the_nearest_point_of_the_segment() -> None:
    a, b = drawn(7, tasks=2)
    share = ((b - a) @ b / ((a - b) @ (a - b))).clamp(0, 1)
    torch.testing.assert_close(MGDA()(torch.stack([a, b])), share * a + (1 - share) * b)


def test_min_norm_agrees_with_a_general_solver() -> None:
    gradients = drawn(11, tasks=6, size=10).numpy()
    gramian = gradients @ gradients.T
    found = minimize(
        lambda w: w @ gramian @ w,
        np.full(6, 1 / 6),
        jac=lambda w: 2 * gramian @ w,
        bounds=[(0, 1)] * 6,
        constraints={"type": "eq", "fun": lambda w: w.sum() - 1},
        options={"ftol": 1e-14, "maxiter": 500},
    )
    np.testing.assert_allclose(min_norm_weights(gradients.T), found.x, atol=1e-5)


@given(seeds)
def test_cagrad_at_zero_is_the_mean(seed: int) -> None:
    gradients = drawn(seed)
    torch.testing.assert_close(CAGrad(c=0.0)(gradients), gradients.mean(0))


@settings(max_examples=30)
@given(seeds, st.floats(0.05, 0.95))
def test_cagrad_is_the_best_for_the_worst_task_within_its_ball(seed: int, c: float) -> None:
    gradients = drawn(seed)
    mean, direction = gradients.mean(0), CAGrad(c)(gradients)
    radius = c * mean.norm()
    assert (direction - mean).norm() <= radius * (1 + 1e-6)
    weights = min_norm_dual(gradients.numpy(), c)
    bound = weights @ (gradients @ mean).numpy() + float(radius) * np.linalg.norm(weights @ gradients.numpy())  # any weights bound the best from above
    assert float((gradients @ direction).min()) == pytest.approx(bound, abs=2e-4 * float(mean.norm()))


def min_norm_dual(gradients: np.ndarray, c: float) -> np.ndarray:
    """The weights of the paper's own dual problem, by a general solver."""
    gramian, tasks = gradients @ gradients.T, len(gradients)
    along, scale = gramian.mean(1), c * np.sqrt(gramian.mean())
    value = lambda w: w @ along + scale * np.sqrt(w @ gramian @ w + 1e-12)  # noqa: E731
    slope = lambda w: along + scale * (gramian @ w) / np.sqrt(w @ gramian @ w + 1e-12)  # noqa: E731
    total = {"type": "eq", "fun": lambda w: w.sum() - 1}
    return minimize(value, np.full(tasks, 1 / tasks), jac=slope, bounds=[(0, 1)] * tasks, constraints=total, options={"ftol": 1e-13, "maxiter": 500}).x


def test_cagrad_refuses_a_negative_radius() -> None:
    with pytest.raises(InvalidValue, match="c of CAGrad"):
        CAGrad(-0.1)


def test_an_unknown_aggregator_gets_the_nearest_name() -> None:
    with pytest.raises(UnknownName, match="did you mean 'pcgrad'"):
        make_aggregator("pcgard")


@pytest.mark.parametrize(("name", "theirs"), [("sum", "Sum"), ("mean", "Mean"), ("pcgrad", "PCGrad"), ("mgda", "MGDA")])
def test_two_tasks_come_out_as_in_torchjd(name: str, theirs: str) -> None:
    aggregation = pytest.importorskip("torchjd.aggregation", reason="torchjd is not installed: pip install 'skillkit[learn]'")
    for seed in range(5):
        gradients = drawn(seed, tasks=2).float()
        torch.testing.assert_close(make_aggregator(name)(gradients), getattr(aggregation, theirs)()(gradients), rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("c", [0.1, 0.5])
def test_cagrad_comes_out_as_in_torchjd(c: float) -> None:
    aggregation = pytest.importorskip("torchjd.aggregation", reason="torchjd is not installed: pip install 'skillkit[learn]'")
    gradients = drawn(5)
    try:
        theirs = aggregation.CAGrad(c)(gradients)
    except (ImportError, NameError):  # torchjd checks that cvxpy is there, not that it can be imported
        pytest.skip("cvxpy, which torchjd's CAGrad needs, is not installed")
    torch.testing.assert_close(CAGrad(c)(gradients), theirs, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("name", TORCHJD)
def test_every_aggregator_of_torchjd_can_be_named_and_repeats_itself(name: str) -> None:
    pytest.importorskip("torchjd", reason="torchjd is not installed: pip install 'skillkit[learn]'")
    gradients = drawn(6).float()
    try:
        first, second = make_aggregator(name, seed=3), make_aggregator(name, seed=3)
        one = first(gradients)
    except SkillkitError:
        pytest.skip(f"the solver that torchjd's {name} needs is not installed")
    torch.manual_seed(99)
    before = torch.get_rng_state()
    assert torch.equal(one, second(gradients))
    assert torch.equal(torch.get_rng_state(), before), "others' random numbers are left alone"
    assert one.shape == (8,)
    assert torch.isfinite(one).all()
