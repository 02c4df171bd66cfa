import math

import pytest
import torch
from torch import Generator, Tensor

from engine.lab.nets import Nets, Start, correlations, hidden_widths
from engine.lab.propagation import Propagation, gradient_factors, typical
from engine.lab.signals import pair_of_inputs, scaled
from engine.rules.activations import ACTIVATIONS
from engine.rules.initializers import INITIALIZERS, Draw

WIDTHS = hidden_widths(7, 9, 3, 4)


def start(init: str = "kaiming_uniform", activation: str = "tanh", bias: float = 0.3) -> Start:
    rule, phi = INITIALIZERS[init], ACTIVATIONS[activation]
    return Start(rule, phi, WIDTHS, Draw(0.2, 0.1), bias)


def signals(nets: Nets, inputs: Tensor, delta: Tensor) -> list[Tensor]:
    forward = [z for z, _ in nets.forward(inputs)]
    return [*forward, *nets.backward(delta)]


def generator() -> Generator:
    return Generator().manual_seed(3)


@pytest.mark.parametrize("activation", ["tanh", "relu", "gelu", "prelu"])
@pytest.mark.parametrize("init", ["kaiming_uniform", "orthogonal", "lsuv"])
def test_delta_is_autograd_s_gradient_of_z(init: str, activation: str) -> None:
    """Σ δ_out·z_out has δ_out as its gradient there; the weights are read off the network."""
    draws = generator()
    inputs = pair_of_inputs(5, 7, 1.0, 0.2, draws)
    nets = Nets(start(init, activation), 5, draws)
    zs = [z for z, _ in nets.forward(inputs)]
    delta = torch.randn(5, 2, 4, generator=draws, dtype=torch.float64)
    phi = ACTIVATIONS[activation]
    z = zs[0].clone().requires_grad_()
    chain = [z]
    for layer in (1, 2, 3):
        h, below = phi.forward(z), phi.forward(zs[layer - 1])
        matrix = nets._kept[layer, 0].double() * nets._scales[layer]
        bias = zs[layer] - below @ matrix.mT
        z = h @ matrix.mT + bias.detach()
        chain.append(z)
    expected = torch.autograd.grad((chain[-1] * delta).sum(), chain[:-1])
    for found, wanted in zip(nets.backward(delta), reversed(expected), strict=True):
        torch.testing.assert_close(found, wanted, rtol=1e-12, atol=1e-14)


def test_weights_drawn_again_are_the_same_to_the_bit() -> None:
    runs = []
    for keep in (0, 100, 2**20):
        draws = generator()
        nets = Nets(start("orthogonal"), 5, draws, keep=keep)
        inputs = pair_of_inputs(5, 7, 1.0, 0.2, draws)
        runs.append(signals(nets, inputs, torch.ones(5, 2, 4, dtype=torch.float64)))
    for one, *others in zip(*runs, strict=True):
        assert all(torch.equal(one, other) for other in others)


def test_blocks_hold_every_net_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """In blocks of one net each, nets differ from each other and are passed in their order."""
    monkeypatch.setattr("engine.lab.nets.BLOCK", 1)
    for keep in (0, 2**20):
        nets = Nets(start("orthogonal", "identity", 0.0), 4, generator(), keep=keep)
        inputs = torch.ones(1, 1, 7, dtype=torch.float64)
        delta = torch.ones(4, 1, 4, dtype=torch.float64)
        z = [z for z, _ in nets.forward(inputs)]
        back = list(nets.backward(delta))
        products = [(z[0] * back[-1]).sum((1, 2)), (z[-1] * delta).sum((1, 2))]
        torch.testing.assert_close(*products)  # δ₁·z₁ = δ_out·z_out for linear layers
        assert len(set(products[0].tolist())) == 4


def test_gains_and_bias_stds_belong_to_their_net() -> None:
    """Net 0 scaled by 0 keeps its biases alone; net 1 by 2 doubles a linear network's layers."""
    stds = torch.tensor([0.5, 0.0], dtype=torch.float64)
    gains = torch.tensor([0.0, 2.0], dtype=torch.float64)
    inputs = torch.ones(1, 2, 7, dtype=torch.float64)
    plain = Nets(start(activation="identity", bias=0.0), 2, generator())
    scaled_nets = Nets(start(activation="identity"), 2, generator(), gains=gains, bias_stds=stds)
    pairs = zip(plain.forward(inputs), scaled_nets.forward(inputs), strict=True)
    for layer, ((before, _), (after, _)) in enumerate(pairs, start=1):
        torch.testing.assert_close(after[1], before[1] * 2**layer)
        assert torch.equal(after[0, 0], after[0, 1])
        assert float(after[0].abs().sum()) > 0


def test_lsuv_gives_each_net_unit_variance() -> None:
    nets = Nets(start("lsuv", "relu", 0.2), 6, generator())
    inputs = torch.randn(6, 40, 7, generator=generator(), dtype=torch.float64)
    for z, _ in nets.forward(inputs):
        variance = z.var((1, 2), correction=0)
        assert bool(((variance - 1).abs() < 0.1).all())


@pytest.mark.parametrize("c", [-1.0, 0.0, 0.7, 1.0])
def test_inputs_have_their_moment_and_correlation(c: float) -> None:
    pair = pair_of_inputs(4, 11, 2.5, c, generator())
    torch.testing.assert_close(pair.square().mean(-1), torch.full((4, 2), 2.5, dtype=torch.float64))
    torch.testing.assert_close(correlations(pair), torch.full((4,), c, dtype=torch.float64))
    image = torch.tensor([[3, 4], [0, 9]], dtype=torch.uint8)
    assert scaled(image, 2.0).square().mean(-1).tolist() == pytest.approx([2, 2])


def test_weight_gradients_are_the_outer_products() -> None:
    draws = generator()
    inputs = pair_of_inputs(3, 7, 1.0, 0.0, draws)
    seen = Propagation(start(), 3, inputs, draws)
    assert list(seen.forward()) == [0, 1, 2, 3]
    assert list(seen.backward()) == [3, 2, 1, 0]
    assert seen.delta[3].tolist() == [[1, 1]] * 3
    first = seen.delta[0] * inputs.square().sum(-1)
    torch.testing.assert_close(seen.weight_gradient(0), first)
    torch.testing.assert_close(seen.weight_gradient(2), seen.delta[2] * seen.h_squared[1] * 9)
    torch.testing.assert_close(
        seen.log_growth(),
        (seen.h_squared[2][:, 0] * 9 / inputs[:, 0].square().sum(-1)).log(),
    )


def test_factors_are_per_layer_between_first_and_last_hidden() -> None:
    delta = {0: torch.tensor([[16.0], [0.0]]), 2: torch.tensor([[1.0], [1.0]]), 1: torch.ones(2, 1)}
    factors = gradient_factors(delta, 3)
    assert factors.tolist() == pytest.approx([2, 0])  # 16^(1/(2·2))
    assert typical(factors) == pytest.approx(2)
    assert typical(torch.zeros(3)) == 0
    assert typical(torch.tensor([2.0, 8.0])) == pytest.approx(4)
    assert math.isclose(float(gradient_factors(delta, 1)[0]), 1)


def test_the_global_generator_is_left_alone() -> None:
    before = torch.get_rng_state()
    nets = Nets(start("orthogonal"), 3, generator(), keep=0)
    signals(nets, pair_of_inputs(3, 7, 1.0, 0.2, generator()), torch.ones(3, 2, 4).double())
    assert torch.equal(torch.get_rng_state(), before)
