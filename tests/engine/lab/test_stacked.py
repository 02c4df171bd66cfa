import copy

import pytest
import torch
from torch import Generator, Tensor

from engine.errors import BadInput
from engine.lab.stacked import Stack
from engine.lab.stacked_sharpness import sharpness
from engine.model.network import Network
from engine.model.scratch import ScratchNetwork
from engine.rules.activations import ACTIVATIONS
from engine.training.evaluation import evaluate
from engine.training.manual import ManualGradients
from engine.training.objective import Meter

FEATURES, WIDTH, CLASSES = 7, 6, 4
DERIVABLE = sorted(name for name, rule in ACTIVATIONS.items() if rule.derivative)


def network(
    activation: str, depth: int, seed: int = 0, dtype: torch.dtype = torch.float64
) -> ScratchNetwork:
    generator = Generator().manual_seed(seed)
    widths = [FEATURES, *[WIDTH] * depth, CLASSES]
    shapes = list(zip(widths[1:], widths[:-1], strict=True))
    weights = [0.4 * torch.randn(s, generator=generator, dtype=dtype) for s in shapes]
    biases = [0.3 * torch.randn(s[0], generator=generator, dtype=dtype) for s in shapes]
    rule = ACTIVATIONS[activation]
    return ScratchNetwork(weights, biases, rule, (0.0,) * depth, torch.device("cpu"))


def minibatches(dtype: torch.dtype = torch.float64) -> list[tuple[Tensor, Tensor]]:
    """Of 9, 9 and 4 examples, twice."""
    generator = Generator().manual_seed(1)
    return [
        (
            torch.randn(batch, FEATURES, generator=generator, dtype=dtype),
            torch.randint(CLASSES, (batch,), generator=generator),
        )
        for batch in (9, 9, 4) * 2
    ]


def trained_alone(net: Network, batches: list[tuple[Tensor, Tensor]], lr: float) -> list[float]:
    """Gradient descent by the training's own backward pass; the losses."""
    meter = Meter(9, net.biases[0])
    gradients = ManualGradients(net, meter)
    losses = []
    for x, y in batches:
        gradients.compute(x, y, 0)
        losses.append(float(meter.read(1)[0, 0]) / len(y))
        for own, found in zip(net.weights, gradients.buffers.weights, strict=True):
            own.sub_(found, alpha=lr)
        for own, found in zip(net.biases, gradients.buffers.biases, strict=True):
            own.sub_(found, alpha=lr)
    return losses


@pytest.mark.parametrize("depth", [1, 2, 4])
@pytest.mark.parametrize(
    "names", [DERIVABLE, ["relu", "relu", "tanh", "sigmoid", "identity"]], ids=["all", "in place"]
)
def test_stacked_training_is_training_one_by_one(depth: int, names: list[str]) -> None:
    nets = [network(name, depth, seed) for seed, name in enumerate(names)]
    alone = [copy.deepcopy(net) for net in nets]
    stack = Stack(nets)
    losses = []
    for x, y in minibatches():
        losses.append(stack.differentiate(x, y)[0].clone())
        stack.descend(0.1)
    for k, net in enumerate(alone):
        expected = trained_alone(net, minibatches(), 0.1)
        assert [float(row[k]) for row in losses] == pytest.approx(expected, abs=1e-12)
        for layer, (weight, bias) in enumerate(zip(net.weights, net.biases, strict=True)):
            torch.testing.assert_close(stack.weights[layer][k], weight, rtol=0, atol=1e-12)
            torch.testing.assert_close(stack.biases[layer][k, :, 0], bias, rtol=0, atol=1e-12)


def test_float32_keeps_to_one_by_one_within_a_millionth() -> None:
    nets = [network(name, 3, seed, torch.float32) for seed, name in enumerate(DERIVABLE)]
    alone = [copy.deepcopy(net) for net in nets]
    stack = Stack(nets)
    for x, y in minibatches(torch.float32):
        stack.differentiate(x, y)
        stack.descend(0.1)
    for k, net in enumerate(alone):
        trained_alone(net, minibatches(torch.float32), 0.1)
        for layer, weight in enumerate(net.weights):
            torch.testing.assert_close(stack.weights[layer][k], weight, rtol=0, atol=1e-6)


def test_stacking_copies() -> None:
    net = network("relu", 2)
    before = [weight.clone() for weight in net.weights]
    stack = Stack([net])
    stack.differentiate(*minibatches()[0])
    stack.descend(0.3)
    assert all(torch.equal(own, kept) for own, kept in zip(net.weights, before, strict=True))


@pytest.mark.parametrize("broken", ["nan", "inf", "explodes"])
def test_a_lost_net_disturbs_no_other(broken: str) -> None:
    names = ["relu", "relu", "gelu", "tanh"]
    nets = [network(name, 3, seed, torch.float32) for seed, name in enumerate(names)]
    sound = Stack(nets)
    nets[1].weights[1].fill_({"nan": torch.nan, "inf": torch.inf, "explodes": 1e30}[broken])
    stack = Stack(nets)
    for x, y in minibatches(torch.float32):
        losses = [each.differentiate(x, y)[0].clone() for each in (sound, stack)]
        sound.descend(0.1)
        stack.descend(0.1)
    assert not losses[1][1].isfinite()
    others = [0, 2, 3]
    assert torch.equal(losses[0][others], losses[1][others])
    for one, other in zip(sound.weights, stack.weights, strict=True):
        assert torch.equal(one[others], other[others])
        assert not other[1].isfinite().all()


def test_gradient_norms_are_autograd_s() -> None:
    nets = [network(name, 2, seed) for seed, name in enumerate(("tanh", "silu"))]
    stack = Stack(nets)
    x, y = minibatches()[0]
    stack.differentiate(x, y)
    norms = torch.empty(3, 2, dtype=torch.float64)
    deltas = stack.delta_norms()
    stack.descend(0.0, norms)
    for k, net in enumerate(nets):
        parameters = [p for name, p in net.parameters().items() if name.endswith("weight")]
        trace = net.trace(x)
        loss = torch.nn.functional.cross_entropy(trace.post[-1], y)
        found = torch.autograd.grad(loss, [*parameters, *trace.pre])
        expected = torch.stack([g.norm() for g in found])
        torch.testing.assert_close(torch.cat([norms[:, k], deltas[:, k]]), expected)


def test_measuring_changes_nothing() -> None:
    stacks = [Stack([network("gelu", 2)]) for _ in range(2)]
    for x, y in minibatches():
        for measured, stack in enumerate(stacks):
            stack.differentiate(x, y)
            norms = torch.empty(3, 1, dtype=torch.float64)
            stack.descend(0.2, norms if measured else None)
    assert torch.equal(stacks[0].weights[0], stacks[1].weights[0])


def test_evaluation_is_the_training_s() -> None:
    nets = [network(name, 2, seed) for seed, name in enumerate(("relu", "softplus"))]
    losses, accuracies = Stack(nets).evaluate(minibatches())
    for k, net in enumerate(nets):
        expected = evaluate(net, minibatches())
        assert (float(losses[k]), float(accuracies[k])) == pytest.approx(expected)


def test_what_cannot_be_stacked_is_refused() -> None:
    with pytest.raises(BadInput, match="prelu has a learned parameter"):
        Stack([network("prelu", 1)])
    net = network("relu", 1)
    net.dropout = (0.5,)
    with pytest.raises(BadInput, match="dropout"):
        Stack([net])


def dropping(names: list[str], rates: list[tuple[float, ...]]) -> list[Network]:
    nets = [network(name, 2, seed) for seed, name in enumerate(names)]
    for net, own in zip(nets, rates, strict=True):
        net.dropout = own
    return nets


@pytest.mark.parametrize("names", [["relu"] * 4, ["relu", "relu", "tanh", "gelu"]], ids=str)
def test_with_dropout_the_gradients_are_autograd_s_under_the_same_masks(names: list[str]) -> None:
    rates = [(0.0, 0.0), (0.2, 0.5), (0.2, 0.0), (0.0, 0.9)]
    stack = Stack(dropping(names, rates), Generator().manual_seed(3))
    for x, y in minibatches()[:3]:  # the last one is smaller
        losses, hits = stack.differentiate(x, y)
        masks = [stack.mask(layer) for layer in (0, 1)]
        found = [(weight.clone(), bias) for weight, bias in stack.gradients()]
        for k, name in enumerate(names):
            leaves = [
                (w[k].clone().requires_grad_(), b[k, :, 0].clone().requires_grad_())
                for w, b in zip(stack.weights, stack.biases, strict=True)
            ]
            h = x
            for layer, (weight, bias) in enumerate(leaves):
                h = h @ weight.T + bias
                if layer < 2:
                    mask = masks[layer]
                    assert mask is not None
                    h = ACTIVATIONS[name].forward(h) * mask[k].T
                    allowed = {0.0, 1 / (1 - rates[k][layer])} if rates[k][layer] else {1.0}
                    assert set(mask[k].unique().tolist()) <= allowed
            loss = torch.nn.functional.cross_entropy(h, y)
            assert float(losses[k]) == pytest.approx(float(loss.detach()), abs=1e-12)
            assert float(hits[k]) == pytest.approx(float((h.argmax(1) == y).double().mean()))
            flat = [leaf for pair in leaves for leaf in pair]
            expected = torch.autograd.grad(loss, flat)
            for layer, (weight, bias) in enumerate(found):
                torch.testing.assert_close(weight[k], expected[2 * layer], rtol=0, atol=1e-12)
                torch.testing.assert_close(
                    bias[k, :, 0], expected[2 * layer + 1], rtol=0, atol=1e-12
                )
        stack.descend(0.1)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_net_without_dropout_beside_one_with_is_as_it_was_to_the_last_bit(
    dtype: torch.dtype,
) -> None:
    names = ["relu", "relu", "relu"]
    plain = Stack([network(name, 2, seed, dtype) for seed, name in enumerate(names)])
    nets = [network(name, 2, seed, dtype) for seed, name in enumerate(names)]
    nets[2].dropout = (0.5, 0.2)
    dropped = Stack(nets, Generator().manual_seed(0))
    for x, y in minibatches(dtype):
        losses = [stack.differentiate(x, y)[0].clone() for stack in (plain, dropped)]
        assert torch.equal(losses[0][:2], losses[1][:2])
        plain.descend(0.1)
        dropped.descend(0.1)
    for one, other in zip(plain.weights, dropped.weights, strict=True):
        assert torch.equal(one[:2], other[:2])
        assert not torch.equal(one[2], other[2])


def test_no_rate_above_zero_draws_nothing() -> None:
    generator = Generator().manual_seed(0)
    before = generator.get_state()
    stack, plain = Stack([network("relu", 2)], generator), Stack([network("relu", 2)])
    for each in (stack, plain):
        each.differentiate(*minibatches()[0])
        each.descend(0.1)
    assert torch.equal(generator.get_state(), before)
    assert stack.mask(0) is None
    assert torch.equal(stack.weights[0], plain.weights[0])


def test_eval_mode_knows_no_masks() -> None:
    nets = dropping(["relu", "tanh"], [(0.5, 0.5), (1.0, 0.0)])
    generator = Generator().manual_seed(0)
    stack = Stack(nets, generator)
    before = generator.get_state()
    losses, _ = stack.evaluate(minibatches())
    expected = [evaluate(net, minibatches())[0] for net in nets]
    assert losses.tolist() == pytest.approx(expected)
    assert torch.equal(generator.get_state(), before)


def test_a_layer_that_is_dropped_whole_hands_on_zeros() -> None:
    stack = Stack(dropping(["relu"], [(0.0, 1.0)]), Generator().manual_seed(0))
    before = [weight.clone() for weight in stack.weights]
    losses, _ = stack.differentiate(*minibatches()[0])
    stack.descend(0.1)
    assert losses.isfinite().all()
    assert all(torch.equal(w, kept) for w, kept in zip(stack.weights, before, strict=True))
    assert all(bias.isfinite().all() for bias in stack.biases)


def test_a_layer_s_masks_are_new_with_each_minibatch() -> None:
    stack = Stack(dropping(["relu"] * 2, [(0.5, 0.0)] * 2), Generator().manual_seed(0))
    seen = []
    for x, y in minibatches()[:2]:
        stack.differentiate(x, y)
        mask = stack.mask(0)
        assert mask is not None
        seen.append(mask.clone())
    assert not torch.equal(*seen)
    assert not torch.equal(*seen[0])  # and each net has its own, and each example
    assert not torch.equal(seen[0][0, :, 0], seen[0][0, :, 1])
    assert stack.mask(1) is None


def test_nothing_differentiated_is_said() -> None:
    with pytest.raises(ValueError, match="no minibatch"):
        Stack([network("relu", 1)]).descend(0.1)


def test_sharpness_is_the_hessian_s_largest_eigenvalue() -> None:
    nets = [network(name, 2, seed) for seed, name in enumerate(("tanh", "gelu", "relu"))]
    x, y = minibatches()[0]
    found = sharpness(Stack(nets), x, y, iterations=100)
    for k, net in enumerate(nets):
        sizes = [p.numel() for p in net.parameters().values()]

        def loss(flat: Tensor, net: Network = net, sizes: list[int] = sizes) -> Tensor:
            h, parts = x, flat.split(sizes)
            for layer, (weight, bias) in enumerate(zip(parts[::2], parts[1::2], strict=True)):
                h = h @ weight.view(h.shape[1], -1) + bias
                h = net.activation.forward(h) if layer < 2 else h
            return torch.nn.functional.cross_entropy(h, y)

        flat = torch.cat([p.detach().flatten() for p in net.parameters().values()])
        hessian = torch.autograd.functional.hessian(loss, flat)
        exact = torch.linalg.eigvalsh(hessian).abs().max()
        assert float(found[k]) == pytest.approx(float(exact), rel=1e-3)
