"""The graph's numbers against algebra done on paper, and against each other."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from engine.lab.computational_graph import (
    PARAMETERS,
    Net,
    Plan,
    gradients,
    net,
    objective,
    one_by_one,
    values,
)
from engine.lab.gradient_checks import (
    ANALYTIC,
    apart,
    by_autograd,
    by_complex_step,
    by_difference,
    checks,
    straddles,
)
from engine.lab.graph_rules import BACKWARD, SLOPES, Sizes, backward_rule
from engine.lab.kept import kept, saved, totals
from engine.rules.activations import ACTIVATIONS

OFFERED = ("tanh", "sigmoid", "silu", "softplus", "gelu", "identity", "relu", "leaky_relu")
PLAN = Plan("tanh", 4, 5, 3, 1, "squared", 0.1, "float64", 0)


def column(*numbers: float) -> Tensor:
    return torch.tensor(numbers, dtype=torch.float64)[:, None]


def largest(found: dict[str, Tensor]) -> float:
    return max(float(found[name].abs().max()) for name in PARAMETERS)


def off(found: dict[str, Tensor], given: Net, leave_out: dict[str, Tensor] | None = None) -> float:
    hand = gradients(given, values(given))
    skip = leave_out or dict.fromkeys(PARAMETERS)
    return max(apart(found[n], hand[n], largest(hand), skip[n]) for n in PARAMETERS)


def test_a_net_computed_on_paper() -> None:
    w1 = torch.tensor([[1.0, 2.0], [0.0, -1.0]], dtype=torch.float64)
    w2 = torch.tensor([[3.0, 1.0]], dtype=torch.float64)
    given = Net(column(1, 1), column(2), w1, w2, ACTIVATIONS["relu"], "squared", 2.0)
    v = values(given)
    assert v["z"].flatten().tolist() == [3, -1]
    assert v["h"].flatten().tolist() == [3, 0]
    assert (v["o"].item(), v["L"].item(), v["s"].item(), v["J"].item()) == (9, 24.5, 16, 40.5)
    g = gradients(given, v)
    assert g["o"].item() == 7
    assert g["W2"].tolist() == [[7 * 3 + 6, 7 * 0 + 2]]
    assert g["h"].flatten().tolist() == [21, 7]
    assert g["z"].flatten().tolist() == [21, 0]
    assert g["W1"].tolist() == [[21 + 2, 21 + 4], [0, -2]]


def test_cross_entropy_of_two_equal_logits() -> None:
    y = torch.tensor([[1.0, 0.0], [0.0, 1.0]], dtype=torch.float64)
    zero = torch.zeros(2, 2, dtype=torch.float64)
    given = Net(torch.ones_like(y), y, zero, zero, ACTIVATIONS["tanh"], "cross_entropy", 0.0)
    v = values(given)
    assert v["L"].item() == pytest.approx(math.log(2), abs=1e-15)
    assert gradients(given, v)["o"].tolist() == [[-0.25, 0.25], [0.25, -0.25]]


@pytest.mark.parametrize("loss", ["squared", "cross_entropy"])
@pytest.mark.parametrize("activation", OFFERED)
def test_four_ways_to_a_gradient_agree(activation: str, loss: str) -> None:
    """The worst of eight seeds."""
    worst = dict.fromkeys(("autograd", "complex", "difference"), 0.0)
    for seed in range(8):
        given = net(replace(PLAN, activation=activation, loss=loss, seed=seed, batch=3))
        found = checks(given)
        worst["autograd"] = max(worst["autograd"], off(found.autograd, given))
        worst["difference"] = max(
            worst["difference"], off(found.difference, given, found.straddles)
        )
        if found.complex_step:
            worst["complex"] = max(worst["complex"], off(found.complex_step, given))
    assert worst["autograd"] < 5e-15
    assert worst["complex"] < 5e-15
    assert worst["difference"] < 1e-8


def test_every_nodes_gradient_is_autograds() -> None:
    given = net(replace(PLAN, batch=4))
    hand, found = gradients(given, values(given)), by_autograd(given)
    assert set(hand) == set(found)
    for name in hand:
        assert hand[name].shape == found[name].shape == values(given)[name].shape
        torch.testing.assert_close(hand[name], found[name], rtol=1e-13, atol=1e-15)


def test_float32_is_the_same_net_rounded() -> None:
    wide, narrow = net(PLAN), net(replace(PLAN, dtype="float32"))
    assert torch.equal(wide.w1.float(), narrow.w1)
    assert torch.equal(wide.x.float(), narrow.x)
    found = checks(narrow)
    assert 1e-6 < off(found.difference, narrow) < 2e-3
    assert found.complex_step is not None
    assert off(found.complex_step, narrow) < 1e-6


def test_the_difference_is_worse_on_both_sides_of_its_best_step() -> None:
    given = net(PLAN)
    errors = {h: off(by_difference(given, h), given) for h in (1e-1, 1e-3, 1e-5, 1e-8, 1e-11)}
    assert errors[1e-1] / errors[1e-3] == pytest.approx(1e4, rel=0.2)  # h² of truncation
    assert errors[1e-5] < 1e-9
    assert errors[1e-11] > 100 * errors[1e-8] > 1e4 * 1e-12  # ε/h of rounding


def test_complex_steps_need_an_analytic_function() -> None:
    assert set(ANALYTIC) == {"identity", "tanh", "sigmoid", "silu", "softplus"}
    z = torch.linspace(-8, 8, 161, dtype=torch.float64)
    for name, phi in ANALYTIC.items():
        torch.testing.assert_close(phi(z), ACTIVATIONS[name].forward(z), rtol=1e-13, atol=1e-15)
    assert checks(net(replace(PLAN, activation="gelu"))).complex_step is None


def test_a_difference_across_a_kink_is_known_and_wrong() -> None:
    given = net(replace(PLAN, activation="relu", batch=8))
    given = replace(given, w1=given.w1.clone())
    given.w1[0] -= (given.w1[0] @ given.x[:, 0]) * given.x[:, 0] / given.x[:, 0].square().sum()
    crossed = straddles(given, 1e-5)
    assert crossed["W1"][0].all()  # z of unit 0 is 0 for the first example
    assert not crossed["W1"][1:].any()
    found = by_difference(given, 1e-5)
    assert off(found, given) > 1e-3
    assert off(found, given, crossed) < 1e-8
    assert not any(mask.any() for mask in straddles(net(PLAN), 1.0).values())


def test_a_stack_of_weights_is_taken_at_once() -> None:
    given = net(replace(PLAN, loss="cross_entropy", batch=3))
    phi = ANALYTIC["tanh"]
    stacked = objective(given, torch.stack([given.w1, 2 * given.w1]), given.w2, phi)
    single = [objective(given, k * given.w1, given.w2, phi) for k in (1, 2)]
    torch.testing.assert_close(stacked, torch.stack(single))
    assert stacked[0] == pytest.approx(values(given)["J"].item())
    assert by_complex_step(given, phi)["W1"].shape == given.w1.shape


def test_the_batchs_gradient_is_the_mean_of_its_examples() -> None:
    given = net(replace(PLAN, batch=7, decay=0.0))
    hand = gradients(given, values(given))
    for name, mean in one_by_one(given).items():
        torch.testing.assert_close(hand[name], mean, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("loss", ["squared", "cross_entropy"])
@pytest.mark.parametrize("batch", [1, 5])
@pytest.mark.parametrize("activation", OFFERED)
def test_autograd_saves_what_is_counted(activation: str, batch: int, loss: str) -> None:
    d, m, q = 4, 5, 3
    plan = replace(PLAN, activation=activation, batch=batch, loss=loss, dtype="float32")
    rows = kept(net(plan))
    assert [row.by_hand for row in rows] == [row.measured for row in rows]
    of_z = activation in ("silu", "softplus", "gelu", "leaky_relu")
    extra = d + m + of_z * m + q * (2 if loss == "cross_entropy" else 1)
    assert totals(rows) == (4 * batch * extra, 4 * batch * extra)
    assert {row.name: row.measured for row in rows if row.there} == {
        "W1": 4 * m * d,
        "W2": 4 * q * m,
    }


def test_a_tensor_that_nobody_foresaw_shows() -> None:
    given = net(PLAN)
    twice = replace(given.activation, forward=lambda z: z.tanh() * z.sigmoid())
    by_hand, measured = totals(kept(replace(given, activation=twice)))
    assert measured > by_hand
    assert "?" in saved(replace(given, activation=twice))


def test_the_global_stream_is_left_alone() -> None:
    before = torch.get_rng_state()
    assert torch.equal(net(PLAN).w1, net(PLAN).w1)
    assert torch.equal(before, torch.get_rng_state())


@pytest.mark.parametrize("name", SLOPES)
def test_the_slopes_are_written_as_they_are_computed(name: str) -> None:
    written = SLOPES[name].replace("−", "-").replace("²", "**2").replace("[h > 0]", "(h > 0)")
    written = written.replace("h(", "h*(").replace("z Φ′", "z*bell").replace("Φ", "below")
    rule = ACTIVATIONS[name]
    assert rule.derivative is not None
    for z in (-1.3, -0.2, 0.4, 2.1):
        h = float(rule.forward(torch.tensor(z, dtype=torch.float64)))
        known = {
            "z": z,
            "h": h,
            "σ": lambda t: 1 / (1 + math.exp(-t)),
            "below": lambda t: (1 + math.erf(t / math.sqrt(2))) / 2,
            "bell": lambda t: math.exp(-t * t / 2) / math.sqrt(2 * math.pi),
        }
        computed = rule.derivative(*(torch.tensor(v, dtype=torch.float64) for v in (z, h)))
        assert float(computed) == pytest.approx(float(eval(written, known)), abs=1e-12)


@pytest.mark.parametrize("loss", ["squared", "cross_entropy"])
def test_only_the_error_is_written_as_divided_by_the_examples(loss: str) -> None:
    one, many = (Sizes(4, 5, 3, batch, "tanh", loss) for batch in (1, 16))
    for name in BACKWARD:
        alone, mean = (backward_rule(name, sizes).formula for sizes in (one, many))
        assert mean == (f"{alone}/16" if name == "o" else alone)
