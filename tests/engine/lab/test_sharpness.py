from __future__ import annotations

import gc
import itertools
import math
import weakref
from collections.abc import Iterator

import pytest
import torch
from torch import Generator

from engine.lab.descent import Descent, network, one_hot, square_loss
from engine.lab.gradient_squares import (
    batch_sizes,
    full_square,
    gram,
    sampled,
    trace_of_noise,
)
from engine.lab.sharpness import Sharpness
from engine.lab.starting_losses import LastLayers
from engine.model.scratch import ScratchNetwork
from engine.theory.gradient_noise import expected_square
from engine.theory.initial_loss import initial_loss, small_logits


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def seeded(seed: int = 0) -> Generator:
    return Generator().manual_seed(seed)


def small(
    activation: str = "tanh", examples: int = 9
) -> tuple[ScratchNetwork, torch.Tensor, torch.Tensor]:
    x = torch.randn(examples, 5, generator=seeded(1), dtype=torch.float64)
    y = torch.randint(3, (examples,), generator=seeded(2))
    net = network((5, 4, 3), activation, seeded(3), torch.float64)
    return net, x, one_hot(y, 3, x.dtype)


@pytest.mark.parametrize("activation", ["tanh", "gelu", "relu", "identity"])
def test_sharpness_is_the_largest_eigenvalue_of_the_whole_hessian(activation: str) -> None:
    net, x, targets = small(activation)
    leaves = list(net.parameters().values())

    def loss() -> torch.Tensor:
        return square_loss(net.forward(x), targets).mean()

    gradient = torch.cat(
        [g.reshape(-1) for g in torch.autograd.grad(loss(), leaves, create_graph=True)]
    )
    rows = [
        torch.cat([r.reshape(-1) for r in torch.autograd.grad(g, leaves, retain_graph=True)])
        for g in gradient
    ]
    exact = torch.linalg.eigvalsh(torch.stack(rows))[-1]
    thorough = Sharpness(loss, leaves, seeded(), rounds=len(rows))
    assert thorough.measure() == pytest.approx(float(exact), rel=1e-9)
    quick = Sharpness(loss, leaves, seeded(), rounds=4)
    found = [quick.measure() for _ in range(6)]
    assert found[-1] == pytest.approx(float(exact), rel=1e-4)
    assert max(found) <= float(exact) * (1 + 1e-9)


def test_what_is_not_finite_has_no_sharpness() -> None:
    net, x, targets = small()
    descent = Descent(net, x * math.nan, targets, 0.1, seeded())
    assert math.isnan(descent.measure())
    descent.step()
    assert descent.diverged
    assert descent.hovers() is None


def test_a_step_is_gradient_descent_and_tells_update_over_weight() -> None:
    net, x, targets = small()
    descent = Descent(net, x, targets, 0.3, seeded())
    before = [weight.clone() for weight in net.weights]
    descent.step()
    again = network((5, 4, 3), "tanh", seeded(3), torch.float64)
    loss = square_loss(again.forward(x), targets).mean()
    assert descent.loss == pytest.approx(float(loss.detach()))
    loss.backward()
    for name, weight, old, ratio in zip(
        net.names, net.weights, before, descent.ratios, strict=True
    ):
        gradient = again.parameters()[f"{name}.weight"].grad.t()
        assert torch.allclose(weight, old - 0.3 * gradient, atol=1e-15)
        assert ratio == pytest.approx(float((weight - old).norm() / old.norm()), rel=1e-9)


def test_an_ended_descent_holds_no_memory_until_the_collector_comes_by() -> None:
    net, x, targets = small()
    descent = Descent(net, x, targets, 0.3, seeded())
    descent.measure()
    descent.step()
    held = weakref.ref(descent)
    gc.disable()
    try:
        del descent
        assert held() is None
    finally:
        gc.enable()


def test_above_the_edge_descent_diverges_and_below_it_does_not() -> None:
    for factor, diverges in ((0.9, False), (1.3, True)):
        net, x, targets = small("identity")
        descent = Descent(net, x, targets, 0.0, seeded())
        hessian = max(descent.measure() for _ in range(5))
        # of a linear last layer alone the loss is a quadratic: only its leaves are moved
        h = net.trace(x).inputs[-1].detach()
        wide = torch.cat([h, h.new_ones(len(h), 1)], 1)
        curvature = float(torch.linalg.eigvalsh(wide.t() @ wide / len(x))[-1])
        assert hessian >= curvature * (1 - 1e-6)
        w = torch.zeros(wide.shape[1], 3, dtype=torch.float64)
        for _ in range(400):
            w -= factor * 2 / curvature * wide.t() @ (wide @ w - targets) / len(x)
        assert bool(w.abs().max() > 1e6) is diverges


def test_products_of_single_gradients_are_those_of_autograd() -> None:
    net, x, targets = small()
    leaves = list(net.parameters().values())
    single = torch.stack(
        [
            torch.cat(
                [
                    g.reshape(-1)
                    for g in torch.autograd.grad(
                        square_loss(net.forward(x[i : i + 1]), targets[i : i + 1]).sum(), leaves
                    )
                ]
            )
            for i in range(len(x))
        ]
    )
    assert torch.allclose(gram(net, x, targets), single @ single.t(), atol=1e-12)


@pytest.mark.parametrize("batch", [1, 2, 3, 5, 6])
def test_the_noise_formula_is_exact_over_all_minibatches(batch: int) -> None:
    products = gram(*small(examples=6))
    every = [
        float(products[list(chosen)][:, list(chosen)].mean())
        for chosen in itertools.combinations(range(6), batch)
    ]
    law = expected_square(full_square(products), trace_of_noise(products), batch, 6)
    assert sum(every) / len(every) == pytest.approx(law, rel=1e-12)


def test_sampled_minibatches_have_different_examples() -> None:
    products = gram(*small(examples=8))
    full = sampled(products, 8, 50, seeded())
    assert full.mean == pytest.approx(full_square(products), rel=1e-12)
    assert full.error == pytest.approx(0, abs=1e-12)
    for batch in (1, 3, 7):
        sample = sampled(products, batch, 4000, seeded())
        law = expected_square(full_square(products), trace_of_noise(products), batch, 8)
        assert abs(sample.mean - law) < 5 * sample.error
    assert batch_sizes(8) == [1, 2, 4, 8]
    assert batch_sizes(9) == [1, 2, 4, 8, 9]
    assert batch_sizes(1) == [1]


def test_the_loss_before_training_follows_its_law_to_second_order() -> None:
    h = torch.randn(20, 30, generator=seeded(4), dtype=torch.float64).abs()
    y = torch.randint(10, (20,), generator=seeded(5))
    layers = LastLayers(h, y, 10, 500, seeded())
    for deviation in (0.1, 1.0, 5.0):
        loss = layers.at(deviation)
        assert abs(loss.mean - loss.predicted) < 5 * loss.error
    slight = layers.at(0.1)
    # precise enough to tell a gain that is off by √2, or a forgotten 1 − 1/C
    assert 5 * slight.error < 0.1 * 0.45 * 0.1**2
    assert slight.predicted == pytest.approx(small_logits(10, 0.1), abs=1e-5)
    assert layers.at(0.0).mean == pytest.approx(math.log(10), abs=1e-12)
    # equal lengths leave one deviation for all examples
    even = LastLayers(torch.nn.functional.normalize(h), y, 10, 20, seeded()).at(2.0)
    assert even.predicted == pytest.approx(initial_loss(10, 2.0), rel=1e-12)
