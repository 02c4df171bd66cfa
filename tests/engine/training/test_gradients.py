"""The hand-written backward pass against autograd and against finite differences."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Generator, Tensor
from torch.nn import functional
from training_tools import CLASSES, config, minibatch, network

from engine.errors import BadInput
from engine.model.network import Network
from engine.rules.activations import ACTIVATIONS
from engine.training.autograd import AutogradGradients
from engine.training.gradients import Passed, choose, named
from engine.training.manual import ManualGradients
from engine.training.objective import Meter

BY_HAND = [name for name, rule in ACTIVATIONS.items() if rule.derivative]
SMOOTH = ["identity", "tanh", "sigmoid", "softplus", "gelu", "silu"]
DEPTHS = [(), (5,), (5, 5), (6, 5, 4)]
IMPLEMENTATIONS = ["concise", "scratch"]


def meter(net: Network, batch: int = 9) -> Meter:
    return Meter(batch, net.biases[0])


def both(net: Network, x: Tensor, y: Tensor) -> list[tuple[dict[str, Tensor], Tensor, Passed]]:
    """Gradients, meter and what was passed, by hand and by autograd."""
    results = []
    for way in (
        ManualGradients(net, own := meter(net)),
        AutogradGradients(net, own_too := meter(net), Generator()),
    ):
        passed = way.compute(x, y, 0)
        read = (own if way.way == "manual" else own_too).read(1)[:, 0]
        results.append((way.buffers.named(net), read, passed))
    return results


@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
@pytest.mark.parametrize("hidden", DEPTHS, ids=str)
@pytest.mark.parametrize("activation", BY_HAND)
def test_by_hand_equals_autograd(
    activation: str, hidden: tuple[int, ...], implementation: str
) -> None:
    net = network(implementation, activation, hidden)
    (ours, our_sums, here), (theirs, their_sums, there) = both(net, *minibatch())
    assert ours.keys() == theirs.keys() == net.parameters().keys()
    for name in ours:
        torch.testing.assert_close(ours[name], theirs[name], rtol=0, atol=1e-12)
    torch.testing.assert_close(our_sums, their_sums, rtol=0, atol=1e-12)
    for mine, other in zip([*here.post, *here.delta], [*there.post, *there.delta], strict=True):
        torch.testing.assert_close(mine, other, rtol=0, atol=1e-12)


@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
def test_float32_agrees_to_a_millionth(implementation: str) -> None:
    net = network(implementation, "relu", (40, 30), torch.float32)
    (ours, _, _), (theirs, _, _) = both(net, *minibatch(dtype=torch.float32))
    for name in ours:
        torch.testing.assert_close(ours[name], theirs[name], rtol=0, atol=1e-6)


@pytest.mark.parametrize("activation", SMOOTH)
def test_against_central_differences(activation: str) -> None:
    net = network("scratch", activation, (5, 4))
    x, y = minibatch()
    gradients = ManualGradients(net, meter(net))
    gradients.compute(x, y, 0)
    parameters = named(net, net.weights, net.biases, net.slopes)
    h = 1e-5
    for name, parameter in parameters.items():
        found = gradients.buffers.named(net)[name]
        for index in range(0, parameter.numel(), 7):
            place = tuple(int(i) for i in torch.unravel_index(torch.tensor(index), parameter.shape))
            value = parameter[place].item()
            sides = []
            for sign in (1, -1):
                parameter[place] = value + sign * h
                sides.append(functional.cross_entropy(net.forward(x), y).item())
            parameter[place] = value
            assert found[place].item() == pytest.approx(
                (sides[0] - sides[1]) / (2 * h), abs=1e-7
            ), (name, place)


def test_a_smaller_last_batch_and_a_full_one_after_it() -> None:
    net = network(hidden=(5,))
    own = meter(net)
    gradients = ManualGradients(net, own)
    x, y = minibatch()
    for slot, batch in enumerate((9, 4, 9)):
        gradients.compute(x[:batch], y[:batch], slot)
        leaves = net.parameters()
        loss = functional.cross_entropy(net.forward(x[:batch]), y[:batch])
        expected = torch.autograd.grad(loss, [*leaves.values()])
        for mine, other, leaf in zip(
            gradients.buffers.named(net).values(), expected, leaves.values(), strict=True
        ):
            theirs = other if leaf.shape == mine.shape else other.t()
            torch.testing.assert_close(mine, theirs, rtol=0, atol=1e-12)
        assert own.read(3)[0, slot].item() / batch == pytest.approx(loss.item(), abs=1e-12)


def test_a_slot_is_read_the_same_however_many_are() -> None:
    net = network(hidden=(5,), dtype=torch.float32)
    own = meter(net)
    gradients = ManualGradients(net, own)
    for slot in range(70):
        gradients.compute(*minibatch(dtype=torch.float32), slot)
    whole = own.read(70)[:, :70]
    for count in (1, 5, 33):
        assert torch.equal(own.read(count)[:, :count], whole[:, :count])


def test_equal_logits_count_the_first_class_alone() -> None:
    net = network(hidden=())
    for tensor in (*net.weights, *net.biases):
        tensor.zero_()
    own = meter(net, 6)
    labels = torch.tensor([0, 1, 2, 0, 1, 2])
    ManualGradients(net, own).compute(minibatch(6)[0], labels, 0)
    loss, hits = own.read(1)[:, 0].tolist()
    assert loss / 6 == pytest.approx(math.log(CLASSES), abs=1e-15)
    assert hits == 2


def test_huge_logits_keep_their_loss() -> None:
    net = network(hidden=())
    net.weights[0].zero_()
    net.biases[0].copy_(torch.tensor([1e5, 0.0, -1e5]))
    own = meter(net, 3)
    ManualGradients(net, own).compute(minibatch(3)[0], torch.tensor([0, 1, 2]), 0)
    assert own.read(1)[0, 0].item() == 3e5


def test_autograd_drops_units_from_its_own_generator() -> None:
    net = network(hidden=(50,), dropout=0.5)
    x, y = minibatch()
    first, second = (
        AutogradGradients(net, meter(net), Generator().manual_seed(3)) for _ in range(2)
    )
    before = torch.get_rng_state()
    first.compute(x, y, 0)
    once = [g.clone() for g in first.buffers.weights]
    first.compute(x, y, 0)
    second.compute(x, y, 0)
    assert torch.equal(torch.get_rng_state(), before)
    assert all(map(torch.equal, once, second.buffers.weights))
    assert not torch.equal(once[0], first.buffers.weights[0])


def test_slopes_of_prelu_get_a_gradient() -> None:
    net = network(activation="prelu", hidden=(5,))
    gradients = AutogradGradients(net, meter(net), Generator())
    x, y = minibatch()
    gradients.compute(x, y, 0)
    passed_z = x @ net.weights[0].t() + net.biases[0]
    h = 1e-6
    sides = []
    for sign in (1, -1):
        net.slopes[0].add_(sign * h)
        sides.append(functional.cross_entropy(net.forward(x), y).item())
        net.slopes[0].sub_(sign * h)
    assert (passed_z < 0).any()
    assert gradients.buffers.slopes[0].item() == pytest.approx(
        (sides[0] - sides[1]) / (2 * h), abs=1e-8
    )


@pytest.mark.parametrize(
    ("net", "reason"),
    [
        (network(dropout=0.1), "the network has dropout"),
        (network(activation="prelu"), "prelu has a learned parameter"),
    ],
)
def test_by_hand_is_refused_where_it_does_not_apply(net: Network, reason: str) -> None:
    with pytest.raises(BadInput, match=reason):
        choose(config(gradients="manual"), net)
    assert choose(config(gradients="auto"), net) == "autograd"


def test_auto_takes_the_fast_path() -> None:
    assert choose(config(gradients="auto"), network()) == "manual"
    assert choose(config(gradients="autograd"), network()) == "autograd"


def test_watch_sees_the_order_of_computation() -> None:
    net = network("concise", "relu", (5,))
    seen: list[str] = []
    ManualGradients(net, meter(net)).compute(*minibatch(), 0, lambda name, _: seen.append(name))
    assert seen[:5] == ["z of hidden1", "h of hidden1", "logits", "loss", "δ of the logits"]
    assert seen[-1] == "gradient of the bias of hidden1"
