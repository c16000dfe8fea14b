"""Features, conditions, outputs and the configuration: what a model is made of beside its networks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the extra 'learn' is not installed")

from skillkit.exceptions import InvalidFile, InvalidValue, UnknownName  # noqa: E402
from skillkit.learn.batches import moved  # noqa: E402
from skillkit.learn.condition import CONDITIONS  # noqa: E402
from skillkit.learn.config import Config, from_dict, load_config  # noqa: E402
from skillkit.learn.dataset import Space  # noqa: E402
from skillkit.learn.features import FAR, Features, choose  # noqa: E402
from skillkit.learn.language import embed  # noqa: E402
from skillkit.learn.outputs import Bins, Regression  # noqa: E402

SPACE = Space(
    ("tx", "ty", "tz", "closure", "ox", "oy", "oz", "before"), ("dx",), 20.0,
    {"points": {"tool": [0, 1, 2], "object": [4, 5, 6]}, "groups": [[0, 1, 2, 3], [4, 5, 6]]},
)  # fmt: skip


# ---- features --------------------------------------------------------------------------------------------------------------------------


def test_relative_features_leave_history_out_and_add_differences() -> None:
    chosen = choose(SPACE, "relative")
    raw = torch.arange(8.0)
    assert (chosen.matrix @ raw).tolist() == [0, 1, 2, 3, 4, 5, 6, 4, 4, 4]
    assert chosen.groups == (4, 3, 3)


def test_differences_do_not_change_when_everything_is_moved() -> None:
    features = Features(choose(SPACE, "relative"), (0.05,))
    raw = torch.randn(20, 8)
    moved = raw + torch.tensor([1.0, 2, 3, 0, 1, 2, 3, 0])
    torch.testing.assert_close(features(moved)[:, 7:], features(raw)[:, 7:], atol=1e-4, rtol=1e-4)


def test_fitted_features_have_mean_zero_and_deviation_one_and_never_explode() -> None:
    features, raw = Features(choose(SPACE, "plain")), torch.randn(500, 8) * 3 + 7
    raw[:, 3] = 1.0
    features.fit(raw)
    found = features(raw)
    torch.testing.assert_close(found.mean(0), torch.zeros(8), atol=2e-2, rtol=0)
    torch.testing.assert_close(found.std(0)[[0, 7]], torch.ones(2), atol=2e-2, rtol=0)
    assert float(features(raw * 1e9).abs().max()) == FAR


def test_scales_see_small_differences_large() -> None:
    features = Features(choose(SPACE, "relative"), (0.01, 1.0))
    assert features.size == 10 + 6
    assert features.groups == (4, 3, 3, 3, 3)
    raw = torch.zeros(8)
    raw[4] = 0.01
    assert features(raw)[10:].tolist() == pytest.approx([np.tanh(1.0), 0, 0, np.tanh(0.01), 0, 0], abs=1e-5)


def test_a_common_move_in_the_plane_leaves_heights_differences_and_what_is_not_there() -> None:
    raw, points = torch.randn(4, 5, 9), torch.tensor([[0, 1, 2], [3, 4, 5], [6, 7, 8]])
    raw[0, :, 6:9] = 0.0
    shifted = moved(raw, points, torch.full((4, 5, 2), 0.5))
    assert bool((shifted[0, :, 6:9] == 0.0).all())
    assert bool((shifted[..., 2::3] == raw[..., 2::3]).all())
    torch.testing.assert_close(shifted[..., :3] - shifted[..., 3:6], raw[..., :3] - raw[..., 3:6])
    torch.testing.assert_close(shifted[1:, :, 6:8] - raw[1:, :, 6:8], torch.full((3, 5, 2), 0.5))


# ---- conditions ------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(CONDITIONS))
def test_a_condition_has_the_size_it_says_and_tells_tasks_apart(name: str) -> None:
    condition = CONDITIONS[name](torch.from_numpy(embed(["open the door", "press the button", "close the door"])))
    found = condition(torch.tensor([2, 0, 2]))
    assert found.shape == (3, condition.size)
    if condition.size:
        assert bool((found[0] == found[2]).all())
        assert bool((found[0] != found[1]).any())


def test_sentences_that_share_words_are_closer() -> None:
    vectors = embed(["pull the door open", "push the door shut", "turn the faucet", "pull a door open"])
    products = vectors @ vectors.T
    assert np.diag(products) == pytest.approx(1.0, abs=1e-6)
    assert products[0, 1] > products[0, 2]
    assert products[0, 3] > 0.95
    assert (embed(["turn the faucet"])[0] == vectors[2]).all()


# ---- outputs ---------------------------------------------------------------------------------------------------------------------------


def shares_of(output: Bins, wanted: torch.Tensor) -> torch.Tensor:
    """Outputs that say exactly what was demonstrated."""
    place = (wanted - output.low) / output.step
    lower = place.floor().clamp(max=output.bins - 2.0)
    shares = torch.zeros(*wanted.shape, output.bins)
    shares.scatter_(-1, lower.long()[..., None], 1.0 - (place - lower)[..., None])
    shares.scatter_(-1, lower.long()[..., None] + 1, (place - lower)[..., None])
    return shares.clamp_min(1e-12).log().flatten(-2)


def test_bins_give_back_exactly_what_was_demonstrated() -> None:
    output, actions = Bins(2, 9), torch.rand(50, 2) * 4 - 2
    output.fit(actions)
    found = shares_of(output, actions[None])
    torch.testing.assert_close(output([found])[0], actions, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(output.loss(found, actions[None]), torch.zeros(1, 50, 2), atol=1e-4, rtol=0)
    assert bool((output.loss(torch.zeros(1, 50, 18), actions[None]) >= 0).all())


def test_bins_choose_one_of_two_right_actions_where_a_regression_takes_their_mean() -> None:
    bins, regression = Bins(1, 21), Regression(1, "mse")
    bins.fit(torch.tensor([[-1.0], [1.0]]))
    shares = torch.full((1, 1, 21), 1e-6)
    shares[..., 0], shares[..., 20] = 0.45, 0.55
    assert float(bins([shares.log()])) == pytest.approx(1.0, abs=1e-4)
    assert float(regression([torch.tensor([[[-1.0]]]), torch.tensor([[[1.0]]])])) == 0.0


def test_an_ensemble_of_bins_takes_the_mode_of_the_mean() -> None:
    output = Bins(1, 5)
    output.fit(torch.tensor([[0.0], [4.0]]))
    one, other = (torch.tensor(shares).log()[None, None] for shares in ([0.6, 0.1, 0.1, 0.1, 0.1], [0.1, 0.1, 0.1, 0.1, 0.6]))
    assert float(output([one, other, other])) > 3.0


# ---- configuration ---------------------------------------------------------------------------------------------------------------------


def test_a_wrong_word_is_named_with_its_place(tmp_path: Path) -> None:
    file = tmp_path / "t.yaml"
    file.write_text("dataset: d\nstpes: 3\nrate: fast\nmembers: true\n")
    with pytest.raises(InvalidFile) as caught:
        load_config(file, {})
    found = str(caught.value)
    assert "t.yaml:2:1" in found
    assert "did you mean 'steps'" in found
    assert "t.yaml:3:7" in found
    assert "t.yaml:4" in found


def test_a_change_on_the_command_line_counts_and_is_checked(tmp_path: Path) -> None:
    file = tmp_path / "t.yaml"
    file.write_text("dataset: d\n")
    changed = load_config(file, {"steps": "7", "hidden": "[8, 4]", "film": "true", "dataset": "12"})
    assert (changed.steps, changed.hidden, changed.film, changed.dataset) == (7, (8, 4), True, "12")
    for wrong in ({"steps": "many"}, {"steps": "0"}, {"average": "1.0"}, {"hidden": "[]"}, {"bins": "2"}):
        with pytest.raises(InvalidValue):
            load_config(file, wrong)
    with pytest.raises(UnknownName):
        load_config(file, {"step": "7"})


def test_a_configuration_survives_being_written_down(configured: Callable) -> None:
    config = configured(limits={"approach": 2})
    assert from_dict(config.as_dict()) == config


def test_every_word_of_a_configuration_is_explained() -> None:
    from dataclasses import fields

    text = Config.__doc__ or ""
    assert [one.name for one in fields(Config) if f" {one.name.removesuffix('_options')}" not in text] == []
