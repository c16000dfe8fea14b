"""Every way of sharing does what its formula says: contracts over all of them, and a known answer for each."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="the extra 'learn' is not installed")

from skillkit.learn.networks import NETWORKS, Network, Shape  # noqa: E402
from skillkit.learn.networks.adapters import Adapters  # noqa: E402
from skillkit.learn.networks.attention import Attention  # noqa: E402
from skillkit.learn.networks.cross_stitch import CrossStitch  # noqa: E402
from skillkit.learn.networks.hyper import Hyper  # noqa: E402
from skillkit.learn.networks.lora import LowRank  # noqa: E402
from skillkit.learn.networks.mixture import Mixture  # noqa: E402
from skillkit.learn.networks.modular import Modular  # noqa: E402
from skillkit.learn.networks.network import TaskLinear, Trunk  # noqa: E402
from skillkit.learn.networks.relation import Relation, task_covariance  # noqa: E402
from skillkit.learn.networks.separate import Separate, Soft  # noqa: E402
from skillkit.learn.networks.shared import Shared  # noqa: E402

SHAPE = Shape(inputs=6, conditions=3, actions=(4, 2, 4), hidden=(16, 12), groups=(2, 4))
TASK = torch.tensor([2, 0, 1, 0])
each_network = pytest.mark.parametrize("name", sorted(NETWORKS))


def made(name: str, **options: object) -> Network:
    torch.manual_seed(1)
    return NETWORKS[name](SHAPE, **options)


def given(slots: int = 4) -> tuple[torch.Tensor, torch.Tensor]:
    random = torch.Generator().manual_seed(2)
    return torch.randn(slots, 5, SHAPE.inputs, generator=random), torch.randn(slots, SHAPE.conditions, generator=random)


# ---- all of them -----------------------------------------------------------------------------------------------------------------------


@each_network
def test_actions_that_a_task_does_not_have_are_zero(name: str) -> None:
    x, condition = given()
    found = made(name)(x, condition, TASK)
    assert found.shape == (4, 5, 4)
    assert bool((found[2, :, 2:] == 0).all())
    assert bool((found[0] != 0).any())


@each_network
def test_a_slot_does_not_care_which_slots_stand_beside_it(name: str) -> None:
    network, (x, condition) = made(name).eval(), given()
    together = network(x, condition, TASK)
    order = torch.tensor([3, 1, 0, 2])
    torch.testing.assert_close(network(x[order], condition[order], TASK[order]), together[order], atol=1e-6, rtol=1e-5)
    torch.testing.assert_close(network(x[1:2, 2:3], condition[1:2], TASK[1:2]), together[1:2, 2:3], atol=1e-6, rtol=1e-5)


@each_network
def test_a_step_down_the_gradient_lowers_the_loss(name: str) -> None:
    network, (x, condition) = made(name), given()
    wanted = torch.randn(4, 5, 4, generator=torch.Generator().manual_seed(3)) * network.mask[TASK][:, None]
    optimiser = torch.optim.Adam(network.parameters(), 3e-3)
    losses = []
    for _ in range(30):
        loss = ((network(x, condition, TASK) - wanted) ** 2).mean() + network.penalty()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.9 * losses[0]


@each_network
def test_what_a_task_does_not_share_is_moved_by_no_other_task(name: str) -> None:
    network, (x, condition) = made(name), given(1)
    shared = {id(parameter) for parameter in network.shared()}
    network(x, condition, torch.tensor([0])).sum().backward()
    for parameter in network.parameters():
        if id(parameter) not in shared:
            assert len(parameter) == SHAPE.tasks
            assert parameter.grad is None or bool((parameter.grad[1:] == 0).all())


# ---- one by one ------------------------------------------------------------------------------------------------------------------------


def test_film_begins_as_a_trunk_without_a_condition() -> None:
    torch.manual_seed(1)
    trunk = Trunk(6, 3, (16, 12), film=True)
    x, condition = given()
    plain = x
    for layer in trunk.layers:
        plain = torch.relu(layer(plain))
    torch.testing.assert_close(trunk(x, condition), plain)


def test_film_scales_and_shifts_what_the_layer_gives() -> None:
    trunk = Trunk(6, 3, (16,), film=True)
    x, condition = given()
    with torch.no_grad():
        trunk.films[0].bias.copy_(torch.cat([torch.full((16,), 1.0), torch.full((16,), 0.5)]))
    torch.testing.assert_close(trunk(x, condition), torch.relu(2.0 * trunk.layers[0](x) + 0.5))


def test_a_linear_layer_per_task_is_that_task_s_linear_layer() -> None:
    layer, (x, _) = TaskLinear(3, 6, 2), given()
    found = layer(x, TASK)
    for slot, task in enumerate(TASK.tolist()):
        torch.testing.assert_close(found[slot], x[slot] @ layer.weight[task] + layer.bias[task])


def test_low_rank_begins_as_the_backbone_and_changes_by_the_product() -> None:
    network, (x, condition) = made("lora"), given()
    assert isinstance(network, LowRank)
    h = torch.cat([x, condition[:, None].expand(-1, 5, -1)], -1)
    backbone = network.layers[2](torch.relu(network.layers[1](torch.relu(network.layers[0](h)))))
    torch.testing.assert_close(network(x, condition, torch.zeros(4, dtype=torch.int64)), backbone)
    with torch.no_grad():
        network.up[2].value.normal_()
    change = network.scale * network.down[2].value[0] @ network.up[2].value[0]
    before = torch.relu(network.layers[1](torch.relu(network.layers[0](h))))
    torch.testing.assert_close(network(x, condition, torch.zeros(4, dtype=torch.int64)), backbone + before @ change, atol=1e-5, rtol=1e-4)


def test_adapters_begin_as_the_backbone() -> None:
    network, (x, condition) = made("adapters"), given()
    assert isinstance(network, Adapters)
    first = network.act(x, condition, torch.zeros(4, dtype=torch.int64))
    with torch.no_grad():
        for layer in network.down:
            layer.weight.normal_()
    torch.testing.assert_close(network.act(x, condition, TASK), first)


def test_shares_of_experts_add_up_to_one_and_only_the_best_have_any() -> None:
    network, (x, condition) = made("mixture", experts=5, top=2), given()
    assert isinstance(network, Mixture)
    shares = network.shares(torch.cat([x, condition[:, None].expand(-1, 5, -1)], -1).flatten(0, 1))
    torch.testing.assert_close(shares.sum(-1), torch.ones(20))
    assert bool(((shares > 0).sum(-1) == 2).all())


def test_the_balancing_penalty_is_the_squared_coefficient_of_variation() -> None:
    network = made("mixture", experts=4, balance=1.0)
    assert isinstance(network, Mixture)
    network.load = torch.full((4,), 0.25)
    assert float(network.penalty()) == pytest.approx(0.0)
    network.load = torch.tensor([0.1, 0.2, 0.3, 0.4])
    assert float(network.penalty()) == pytest.approx(float((network.load.std(unbiased=False) / network.load.mean()) ** 2), rel=1e-5)


def test_one_expert_that_carries_everything_is_a_plain_network() -> None:
    network, (x, condition) = made("mixture", experts=1), given()
    assert isinstance(network, Mixture)
    h, every = torch.cat([x, condition[:, None].expand(-1, 5, -1)], -1).flatten(0, 1)[None], torch.arange(1)
    plain = network.layers[2](torch.relu(network.layers[1](torch.relu(network.layers[0](h, every)), every)), every)
    torch.testing.assert_close(network.act(x, condition, TASK), plain[0].unflatten(0, (4, 5)))


def test_a_hypernetwork_s_policy_is_the_one_it_generated() -> None:
    network, (x, condition) = made("hyper"), given()
    assert isinstance(network, Hyper)
    (w0, b0), (w1, b1), (w2, b2) = network.weights(condition)
    expected = torch.stack([torch.relu(torch.relu(x[s] @ w0[s] + b0[s]) @ w1[s] + b1[s]) @ w2[s] + b2[s] for s in range(4)])
    torch.testing.assert_close(network.act(x, condition, TASK), expected)


def test_a_hypernetwork_begins_with_weights_of_the_usual_size() -> None:
    torch.manual_seed(0)
    network = Hyper(Shape(inputs=64, conditions=8, actions=(4,)), width=64)
    (weight, _), *_ = network.weights(torch.randn(200, 8) * 3)
    assert 0.2 < float(weight.var()) * 64 < 8.0


def test_columns_that_are_not_stitched_are_separate_networks() -> None:
    network, (x, condition) = made("cross_stitch"), given()
    assert isinstance(network, CrossStitch)
    with torch.no_grad():
        for stitch in network.stitches:
            stitch.copy_(torch.eye(3))
    h = x
    for layer in network.layers:
        h = torch.relu(torch.baddbmm(layer.bias[TASK], h, layer.weight[TASK]))
    torch.testing.assert_close(network.act(x, condition, TASK), network.heads(h, TASK))


def test_evenly_stitched_columns_are_all_the_same() -> None:
    network, (x, condition) = made("cross_stitch"), given(1)
    assert isinstance(network, CrossStitch)
    with torch.no_grad():
        for stitch in network.stitches:
            stitch.fill_(1 / 3)
        network.heads.weight.copy_(network.heads.weight[:1].expand_as(network.heads.weight))
        network.heads.bias.zero_()
    torch.testing.assert_close(network.act(x, condition, torch.tensor([0])), network.act(x, condition, torch.tensor([2])))


def test_attention_that_masks_everything_leaves_the_head_alone() -> None:
    network, (x, condition) = made("attention"), given()
    assert isinstance(network, Attention)
    with torch.no_grad():
        for mask, take in zip(network.mask_of, network.take, strict=True):
            mask.bias.fill_(-1e4)
            take.bias.zero_()
    torch.testing.assert_close(network.act(x, condition, TASK), network.heads.bias[TASK].expand(-1, 5, -1))


def test_soft_sharing_begins_at_one_place_and_its_penalty_is_the_distance_to_the_mean() -> None:
    network = made("soft", strength=2.0)
    assert isinstance(network, Soft)
    assert float(network.penalty()) < 1e-9
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.zero_()
        network.layers[0].bias[0] = 3.0  # of three tasks: distances 2, −1, −1 in each of 16 numbers
    assert float(network.penalty()) == pytest.approx(2.0 / 3.0 * 16 * 6.0)


def test_separate_networks_have_as_many_times_the_parameters() -> None:
    one = Separate(Shape(6, 0, (4,), (16, 12)))
    three = Separate(Shape(6, 0, (4, 4, 4), (16, 12)))
    assert sum(p.numel() for p in three.parameters()) == 3 * sum(p.numel() for p in one.parameters())
    assert list(three.shared()) == []


def test_the_prior_over_heads_is_a_gaussian_one_while_tasks_are_unrelated() -> None:
    network = made("relation", strength=1.0)
    assert isinstance(network, Relation)
    weights = network.heads.weight.flatten(1)
    assert float(network.eval().penalty()) == pytest.approx(0.5 * float((weights**2).sum()) / weights.shape[1], rel=1e-5)


def test_the_covariance_of_tasks_finds_the_ones_that_are_alike() -> None:
    random = torch.Generator().manual_seed(0)
    first, other = torch.randn(500, generator=random), torch.randn(500, generator=random)
    covariance = task_covariance(torch.stack([first, first + 0.1 * other, other]))
    assert float(covariance.trace()) == pytest.approx(3.0, rel=1e-4)
    assert float(covariance[0, 1]) > 0.8
    assert abs(float(covariance[0, 2])) < 0.2


def test_routes_between_modules_add_up_to_one_for_each_receiver() -> None:
    network, (x, _) = made("modular"), given()
    assert isinstance(network, Modular)
    routes = network.route(0, torch.relu(network.embed(x).flatten(0, 1)))
    torch.testing.assert_close(routes.sum(-1), torch.ones(20, 4))


def test_one_module_per_layer_is_a_plain_network() -> None:
    network, (x, condition) = made("modular", modules=1), given()
    assert isinstance(network, Modular)
    h, every = torch.relu(network.first(x.flatten(0, 1)))[None], torch.arange(1)
    for layer in network.layers:
        h = torch.relu(layer(h, every))
    torch.testing.assert_close(network.act(x, condition, TASK), network.output(h[0]).unflatten(0, (4, 5)))


def test_without_a_condition_a_shared_network_does_the_same_for_every_task() -> None:
    network = Shared(Shape(6, 0, (4, 4), (16,)))
    x = given(1)[0]
    torch.testing.assert_close(network(x, torch.zeros(1, 0), torch.tensor([0])), network(x, torch.zeros(1, 0), torch.tensor([1])))
