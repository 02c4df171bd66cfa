"""First weights: who decides them, and what is refused before anything is allocated."""

from __future__ import annotations

import pytest
import torch
from torch import Generator

from engine.config import RunConfig
from engine.errors import BadInput
from engine.model.build import build, describe
from engine.model.network import Network
from engine.rules.initializers import INITIALIZERS


def made(features: int = 784, seed: int = 0, **settings: object) -> Network:
    sample = torch.rand(64, features, generator=Generator().manual_seed(9))
    generator = Generator().manual_seed(seed)
    return build(RunConfig(**settings), features, 10, generator, torch.device("cpu"), sample)


def tensors(network: Network) -> list[torch.Tensor]:
    return [*network.weights, *network.biases]


@pytest.mark.parametrize("init", INITIALIZERS)
def test_one_seed_one_start_in_both_implementations(init: str) -> None:
    settings = {"init": init, "hidden": (20, 30), "bias_init": "normal"}
    concise = tensors(made(implementation="concise", **settings))
    scratch = tensors(made(implementation="scratch", **settings))
    other = tensors(made(seed=1, **settings))
    assert all(map(torch.equal, concise, scratch))
    assert not torch.equal(concise[-1], other[-1])


@pytest.mark.parametrize("implementation", ["concise", "scratch"])
@pytest.mark.parametrize("activation", ["relu", "prelu"])
def test_the_global_generator_is_left_alone(implementation: str, activation: str) -> None:
    untouched = torch.get_rng_state()
    network = made(implementation=implementation, activation=activation, dropout=(0.5,))
    network.forward(torch.rand(2, 784, generator=Generator()), Generator()).sum().backward()
    assert torch.equal(torch.get_rng_state(), untouched)


def test_each_layer_takes_its_own_std() -> None:
    network = made(hidden=(300,), init_std=(1.0, 0.01))
    assert [w.std().item() for w in network.weights] == pytest.approx([1.0, 0.01], rel=0.1)


def test_biases_follow_their_rule() -> None:
    constant = made(bias_init="constant", bias_value=-0.3).biases
    assert all(torch.equal(b, torch.full_like(b, -0.3)) for b in constant)
    assert not any(b.any() for b in made().biases)
    spread = made(hidden=(4000,), bias_init="normal", bias_value=0.5).biases[0]
    assert spread.std().item() == pytest.approx(0.5, rel=0.06)
    bounded = made(hidden=(4000,), bias_init="torch_default").biases
    assert bounded[0].abs().max().item() == pytest.approx(1 / 28, rel=0.01)
    assert bounded[0].abs().max().item() <= 1 / 28


def test_biases_leave_the_weights_of_a_layer_as_they_were() -> None:
    assert torch.equal(made(bias_init="normal").weights[0], made().weights[0])


def test_describe_counts_every_parameter() -> None:
    config = RunConfig(hidden=(256,), activation="prelu", init="he")
    layers = describe(made(hidden=(256,), activation="prelu", init="he"), config)
    assert [layer.name for layer in layers] == ["hidden1", "output"]
    assert [(layer.fan_in, layer.fan_out) for layer in layers] == [(784, 256), (256, 10)]
    assert [layer.parameters for layer in layers] == [784 * 256 + 256 + 1, 2570]
    assert [layer.activation for layer in layers] == ["prelu", "identity"]
    assert {layer.initializer for layer in layers} == {"kaiming_normal"}


def test_the_printed_net_has_203530_parameters() -> None:
    network = made(activation="identity")
    assert sum(p.numel() for p in network.parameters().values()) == 203_530


@pytest.mark.parametrize("rows", [256, 783, 785])
def test_a_first_layer_of_another_width_is_explained(rows: int) -> None:
    with pytest.raises(BadInput) as refused:
        made(implementation="scratch", first_layer_inputs=rows, batch_size=64)
    assert f"X is (64, 784) and W1 is ({rows}, 256)" in str(refused.value)
    assert "set first_layer_inputs to 784, or to auto" in str(refused.value)


def test_a_first_layer_of_the_right_width_is_taken() -> None:
    network = made(implementation="scratch", first_layer_inputs=784, hidden=())
    assert network.weights[0].shape == (10, 784)


def test_the_first_layer_s_rows_are_chosen_by_hand_only() -> None:
    with pytest.raises(BadInput, match="needs --implementation scratch"):
        made(first_layer_inputs=256)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"hidden": (65536, 65536)}, r"784-65536-65536-10 network has 4,347,133,962 parameters"),
        ({"init_std": (1e39,)}, r"init_std = 1e\+39 is beyond float32"),
        ({"init": "constant", "init_constant": -1e39}, r"init_constant = -1e\+39 is beyond"),
        ({"bias_init": "constant", "bias_value": 1e300}, r"bias_value = 1e\+300 is beyond"),
        ({"bias_init": "normal", "bias_value": -0.1}, "bias_value = -0.1 .* must be ≥ 0"),
    ],
)
def test_what_cannot_be_built_is_refused_by_name(settings: dict[str, object], words: str) -> None:
    with pytest.raises(BadInput, match=words):
        made(**settings)
