"""Statistics of what training tasks together gave and cost: intervals, similarity, groups, fronts, chains, scaling."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: pip install 'skillkit[learn]'")
pytest.importorskip("scipy", reason="scipy is not installed: pip install 'skillkit[learn]'")

from hypothesis import given  # noqa: E402
from hypothesis import strategies as st  # noqa: E402

from skillkit.exceptions import InvalidValue  # noqa: E402
from skillkit.learn.structure import (  # noqa: E402
    Tally,
    chain_success,
    difference,
    dominated_area,
    embedding_similarity,
    failures_by_family,
    family_of,
    group_tasks,
    lookahead_affinity,
    mean_difference,
    negative_transfer,
    pair_transfer,
    pareto_front,
    pareto_pairs,
    representation_similarity,
    scaling_curve,
    wilson,
)

points = st.dictionaries(st.text("abcdefgh", min_size=1, max_size=3), st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=12)


def test_wilson_is_the_published_interval() -> None:
    assert wilson(Tally(81, 263)) == pytest.approx((0.3080, 0.2553, 0.3662), abs=1e-4)  # Newcombe (1998), table I
    assert wilson(Tally(0, 20)) == pytest.approx((0.0, 0.0, 0.1611), abs=1e-4)
    assert wilson(Tally(20, 20))[2] == 1.0


def test_the_difference_is_the_published_interval() -> None:
    assert difference(Tally(56, 70), Tally(48, 80)) == pytest.approx((0.2, 0.0524, 0.3339), abs=1e-4)  # Newcombe (1998), table II, method 10


def test_wilson_holds_the_truth_as_often_as_it_says() -> None:
    rng = np.random.default_rng(0)
    bounds = {k: wilson(Tally(k, 20)) for k in range(21)}
    for truth in (0.1, 0.5, 0.87):
        held = [bounds[k].low <= truth <= bounds[k].high for k in rng.binomial(20, truth, 4000).tolist()]
        assert np.mean(held) > 0.92


@pytest.mark.parametrize("bad", [(3, 2), (-1, 2), (0, 0)])
def test_impossible_tallies_are_refused(bad: tuple[int, int]) -> None:
    with pytest.raises(InvalidValue, match="successes"):
        wilson(Tally(*bad))


def runs(rates: dict[str, float], seeds: int = 3, episodes: int = 50) -> list[dict[str, Tally]]:
    return [{task: Tally(round(rate * episodes), episodes) for task, rate in rates.items()} for _ in range(seeds)]


def test_negative_transfer_is_found_where_it_is() -> None:
    report = negative_transfer(runs({"a": 0.2, "b": 0.9, "c": 0.6}), runs({"c": 0.6, "b": 0.5, "a": 0.9}))
    assert [(row.task, row.verdict) for row in report.tasks] == [("a", "hurt"), ("c", "open"), ("b", "helped")]
    assert report.mean_gain.estimate == pytest.approx(-0.1)
    assert report.mean_gain.low <= report.mean_gain.estimate <= report.mean_gain.high
    assert (report.worst_multi.task, report.worst_single.task) == ("a", "b")
    assert "hurt 1, helped 1" in str(report)
    assert report.as_dict()["tasks"][0]["task"] == "a"


def test_chance_alone_is_rarely_called_transfer() -> None:
    rng = np.random.default_rng(1)
    tasks = [f"t{number}" for number in range(10)]

    def drawn() -> list[dict[str, Tally]]:
        return [{task: Tally(int(rng.binomial(20, 0.8)), 20) for task in tasks}]

    wrong = sum(row.verdict != "open" for _ in range(60) for row in negative_transfer(drawn(), drawn()).tasks)
    assert wrong <= 6, "at 95 % for all tasks at once, about 3 of 60 reports may hold one"


def test_differing_seeds_widen_the_mean_interval() -> None:
    steady, shaky = runs({"a": 0.5}), [{"a": Tally(successes, 50)} for successes in (10, 25, 40)]
    width = [interval.high - interval.low for interval in (mean_difference(steady, steady), mean_difference(shaky, steady))]
    assert width[1] > 1.5 * width[0]


def test_runs_without_a_common_task_cannot_be_compared() -> None:
    with pytest.raises(InvalidValue, match="at least one task"):
        mean_difference(runs({"a": 1.0}), runs({"b": 1.0}))


@given(points)
def test_the_front_is_what_nothing_dominates(points: dict[str, tuple[float, float]]) -> None:
    def beaten(name: str) -> bool:
        x, y = points[name]
        return any(a >= x and b >= y and (a > x or b > y) for a, b in points.values())

    assert set(pareto_front(points)) == {name for name in points if not beaten(name)}


@given(points)
def test_the_dominated_area_is_that_of_the_staircase(points: dict[str, tuple[float, float]]) -> None:
    xs = sorted({0.0, *(x for x, _ in points.values())})
    expected = sum((b - a) * max(y for x, y in points.values() if x >= b) for a, b in pairwise(xs))
    assert dominated_area(points) == pytest.approx(expected)


def test_pairs_with_the_largest_trade_come_first() -> None:
    fronts = pareto_pairs({"sum": {"a": 0.9, "b": 0.2, "c": 0.7}, "pcgrad": {"a": 0.6, "b": 0.8, "c": 0.7}})
    assert (fronts[0].first, fronts[0].second, fronts[0].front) == ("a", "b", ("sum", "pcgrad"))
    assert fronts[0].traded == pytest.approx(0.6)
    assert fronts[-1].traded == 0.0


def test_embeddings_and_features_know_their_likes() -> None:
    rng = np.random.default_rng(0)
    features, (turn, _) = rng.normal(size=(200, 6)), np.linalg.qr(rng.normal(size=(6, 6)))
    alike = representation_similarity([features, 3 * features @ turn, rng.normal(size=(200, 6))])
    assert alike[0, 1] == pytest.approx(1.0)
    assert alike[0, 2] < 0.2
    assert embedding_similarity([[1, 0], [2, 0], [-3, 0]])[0, 2] == pytest.approx(-1.0)


def test_a_step_for_one_task_shows_in_the_losses_of_the_others() -> None:
    x = torch.tensor([1.0, 1.0], dtype=torch.float64)

    def losses_of() -> torch.Tensor:
        return torch.stack([x[0] ** 2, (x[0] + 1) ** 2, x[1] ** 2 + 1, (x[0] - 2) ** 2])

    gradients = torch.tensor([[2.0, 0], [4.0, 0], [0, 2.0], [-2.0, 0]], dtype=torch.float64)
    affinity = lookahead_affinity(losses_of, [x], gradients, rate=0.1)
    assert affinity[0, 0] == pytest.approx(1 - 0.8**2)
    assert affinity[0, 1] > 0
    assert affinity[0, 2] == 0
    assert affinity[0, 3] < 0
    assert x.tolist() == [1.0, 1.0]


def test_transfer_of_pairs_fills_both_directions() -> None:
    found = pair_transfer(["a", "b", "c"], {"a": 0.5, "b": 0.6}, {("a", "b"): {"a": 0.7, "b": 0.5}})
    np.testing.assert_allclose(found, [[0, -0.1, np.nan], [0.2, 0, np.nan], [np.nan, np.nan, 0]], atol=1e-9)


def test_groups_are_the_blocks_of_the_matrix() -> None:
    likeness = np.kron(np.eye(3), np.ones((2, 2)))[np.ix_([0, 2, 4, 1, 3, 5], [0, 2, 4, 1, 3, 5])]
    blocks = [["a", "d"], ["b", "e"], ["c", "f"]]
    assert group_tasks("abcdef", likeness) == blocks
    assert group_tasks("abcdef", likeness, groups=3) == blocks
    assert group_tasks("abcdef", likeness, groups=1) == [list("abcdef")]
    assert group_tasks("a", [[1.0]]) == [["a"]]
    assert group_tasks("ab", np.eye(2), groups=2) == [["a"], ["b"]]


def test_a_similarity_with_holes_is_refused() -> None:
    with pytest.raises(InvalidValue, match="finite"):
        group_tasks("ab", [[1, np.nan], [0, 1]])


def test_failures_are_counted_by_family() -> None:
    results = {"door-open-v3": Tally(5, 10), "door-lock-v3": Tally(10, 10), "drawer-open-v3": Tally(9, 10), "juggle-v3": Tally(6, 10)}
    families = failures_by_family(results)
    assert [(family.name, round(family.share_of_failures, 2), family.worst) for family in families] == [
        ("door or drawer", 0.6, "door-open-v3"),
        ("other", 0.4, "juggle-v3"),
        ("press", 0.0, "door-lock-v3"),
    ]


def test_every_task_of_meta_world_has_its_family() -> None:
    metaworld = pytest.importorskip("metaworld", reason="metaworld is not installed: pip install --no-deps metaworld")
    assert [task for task in metaworld.ALL_V3_ENVIRONMENTS if family_of(task) == "other"] == []


def test_chains_are_compared_with_what_independence_would_give() -> None:
    chains = chain_success([0, 1, 3, 3], [[0.8, 0.5, 0.5]] * 4)
    assert [interval.estimate for interval in chains.success] == [0.75, 0.5, 0.5]
    assert chains.independent == pytest.approx((0.8, 0.4, 0.2))
    assert chains.mean_length == 1.75
    assert chains.lost == pytest.approx(1 / 3)
    with pytest.raises(InvalidValue, match="chains"):
        chain_success([4], [[0.8, 0.5, 0.5]])


def test_the_scaling_curve_has_the_slope_of_its_points() -> None:
    curve = scaling_curve({1: runs({"a": 0.9, "b": 0.7}), 10: runs({"a": 0.8, "b": 0.6, "c": 0.1}), 100: runs({"a": 0.7, "b": 0.5})})
    assert curve.tasks == ("a", "b")
    assert [curve.points[number].estimate for number in (1, 10, 100)] == pytest.approx([0.8, 0.7, 0.6])
    assert curve.per_tenfold.estimate == pytest.approx(-0.1)
    assert curve.per_tenfold.low < -0.1 < curve.per_tenfold.high < 0
    with pytest.raises(InvalidValue, match="two numbers"):
        scaling_curve({5: runs({"a": 0.9})})
